// Small requests of our own with small answers (metadata, tokens, listings): one origin, kept-open connections, one time limit.
import { AutosyncError } from '../lib/errors.js';
import type { IncomingResponse } from './client-connection.js';
import { formatRequestHead } from './head.js';
import { HeaderList } from './headers.js';
import { collectBody } from './message-body.js';
import type { PooledRequest } from './origin-pool.js';
import type { ClientAnswer, ClientRequest, RequestSender } from './request-sender.js';

/** A listing page of 10,000 names of 1,024 bytes each stays below. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** What sends requests: the connections to one origin, or to several that do the same. */
export interface Transport {
  /** For the Host header. */
  readonly authority: string;
  send(request: PooledRequest): Promise<IncomingResponse>;
}

export class HttpClient implements RequestSender {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * The whole answer, body included. Rejects with TIMEOUT after `timeoutMs`, with CONNECTION_FAILED when the server
   * cannot be reached or breaks off, with BAD_ANSWER; with the signal's reason when that is first.
   */
  async request(request: ClientRequest): Promise<ClientAnswer> {
    const { signal } = request;
    signal?.throwIfAborted();
    let abort: ((reason: Error) => void) | undefined;
    let abortReason: Error | undefined;
    const giveUp = (reason: Error): void => {
      abortReason = reason;
      abort?.(reason);
    };
    const limit = `${this.#transport.authority} within ${request.timeoutMs / 1000} s`;
    const timer = setTimeout(() => giveUp(new AutosyncError('TIMEOUT', limit)), request.timeoutMs);
    const onSignal = (): void => giveUp(signal?.reason as Error);
    signal?.addEventListener('abort', onSignal);
    try {
      const response = await this.#transport.send({
        ...this.#format(request),
        isIdempotent: true,
        onStart: (onward) => (abort = onward),
      });
      const { status, reason, headers } = response;
      return { status, reason, headers, body: await collectBody(response.body, MAX_ANSWER_BYTES) };
    } catch (error) {
      throw abortReason ?? this.#translate(error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onSignal);
    }
  }

  #format(request: ClientRequest): { method: string; head: string; body: Buffer | undefined } {
    const { method } = request;
    const body = typeof request.body === 'string' ? Buffer.from(request.body) : request.body;
    const headers = request.headers?.clone() ?? new HeaderList();
    if (!headers.has('host')) headers.raw.unshift('Host', this.#transport.authority);
    if (body !== undefined || method === 'PUT' || method === 'POST')
      headers.set('Content-Length', String(body?.length ?? 0));
    return { method, head: formatRequestHead(method, request.target, headers), body };
  }

  /** In the words of `RequestSender`: the server need not be the local Swift. */
  #translate(error: unknown): unknown {
    if (!(error instanceof AutosyncError)) return error;
    const detail = `${this.#transport.authority}: ${error.detail === '' ? error.code : error.detail}`;
    switch (error.code) {
      case 'UPSTREAM_DOWN':
      case 'UPSTREAM_BROKEN':
        return new AutosyncError('CONNECTION_FAILED', detail, { cause: error });
      case 'UPSTREAM_TIMEOUT':
        return new AutosyncError('TIMEOUT', detail, { cause: error });
      default:
        return error;
    }
  }
}
