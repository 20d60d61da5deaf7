// An archive or a form that another cluster's gateway brings here, where the objects of its container belong. What it leaves is followed up as
// if it had come from a client.
import { ACTS_AS, AS_GRANTED } from '../../../peers/acts-as.js';
import type { ContainerName } from '../../../site/site.js';
import { swiftTarget } from '../../../swift/path.js';
import { isSuccess } from '../../../swift/swift-client.js';
import { textAnswer } from '../../answer.js';
import { bulkKind, passBulk } from '../../changes/bulk.js';
import { isForm, passForm, type FormPath } from '../../changes/form.js';
import type { Site } from '../../site.js';
import type { Exchange, Next, OutgoingResponse } from '../../station.js';
import { takeAsClients } from './clients.js';
import { asServiceUser } from './granted.js';

const SERVICE = { kind: 'service' } as const;
const NOBODY = { kind: 'token', token: undefined } as const;
/** What of a client's headers is about an archive, or about all that is in it (Swift's middleware/bulk.py). */
const OF_ARCHIVES =
  /^(?:host|user-agent|accept|content-(?:type|encoding)|x-delete-(?:at|after)|x-detect-content-type|x-object-meta-.*)$/;

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
  if (request.headers.get(ACTS_AS) === AS_GRANTED) return unpackAsGranted(site, exchange, next, path);
  takeAsClients(site, exchange);
  return passBulk(site, exchange, next, path);
}

/** With the service user's rights Swift is to unpack it, and to do nothing else. */
async function unpackAsGranted(
  site: Site,
  exchange: Exchange,
  next: Next,
  path: FormPath,
): Promise<OutgoingResponse> {
  const { account } = path;
  if (!(await unpacksArchives(site, account)))
    return textAnswer(exchange, 501, 'The Swift that holds this container unpacks no archives.');
  if (!(await isHere(site, path))) return textAnswer(exchange, 503, 'The container has yet to be made here.');
  exchange.request.headers.removeWhere((header) => !OF_ARCHIVES.test(header));
  return asServiceUser(site, exchange, account, () => passBulk(site, exchange, next, path));
}

/** Without that middleware the same request makes a container, or an object. Asked in a way that does nothing in either case. */
async function unpacksArchives({ swift }: Site, account: string): Promise<boolean> {
  const target = `${swiftTarget(account)}?extract-archive=none`;
  const { status, body } = await swift.request(NOBODY, { method: 'PUT', target });
  return status === 400 && body.includes('Unsupported archive format');
}

/** Else Swift would make it for the service user, by its own defaults. */
async function isHere({ swift }: Site, { account, container }: ContainerName): Promise<boolean> {
  const target = swiftTarget(account, container);
  return isSuccess((await swift.request(SERVICE, { method: 'HEAD', target })).status);
}
