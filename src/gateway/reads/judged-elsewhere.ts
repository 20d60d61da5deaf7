// Reads that go to other clusters as the client sent them: their Swift judges the client, and makes pages of what is no object (staticweb).
// What only the local Swift can judge is not here.
import { isSuccess } from '../../swift/swift-client.js';
import { asClient } from '../../peers/acts-as.js';
import { abandon, notKnown } from '../answer.js';
import type { Site } from '../site.js';
import type { Exchange, OutgoingResponse } from '../station.js';
import type { Holders } from '../writes/write-elsewhere.js';
import { hasToken } from './client-rights.js';
import { findCopy, handedOn, isServed, SERVED_BY, wantedSearch, type Search } from './find-copy.js';

/** What Swift takes for true (common/utils.py, TRUE_VALUES). */
const TRUE = new Set(['true', '1', 'yes', 'on', 't', 'y']);

/**
 * Whether the other cluster's Swift can judge the client: nobody in particular, or a token that all clusters know. Or has to: asked for a
 * page by the gateways' rights, it would make it of objects that the client may not read.
 */
export function isJudgedElsewhere({ options }: Site, { request: { headers } }: Exchange): boolean {
  const isForPage = TRUE.has(headers.get('x-web-mode')?.toLowerCase() ?? '');
  return !hasToken(headers) || options.peerAuth === 'token' || isForPage;
}

/**
 * The other clusters' answer, once the local Swift has let the client in; else, and where they have nothing to do with it, the local one.
 *
 * @param answering the local Swift; what it rejects with is thrown
 */
export async function judgedElsewhere(
  site: Site,
  exchange: Exchange,
  holders: Holders,
  answering: Promise<OutgoingResponse>,
): Promise<OutgoingResponse> {
  const search = await wantedSearch(answering.then(isLetIn), searchAsClient(site, exchange, holders));
  const local = await answering;
  const page = search && pageOf(exchange, holders, search);
  if (page === undefined) return local;
  site.counters.add('reads_from_peers:lacking');
  abandon(local);
  return page;
}

/** A redirect is right already: the local Swift makes it without a look at the objects. */
function isLetIn({ status, headers }: OutgoingResponse): boolean {
  return (isSuccess(status) || status === 404) && !headers.has(SERVED_BY);
}

function searchAsClient(site: Site, { request }: Exchange, { peers }: Holders): Promise<Search> {
  const { method, target, headers } = request;
  const { hedgeDelayMs, timeoutMs } = site.options.reads;
  // Who is refused there and let in here: one of the clusters has not heard of all changes, or does not know the token. That is no answer.
  return findCopy(
    peers,
    { method, target, headers: asClient(headers) },
    { hedgeDelayMs, timeoutMs, isFound: isPage, keepsRefusal: true },
  );
}

function pageOf(
  exchange: Exchange,
  { fenced }: Holders,
  { found, refusal, unknown }: Search,
): OutgoingResponse | undefined {
  if (found !== undefined) return handedOn(found);
  const silent = [...unknown, ...fenced];
  if (silent.length === 0) return refusal && handedOn(refusal);
  refusal?.response.body.abandon();
  return notKnown(exchange, silent);
}

/** Or the way to where the page is. */
function isPage(status: number): boolean {
  return isServed(status) || status === 204 || status === 301;
}
