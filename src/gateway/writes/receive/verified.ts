// An object that points to others, which another cluster's gateway brings here, where its container's objects belong. That gateway has looked
// at what it points to as the client; the local Swift could not, as it has not all of that, and so it is not asked to.
import { textAnswer } from '../../answer.js';
import { changeObject } from '../../changes/object-change.js';
import type { ObjectName } from '../../reads/pointer.js';
import type { Site } from '../../site.js';
import type { Exchange, Next, OutgoingResponse } from '../../station.js';
import { abandon } from '../object-write.js';
import { restoreFraming } from './granted.js';
import { proofToStore, verifiedHeaders } from '../verified-object.js';

/** The request is verified, and holds nothing that was not signed. @throws AutosyncError of the local Swift; a retry may help */
export async function storeVerified(
  site: Site,
  exchange: Exchange,
  next: Next,
  name: ObjectName,
): Promise<OutgoingResponse> {
  const { request } = exchange;
  if (request.method !== 'PUT' || request.target.includes('?') || !request.headers.has('etag'))
    return textAnswer(
      exchange,
      400,
      'What points to other objects comes as a PUT with an ETag and no query.',
    );
  const proof = await proofToStore(site, name);
  if (proof === undefined) return cannotStore(exchange);
  const headers = verifiedHeaders(request.headers);
  request.headers.retain(() => false);
  request.headers.raw.push('Host', site.transport.authority, ...headers.raw, ...proof.raw);
  restoreFraming(request);
  return unlessNewer(exchange, await changeObject(site, exchange, next, name));
}

export function cannotStore(exchange: Exchange): OutgoingResponse {
  return textAnswer(
    exchange,
    409,
    'What this object points to is on other clusters, and its container cannot take part in container sync.',
  );
}

/** To container sync Swift says 202 where it keeps what is newer. */
export function unlessNewer(exchange: Exchange, answer: OutgoingResponse): OutgoingResponse {
  if (answer.status !== 202) return answer;
  abandon(answer.body);
  return textAnswer(exchange, 409, 'There is a newer object.');
}
