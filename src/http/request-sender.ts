// What a sender of small, whole requests to one server looks like. Knows nothing of connections, nor of what is asked.
import type { HeaderList } from './headers.js';

/** One request whose body, and whose answer's body, fit into memory. */
export interface ClientRequest {
  readonly method: string;
  /** The raw request target with its query, as it is to stand on the wire. */
  readonly target: string;
  readonly headers?: HeaderList;
  /** A string is sent as UTF-8. */
  readonly body?: string | Buffer;
  /** For the whole exchange, the answer's body included. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface ClientAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers: HeaderList;
  readonly body: Buffer;
}

/** Bound to one origin. */
export interface RequestSender {
  /**
   * @throws AutosyncError `CONNECTION_FAILED`, `TIMEOUT` (retrying may help both) or `BAD_ANSWER`; an answer of any status is no error.
   */
  request(request: ClientRequest): Promise<ClientAnswer>;
}

/** Sends when its turn has come. */
export type Throttle = (send: () => Promise<ClientAnswer>) => Promise<ClientAnswer>;

export const AT_ONCE: Throttle = (send) => send();
