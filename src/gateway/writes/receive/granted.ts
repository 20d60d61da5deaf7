// A client's change of objects that another cluster's gateway brings here, where its container's objects belong. That cluster's Swift
// has let the client do it; here the service user does, and so what its rights would pass over is looked after.
import type { IncomingRequest } from '../../../http/server-connection.js';
import { isSuccess } from '../../../swift/swift-client.js';
import { swiftTarget } from '../../../swift/path.js';
import { textAnswer } from '../../answer.js';
import { bulkKind } from '../../changes/bulk.js';
import { changeObject } from '../../changes/object-change.js';
import { stripInternal } from '../../doors/headers.js';
import type { ObjectName } from '../../reads/pointer.js';
import type { Site } from '../../site.js';
import { isGrantedQuery } from '../object-write.js';
import type { Exchange, Next, OutgoingResponse } from '../../station.js';

const SERVICE = { kind: 'service' } as const;
/** With these a request takes its bytes, or its target, from somewhere else: nobody's rights would be asked. */
const NEVER_TAKEN = new Set([
  ...['x-copy-from', 'x-copy-from-account', 'destination', 'destination-account', 'x-fresh-metadata'],
  ...['x-auth-token', 'x-storage-token', 'x-service-token', 'x-timestamp'],
]);

/** The request is verified, and holds nothing that was not signed. @throws as `asServiceUser` */
export async function changeAsGranted(
  site: Site,
  exchange: Exchange,
  next: Next,
  name: ObjectName,
): Promise<OutgoingResponse> {
  const { method, target } = exchange.request;
  const query = target.includes('?') ? target.slice(target.indexOf('?')) : '';
  if (!isGrantedQuery(method, query))
    return textAnswer(exchange, 400, 'Of what another cluster has granted nothing is done with that query.');
  return asServiceUser(site, exchange, name.account, () => changeObject(site, exchange, next, name));
}

/** @param change of the account, whose quota is minded. @throws AutosyncError of the local Swift or the identity service; a retry may help */
export async function asServiceUser(
  site: Site,
  exchange: Exchange,
  account: string,
  change: Next,
): Promise<OutgoingResponse> {
  const { request } = exchange;
  const { headers } = request;
  if (site.serviceToken === undefined)
    return textAnswer(exchange, 403, 'Without a service user, no cluster does what another one has granted.');
  if (request.method === 'PUT') {
    const roomBytes = await quotaRoom(site, account);
    // Of a single object that comes in chunks Swift asks no more than that there be room.
    if (roomBytes < Infinity && bulkKind(request) === 'extraction' && request.framing.kind === 'chunked')
      return textAnswer(exchange, 411, 'Missing Content-Length header: the account has a quota.');
    if (lengthOf(request) > roomBytes) return textAnswer(exchange, 413, 'Upload exceeds quota.');
  }
  stripInternal(headers);
  headers.removeWhere((header) => NEVER_TAKEN.has(header));
  const token = await site.serviceToken();
  headers.set('X-Auth-Token', token);
  restoreFraming(request);
  const response = await change();
  if (response.status !== 401) return response;
  site.dropServiceToken(token);
  return textAnswer(exchange, 503, 'Swift did not take the token of the service user.');
}

/** How many bytes the account may take yet: Swift asks no quota of a service user (middleware/account_quotas.py). */
async function quotaRoom(site: Site, account: string): Promise<number> {
  const answer = await site.swift.request(SERVICE, { method: 'HEAD', target: swiftTarget(account) });
  const number = (header: string): number => Number.parseInt(answer.headers.get(header) ?? '', 10);
  const quota = number('x-account-meta-quota-bytes');
  if (!isSuccess(answer.status) || !(quota >= 0)) return Infinity;
  return quota - number('x-account-bytes-used');
}

function lengthOf({ framing }: IncomingRequest): number {
  return framing.kind === 'length' ? framing.length : 0;
}

/** Neither can be signed, as proxies between gateways may change them. */
export function restoreFraming({ framing, headers, expectsContinue }: IncomingRequest): void {
  if (framing.kind === 'length') headers.set('Content-Length', String(framing.length));
  if (framing.kind === 'chunked') headers.set('Transfer-Encoding', 'chunked');
  if (expectsContinue) headers.set('Expect', '100-continue');
}
