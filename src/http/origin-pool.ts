// Kept-open connections to one origin (scheme, host, port). Knows when a request may be sent a second time; not which origin is best.
import net from 'node:net';
import tls from 'node:tls';
import { AutosyncError } from '../lib/errors.js';
import { ClientConnection, type IncomingResponse, type OutgoingRequest } from './client-connection.js';
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
  /** Receives, once, a function that gives the request up. */
  readonly onStart?: (abort: () => void) => void;
}

export class OriginPool {
  /** `http://host:port` */
  readonly origin: string;
  /** `host:port`, for the Host header. */
  readonly authority: string;
  /** Requests under way. */
  activeCount = 0;
  readonly #host: string;
  readonly #port: number;
  readonly #isTls: boolean;
  readonly #options: OriginOptions;
  readonly #deadlines: Deadlines;
  #idle: ClientConnection[] = [];
  readonly #all = new Set<ClientConnection>();

  constructor(origin: string, options: OriginOptions, deadlines: Deadlines) {
    const url = new URL(origin);
    this.origin = url.origin;
    this.authority = url.host;
    this.#isTls = url.protocol === 'https:';
    this.#host = url.hostname.replace(/^\[|\]$/g, '');
    this.#port = url.port === '' ? (this.#isTls ? 443 : 80) : Number(url.port);
    this.#options = options;
    this.#deadlines = deadlines;
  }

  /**
   * Sends a request on a kept-open or new connection. A connection that the server closed just before is tried again
   * once, when nothing of the answer came and the request can be repeated.
   * Rejects with CONNECTION_FAILED (nothing was sent), UPSTREAM_BROKEN, UPSTREAM_TIMEOUT or BAD_ANSWER.
   */
  async send(request: PooledRequest): Promise<IncomingResponse> {
    this.activeCount += 1;
    let isAborted = false;
    let current: ClientConnection | undefined;
    request.onStart?.(() => {
      isAborted = true;
      current?.destroy();
    });
    try {
      current = this.#idle.pop();
      if (current !== undefined) {
        try {
          return await current.send(request);
        } catch (error) {
          const isRepeatable =
            request.isIdempotent && !(request.body instanceof MessageBody) && !current.hasAnswerBegun;
          const isTimeout = error instanceof AutosyncError && error.code === 'UPSTREAM_TIMEOUT';
          if (!isRepeatable || isTimeout || isAborted) throw error;
        }
      }
      current = await this.#connect();
      if (isAborted) {
        current.destroy();
        throw new AutosyncError('UPSTREAM_BROKEN', 'Given up.');
      }
      return await current.send(request);
    } finally {
      this.activeCount -= 1;
    }
  }

  close(): void {
    for (const connection of this.#all) connection.destroy();
  }

  #connect(): Promise<ClientConnection> {
    return new Promise((resolve, reject) => {
      const address = { host: this.#host, port: this.#port, noDelay: true };
      const socket = this.#isTls
        ? tls.connect({ ...address, servername: net.isIP(this.#host) === 0 ? this.#host : '' })
        : net.connect(address);
      const refuse = (detail: string, cause?: Error): void => {
        clearTimeout(timer);
        socket.destroy();
        reject(new AutosyncError('CONNECTION_FAILED', `${this.authority}: ${detail}`, { cause }));
      };
      const onError = (error: NodeJS.ErrnoException): void => refuse(describe(error), error);
      const timer = setTimeout(
        () => refuse(`no connection within ${this.#options.connectTimeoutMs / 1000} s`),
        this.#options.connectTimeoutMs,
      );
      socket.once('error', onError);
      socket.once(this.#isTls ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer);
        socket.removeListener('error', onError);
        resolve(this.#adopt(socket));
      });
    });
  }

  #adopt(socket: net.Socket): ClientConnection {
    const connection = new ClientConnection(socket, {
      deadlines: this.#deadlines,
      silenceMs: this.#options.silenceMs,
      onIdle: (idle) => this.#keep(idle),
      onClosed: (closed) => {
        this.#all.delete(closed);
        const index = this.#idle.indexOf(closed);
        if (index >= 0) this.#idle.splice(index, 1);
      },
    });
    this.#all.add(connection);
    return connection;
  }

  #keep(connection: ClientConnection): void {
    if (this.#idle.length >= this.#options.maxIdle) {
      connection.destroy();
      return;
    }
    connection.deadline = this.#deadlines.now + this.#options.idleMs;
    this.#idle.push(connection);
  }
}

function describe(error: NodeJS.ErrnoException): string {
  // Node tries every address of a name and then throws an error whose own message is empty.
  const errors = error instanceof AggregateError ? (error.errors as Error[]) : [];
  return errors[0]?.message ?? error.message;
}
