// What a station of the pipeline is: the interface that the built-in filters and a user's own modules share.
import type { IncomingRequest, OutgoingResponse } from '../http/server-connection.js';
import type { SwiftPath } from '../swift/path.js';

export type { IncomingRequest, OutgoingResponse, SwiftPath };

/** One request on its way through the pipeline. */
export interface Exchange {
  /** Names the request in logs, and in answers that Swift had no part in. */
  readonly id: string;
  /** Method, raw target, headers (to be edited in place) and body. */
  readonly request: IncomingRequest;
  /** What the target means to Swift; names decoded. */
  readonly path: SwiftPath;
  /** The clusters that hold this container, in order. A placement engine sets it; unset, the configured rules decide. */
  placement: readonly string[] | undefined;
}

/** Hands the request to the next station; resolves with its answer. At most once per request. */
export type Next = () => Promise<OutgoingResponse>;

/** A station that may edit the request, answer itself, call `next()`, and edit the answer on its way back. */
export type Filter = (exchange: Exchange, next: Next) => Promise<OutgoingResponse>;

/** The last station: it answers. */
export type App = (exchange: Exchange) => Promise<OutgoingResponse>;

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/**
 * What a user's own module exports as `filterFactory`: called once per process with the options of its section.
 * A filter whose `next()` is not called within `placement_timeout`, or that throws before, is passed over.
 */
export type FilterFactory = (
  options: Readonly<Record<string, string>>,
  log: Logger,
) => Filter | Promise<Filter>;
/** The same for `appFactory`, where the module stands last in the pipeline. */
export type AppFactory = (options: Readonly<Record<string, string>>, log: Logger) => App | Promise<App>;
