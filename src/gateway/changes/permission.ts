// "May this client change that container?", asked of the local Swift with the client's own proof of who it is.
import { HeaderList } from '../../http/headers.js';
import type { ClientAnswer } from '../../http/request-sender.js';
import { swiftTarget } from '../../swift/path.js';
import type { Site } from '../site.js';
import type { ContainerName } from '../../site/site.js';
import type { IncomingRequest } from '../station.js';

const PROOFS = ['x-auth-token', 'x-storage-token', 'x-service-token', 'authorization', 'cookie'];

/** An empty container POST changes nothing but Last-Modified: 2xx for those who may change the container, else Swift's own refusal. */
export function askWhetherClientMay(
  site: Site,
  request: IncomingRequest,
  name: ContainerName,
): Promise<ClientAnswer> {
  const target = swiftTarget(name.account, name.container);
  const headers = proofsOf(request.headers);
  return site.swift.request({ kind: 'token', token: undefined }, { method: 'POST', target, headers });
}

/** The headers by which the client proves who it is, and no others. */
export function proofsOf(headers: HeaderList): HeaderList {
  return HeaderList.from([...headers].filter(([header]) => PROOFS.includes(header.toLowerCase())));
}
