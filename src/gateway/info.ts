// Adds what this gateway is to Swift's own /info, leaving Swift's bytes as they are.
import { collectBody, MessageBody } from '../http/message-body.js';
import type { Exchange, Next, OutgoingResponse } from './station.js';

const MAX_INFO_BYTES = 4 * 1024 * 1024;

export function isInfoRequest(exchange: Exchange): boolean {
  const { method, target } = exchange.request;
  return (method === 'GET' || method === 'HEAD') && target.split('?', 1)[0] === '/info';
}

/** The section goes in before the last brace, so that a HEAD's length can be told without the body. */
export async function addInfoSection(
  exchange: Exchange,
  next: Next,
  section: object,
): Promise<OutgoingResponse> {
  const response = await next();
  if (response.status !== 200) return response;
  const addition = `, "autosync": ${JSON.stringify(section)}}`;
  const growth = Buffer.byteLength(addition) - 1;
  if (exchange.request.method === 'HEAD' || !(response.body instanceof MessageBody)) {
    const length = Number(response.headers.get('content-length') ?? NaN);
    if (Number.isFinite(length) && length > 0)
      response.headers.set('Content-Length', String(length + growth));
    return response;
  }
  const body = (await collectBody(response.body, MAX_INFO_BYTES)).toString('utf8');
  const end = body.lastIndexOf('}');
  const isObject = end > 0 && body.slice(end + 1).trim() === '' && body.slice(0, end).trim() !== '{';
  const text = isObject ? body.slice(0, end) + addition + body.slice(end + 1) : body;
  response.headers.remove('transfer-encoding');
  response.headers.set('Content-Length', String(Buffer.byteLength(text)));
  return { ...response, body: Buffer.from(text) };
}
