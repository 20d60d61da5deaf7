// An archive or a form that another cluster's gateway brings here, where the objects of its container belong. What it leaves is followed up as
// if it had come from a client.
import { ACTS_AS, AS_GRANTED } from '../../peers/peer.js';
import { bulkKind, passBulk } from '../changes/bulk.js';
import { isForm, passForm, type FormPath } from '../changes/form.js';
import type { Site } from '../site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';
import { takeAsClients } from './receive-clients.js';
import { asServiceUser } from './receive-granted.js';

/** Of a request that is verified, with what was not signed taken off. Its body streams. */
export function isUpload({ request, path }: Exchange): boolean {
  if (path.kind !== 'container' && path.kind !== 'object') return false;
  return request.headers.has(ACTS_AS) && (isForm(request) || bulkKind(request) === 'extraction');
}

/** @throws AutosyncError of the local Swift or the identity service; a retry may help */
export function takeUpload(
  site: Site,
  exchange: Exchange,
  next: Next,
  path: FormPath,
): Promise<OutgoingResponse> {
  const { request } = exchange;
  if (isForm(request)) {
    takeAsClients(site, exchange);
    return passForm(site, exchange, next, path);
  }
  const unpack = (): Promise<OutgoingResponse> => passBulk(site, exchange, next, path);
  if (request.headers.get(ACTS_AS) === AS_GRANTED) return asServiceUser(site, exchange, path.account, unpack);
  takeAsClients(site, exchange);
  return unpack();
}
