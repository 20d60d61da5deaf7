// Kept-open connections to one origin (scheme, host, port). Knows when a request may be sent a second time; not which origin is best.
import { AutosyncError } from '../lib/errors.js';
import {
  ClientConnection,
  type Endpoint,
  type IncomingResponse,
  type OutgoingRequest,
} from './client-connection.js';
import type { Deadlines } from './deadline.js';
import { MessageBody } from './message-body.js';

export interface OriginOptions {
  readonly connectTimeoutMs: number;
  /** How long the server may be silent when it is its turn. */
  readonly silenceMs: number;
  /** How long an unused connection is kept open. */
  readonly idleMs: number;
  readonly maxIdle: number;
}

export interface PooledRequest extends OutgoingRequest {
  /** Whether sending it twice does what sending it once does. */
  readonly isIdempotent: boolean;
  /** Receives, once, a function that gives the request up: it fails with the reason, and the server sees a broken connection. */
  readonly onStart?: (abort: (reason?: Error) => void) => void;
}

export class OriginPool {
  /** `http://host:port` */
  readonly origin: string;
  /** `host:port`, for the Host header. */
  readonly authority: string;
  /** Requests in a row that failed by the server's fault. */
  failureCount = 0;
  readonly #endpoint: Endpoint;
  readonly #options: OriginOptions;
  readonly #deadlines: Deadlines;
  #connectingCount = 0;
  #isClosed = false;
  readonly #idle: ClientConnection[] = [];
  readonly #all = new Set<ClientConnection>();

  constructor(origin: string, options: OriginOptions, deadlines: Deadlines) {
    const url = new URL(origin);
    const isTls = url.protocol === 'https:';
    this.origin = url.origin;
    this.authority = url.host;
    this.#endpoint = {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
      isTls,
    };
    this.#options = options;
    this.#deadlines = deadlines;
  }

  /** Requests under way, from the start to the end of both bodies. */
  get activeCount(): number {
    return this.#connectingCount + this.#all.size - this.#idle.length;
  }

  /**
   * Sends a request on a kept-open or new connection. A connection that the server closed just before is tried again
   * once, when nothing of the answer came and the request can be repeated.
   * Rejects with CONNECTION_FAILED (nothing was sent), UPSTREAM_BROKEN, UPSTREAM_TIMEOUT or BAD_ANSWER.
   */
  async send(request: PooledRequest): Promise<IncomingResponse> {
    const aborted: { reason?: Error } = {};
    const isAborted = (): boolean => aborted.reason !== undefined;
    let current: ClientConnection | undefined;
    request.onStart?.((reason = new AutosyncError('UPSTREAM_BROKEN', 'The request was given up.')) => {
      aborted.reason ??= reason;
      current?.abort(request, reason);
    });
    let kept = this.#idle.pop();
    try {
      for (;;) {
        current = kept ?? (await this.#connect());
        if (aborted.reason !== undefined) {
          this.#keep(current);
          throw aborted.reason;
        }
        try {
          const response = await current.send(request);
          this.failureCount = 0;
          return response;
        } catch (error) {
          const isStale = kept !== undefined && !current.hasAnswerBegun && !isAborted();
          if (!isStale || !isRepeatable(request, error)) throw error;
          kept = undefined;
        }
      }
    } catch (error) {
      if (aborted.reason !== undefined) throw aborted.reason;
      if (isServersFault(error)) this.failureCount += 1;
      throw error;
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#all) connection.destroy();
  }

  async #connect(): Promise<ClientConnection> {
    this.#connectingCount += 1;
    try {
      const connection = await ClientConnection.connect(this.#endpoint, {
        deadlines: this.#deadlines,
        connectTimeoutMs: this.#options.connectTimeoutMs,
        silenceMs: this.#options.silenceMs,
        onIdle: (idle) => this.#keep(idle),
        onClosed: (closed) => this.#forget(closed),
      });
      this.#all.add(connection);
      return connection;
    } finally {
      this.#connectingCount -= 1;
    }
  }

  #keep(connection: ClientConnection): void {
    if (this.#isClosed || this.#idle.length >= this.#options.maxIdle) {
      connection.destroy();
      return;
    }
    connection.deadline = this.#deadlines.now + this.#options.idleMs;
    this.#idle.push(connection);
  }

  #forget(connection: ClientConnection): void {
    this.#all.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
  }
}

/** Whether a request that failed so on a connection that may have gone stale can be sent on another. */
function isRepeatable(request: PooledRequest, error: unknown): boolean {
  const isBroken = error instanceof AutosyncError && error.code === 'UPSTREAM_BROKEN';
  return isBroken && request.isIdempotent && !(request.body instanceof MessageBody);
}

/** Not what the client's own breaking off causes. */
function isServersFault(error: unknown): boolean {
  if (!(error instanceof AutosyncError)) return false;
  const { code } = error;
  return (
    code === 'CONNECTION_FAILED' ||
    code === 'UPSTREAM_BROKEN' ||
    code === 'UPSTREAM_TIMEOUT' ||
    code === 'BAD_ANSWER'
  );
}
