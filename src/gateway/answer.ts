// Answers that the gateway makes itself, and the end of those that nobody gets. Knows their form, not their reasons.
import { STATUS_CODES } from 'node:http';
import { removeHopByHop } from '../http/head.js';
import { HeaderList } from '../http/headers.js';
import { MessageBody } from '../http/message-body.js';
import type { ClientAnswer } from '../http/request-sender.js';
import type { OutgoingResponse } from '../http/server-connection.js';
import { AutosyncError } from '../lib/errors.js';
import type { Exchange } from './station.js';

const RETRY_AFTER_SECONDS = '1';

/** A plain-text answer; ends with a line feed. */
export function textAnswer(exchange: Exchange, status: number, text: string): OutgoingResponse {
  return answer(exchange, status, 'text/plain; charset=UTF-8', `${text}\n`);
}

/** In an answer that others had a part in: the clusters that did not say. */
export const PARTIAL = 'X-Autosync-Partial';

/** Only other clusters know, and they did not answer. */
export function notKnown(exchange: Exchange, clusters: readonly string[]): OutgoingResponse {
  const names = clusters.join(', ');
  const text = `The objects of this container are on other clusters, and ${names} did not answer.`;
  const response = textAnswer(exchange, 503, text);
  response.headers.set(PARTIAL, names);
  return response;
}

/** A JSON answer where the client asks for JSON, else the text. */
export function negotiatedAnswer(
  exchange: Exchange,
  status: number,
  data: object,
  text: string,
): OutgoingResponse {
  const accept = exchange.request.headers.get('accept') ?? '';
  return /\bapplication\/json\b/.test(accept)
    ? answer(exchange, status, 'application/json', `${JSON.stringify(data)}\n`)
    : textAnswer(exchange, status, text);
}

/** The answer to a request that failed here. Says what happened; nothing of what is inside an unknown error. */
export function errorAnswer(exchange: Exchange, error: unknown): OutgoingResponse {
  if (!(error instanceof AutosyncError)) {
    return textAnswer(exchange, 500, `The gateway failed. Its log says more under ${exchange.id}.`);
  }
  return textAnswer(exchange, error.kind.status, `${error.message}\n${error.kind.hint}`);
}

function answer(exchange: Exchange, status: number, type: string, text: string): OutgoingResponse {
  const headers = HeaderList.from([
    ['Content-Type', type],
    ['X-Trans-Id', exchange.id],
    ['Date', new Date().toUTCString()],
  ]);
  if (status === 503) headers.add('Retry-After', RETRY_AFTER_SECONDS);
  return { status, reason: STATUS_CODES[status] ?? 'Unknown', headers, body: Buffer.from(text) };
}

/** Hands on an answer that Swift gave to a question of ours. */
export function relay(answer: ClientAnswer): OutgoingResponse {
  const headers = answer.headers.clone();
  removeHopByHop(headers);
  headers.remove('transfer-encoding');
  if (answer.body.length > 0 || answer.status !== 204)
    headers.set('Content-Length', String(answer.body.length));
  return { status: answer.status, reason: answer.reason, headers, body: answer.body };
}

/** A small answer that waits for what others say: its connection does not. What is longer stays as it is. */
export async function wholeAnswer(
  answer: OutgoingResponse,
  limitBytes = 1_048_576,
): Promise<OutgoingResponse> {
  const { body } = answer;
  if (!(body instanceof MessageBody) || body.framing.kind === 'none') return answer;
  const bytes = await body.gather(limitBytes);
  return bytes === undefined ? answer : relay({ ...answer, body: bytes });
}

/** Nobody gets that answer: its connection does not wait for a taker. */
export function abandon({ body }: OutgoingResponse): void {
  if (body instanceof MessageBody) body.abandon();
}
