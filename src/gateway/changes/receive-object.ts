// A peer's change of an object, taken in as container sync would: dated by its own time, so that what is newer here stays.
import { syncProof } from '../../site/sync-proof.js';
import type { ContainerName } from '../../site/site.js';
import { parseTimestamp, timestampMs } from '../../swift/timestamp.js';
import { textAnswer } from '../answer.js';
import { restoreFraming } from '../writes/receive/granted.js';
import { refuseForgotten } from './fenced.js';
import { refuseTooLate } from './too-late.js';
import { rightsFor, type Site } from '../site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';

const METHODS = new Set(['PUT', 'POST', 'DELETE']);
/** With these a request takes its bytes, or its target, from somewhere else: nobody's rights would be asked. */
const NEVER_TAKEN = new Set([
  ...['x-copy-from', 'x-copy-from-account', 'destination', 'destination-account', 'x-fresh-metadata'],
  ...['x-auth-token', 'x-storage-token', 'x-service-token'],
]);

export function isObjectChange({ path, request }: Exchange): boolean {
  return path.kind === 'object' && METHODS.has(request.method);
}

/** The body of a PUT streams: Swift holds it against the ETag, which is signed. */
export async function takeCopy(
  site: Site,
  exchange: Exchange,
  next: Next,
  name: ContainerName & { readonly object: string },
): Promise<OutgoingResponse> {
  const { request } = exchange;
  const { method, target, headers } = request;
  const refuse = (status: number, text: string): OutgoingResponse => textAnswer(exchange, status, text);
  const timestamp = headers.get('x-timestamp');
  const ticks = parseTimestamp(timestamp ?? '');
  if (timestamp === undefined || ticks === undefined)
    return refuse(400, `An object ${method} of a peer needs X-Timestamp.`);
  if (timestampMs(ticks) - site.now() > site.options.maxClockSkewMs)
    return refuse(409, `X-Timestamp is further ahead of this host's clock than max_clock_skew.`);
  if (method === 'PUT' && !headers.has('etag')) return refuse(400, 'An object PUT of a peer needs an ETag.');
  if (target.includes('?')) return refuse(400, 'An object change of a peer has no query.');
  const forgotten = await refuseForgotten(site, exchange, name, ticks);
  if (forgotten !== undefined) return forgotten;
  // A deletion is asked for while its container comes and goes: what was known of it may be over.
  if (method === 'DELETE') site.containerKeys.drop(name);
  const known = await site.containerKeys.get(name, rightsFor(site, exchange));
  const proof = known === undefined ? undefined : syncProof(site, { method, target, timestamp }, known.key);
  if (proof === undefined) return refuse(409, 'The container takes no part in container sync here.');
  headers.removeWhere((header) => NEVER_TAKEN.has(header) || header === 'x-timestamp');
  const tooLate = await refuseTooLate(site, exchange, name, ticks);
  if (tooLate !== undefined) return tooLate;
  for (const [header, value] of proof) headers.set(header, value);
  restoreFraming(request);
  const response = await next();
  if (response.status === 401 || response.status === 404) site.containerKeys.drop(name);
  return response;
}
