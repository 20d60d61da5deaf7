// What a station of the pipeline is: the interface that the built-in filters and a user's own modules share.
import type { IncomingRequest, OutgoingResponse } from '../http/server-connection.js';
import type { Logger } from '../lib/logger.js';
import type { SwiftPath } from '../swift/path.js';

export type { IncomingRequest, Logger, OutgoingResponse, SwiftPath };

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
  /** Set by who must see the request through, even when its client does not wait for the answer. */
  outlivesClient: boolean;
}

/** Hands the request to the next station; resolves with its answer. At most once per request. */
export type Next = () => Promise<OutgoingResponse>;

/** A station that may edit the request, answer itself, call `next()`, and edit the answer on its way back. */
export type Filter = (exchange: Exchange, next: Next) => Promise<OutgoingResponse>;

/** The last station: it answers. */
export type App = (exchange: Exchange) => Promise<OutgoingResponse>;

/** What a user's own module is given to work with. */
export interface Tools {
  /** Every cluster known now, mine included, by the names that placements use. The realms file is read again when it changes. */
  clusters(): readonly string[];
  /** The cluster this gateway belongs to; undefined where the pipeline has no autosync. */
  readonly myCluster: string | undefined;
  /** An answer of the module's own: plain text unless the headers say otherwise. */
  answer(
    exchange: Exchange,
    status: number,
    text: string,
    headers?: Readonly<Record<string, string>>,
  ): OutgoingResponse;
}

/**
 * What a user's own module exports as `filterFactory`: called once per process with the options of its section.
 * A filter whose `next()` is not called within `placement_timeout`, or that throws before, is passed over.
 */
export type FilterFactory = (
  options: Readonly<Record<string, string>>,
  log: Logger,
  tools: Tools,
) => Filter | Promise<Filter>;
/** The same for `appFactory`, where the module stands last in the pipeline. */
export type AppFactory = (
  options: Readonly<Record<string, string>>,
  log: Logger,
  tools: Tools,
) => App | Promise<App>;
