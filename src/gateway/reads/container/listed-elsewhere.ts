// The listing and the counts of a container whose objects are on other clusters only. The local Swift says whether the client may have them,
// and what the client is shown of the container's settings; the rows and their number come from another cluster, by the gateways' rights.
import { NameSet } from '../../../http/headers.js';
import type { ContainerName } from '../../../site/site.js';
import { swiftTarget } from '../../../swift/path.js';
import { isSuccess } from '../../../swift/swift-client.js';
import { abandon, notKnown, PARTIAL } from '../../answer.js';
import type { Site } from '../../site.js';
import type { Exchange, OutgoingResponse } from '../../station.js';
import type { Holders } from '../../writes/write-elsewhere.js';
import { ClientRights } from '../client-rights.js';
import { findCopy, handedOn, SERVED_BY, wantedSearch, type FoundCopy, type Search } from '../find-copy.js';
import { listingQuery } from './listing-query.js';

export interface ListingRequest {
  readonly exchange: Exchange;
  readonly name: ContainerName;
  readonly holders: Holders;
  /** What the local Swift says to the client's own request. */
  readonly answering: Promise<OutgoingResponse>;
}

const OBJECT_COUNT = 'X-Container-Object-Count';
/** Of a container's headers those that tell of its objects, and of the listing itself. */
const OF_OBJECTS = [
  ...[OBJECT_COUNT, 'X-Container-Bytes-Used'],
  ...['Content-Type', 'Content-Length', 'Transfer-Encoding'],
] as const;
/** What of a client's headers decides what a listing looks like. */
const FORMING = new NameSet(['accept', 'x-newest']);

/** @throws AutosyncError of the local Swift; a retry may help */
export async function listedElsewhere(site: Site, request: ListingRequest): Promise<OutgoingResponse> {
  const { exchange, holders, answering } = request;
  const search = await wantedSearch(isForListing(site, request), searchListing(site, request));
  const local = await answering;
  if (search === undefined) return local;
  const { found, unknown } = search;
  const silent = [...unknown, ...holders.fenced];
  // It is new, and empty everywhere.
  if (found === undefined && silent.length === 0) return local;
  abandon(local);
  if (found === undefined) return notKnown(exchange, silent);
  site.counters.add('reads_from_peers:lacking');
  return withListing(site, local, found);
}

/** Whether the local answer is that of a container, and of this one: Swift may have taken the client's own request for one of another name. */
async function isForListing(site: Site, { exchange, name, answering }: ListingRequest): Promise<boolean> {
  const asking = new ClientRights(site, exchange).mayRead(name);
  // It counts only if it is waited for.
  asking.catch(() => undefined);
  const local = await answering;
  if (!isSuccess(local.status) || !local.headers.has(OBJECT_COUNT) || local.headers.has(SERVED_BY))
    return false;
  try {
    return await asking;
  } catch (error) {
    abandon(local);
    throw error;
  }
}

function searchListing(site: Site, { exchange, name, holders }: ListingRequest): Promise<Search> {
  const { method, target, headers: sent } = exchange.request;
  const { hedgeDelayMs, timeoutMs } = site.options.reads;
  const headers = sent.clone();
  headers.retain((header) => FORMING.has(header));
  const listing = swiftTarget(name.account, name.container) + listingQuery(target);
  return findCopy(
    holders.peers,
    { method, target: listing, headers },
    { hedgeDelayMs, timeoutMs, isFound: isAnswered },
  );
}

/** A query that it does not take is no sign that it has not the container. */
function isAnswered(status: number): boolean {
  return isSuccess(status) || status === 412;
}

function withListing(site: Site, local: OutgoingResponse, found: FoundCopy): OutgoingResponse {
  const { status, reason, headers: there, body } = found.response;
  if (!isSuccess(status)) return handedOn(found);
  const headers = local.headers.clone();
  const isLeftHere = headers.get(OBJECT_COUNT) !== '0';
  for (const name of OF_OBJECTS) {
    const value = there.get(name);
    if (value === undefined) headers.remove(name);
    else headers.set(name, value);
  }
  // What this cluster still has, though it belongs elsewhere, may not have come there yet.
  if (isLeftHere) headers.set(PARTIAL, site.clusters.mine);
  headers.set(SERVED_BY, found.peer.name);
  return { status, reason, headers, body };
}
