// Small requests of our own with small answers (metadata, tokens, listings): one origin, kept-open connections, one time limit.
import { AutosyncError } from '../lib/errors.js';
import { formatHead } from './head.js';
import { HeaderList } from './headers.js';
import type { IncomingResponse } from './client-connection.js';
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

  /** The whole answer, body included. Rejects with TIMEOUT after `timeoutMs`, or as `OriginPool.send` does; all but BAD_ANSWER may be tried again. */
  async request(request: ClientRequest): Promise<ClientAnswer> {
    const body = typeof request.body === 'string' ? Buffer.from(request.body) : request.body;
    const headers = new HeaderList(['Host', this.#transport.authority, ...(request.headers?.raw ?? [])]);
    if (body !== undefined || request.method === 'PUT' || request.method === 'POST') {
      headers.set('Content-Length', String(body?.length ?? 0));
    }
    let abort: (() => void) | undefined;
    let isOverdue = false;
    const timer = setTimeout(() => {
      isOverdue = true;
      abort?.();
    }, request.timeoutMs);
    try {
      const response = await this.#transport.send({
        method: request.method,
        head: formatHead(`${request.method} ${request.target} HTTP/1.1`, headers),
        body,
        isIdempotent: true,
        onStart: (giveUp) => (abort = giveUp),
      });
      const answerBody = await collectBody(response.body, MAX_ANSWER_BYTES);
      return {
        status: response.status,
        reason: response.reason,
        headers: response.headers,
        body: answerBody,
      };
    } catch (error) {
      if (!isOverdue) throw error;
      const limit = `${this.#transport.authority} within ${request.timeoutMs / 1000} s`;
      throw new AutosyncError('TIMEOUT', limit, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}
