// Reads while the local Swift is down: they go to the peers as the client sent them, since nobody here can say what the client may read.
// Each peer's Swift judges for itself.
import { MessageBody } from '../../http/message-body.js';
import { AutosyncError, type ErrorCode } from '../../lib/errors.js';
import { asClient } from '../../peers/peer.js';
import { audienceFor } from '../../site/site.js';
import { textAnswer } from '../answer.js';
import type { Site } from '../site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';
import { hasToken } from './client-rights.js';
import { findCopy, handedOn, isServed } from './find-copy.js';
import type { Places } from './where.js';

/** Of a cluster that does not answer, or in the middle of going down. */
const DOWN: ReadonlySet<ErrorCode> = new Set(['UPSTREAM_DOWN', 'UPSTREAM_BROKEN', 'UPSTREAM_TIMEOUT']);

/** @throws AutosyncError UPSTREAM_… where no other cluster may answer in its place; a retry may help */
export async function answeredSomewhere(
  site: Site,
  places: Places,
  exchange: Exchange,
  next: Next,
): Promise<OutgoingResponse> {
  let local: OutgoingResponse | AutosyncError;
  try {
    local = await next();
    if (local.status !== 503) return local;
  } catch (error) {
    if (!(error instanceof AutosyncError) || !DOWN.has(error.code)) throw error;
    local = error;
  }
  const elsewhere = await askPeers(site, places, exchange);
  if (elsewhere === undefined) {
    if (local instanceof AutosyncError) throw local;
    return local;
  }
  if (!(local instanceof AutosyncError) && local.body instanceof MessageBody) local.body.abandon();
  return elsewhere;
}

async function askPeers(
  site: Site,
  places: Places,
  exchange: Exchange,
): Promise<OutgoingResponse | undefined> {
  const { path, request } = exchange;
  const { failover, hedgeDelayMs, timeoutMs } = site.options.reads;
  if (failover === 'none' || path.kind === 'other') return undefined;
  // Records cannot be read now: the configuration has to do.
  const placement =
    path.kind === 'account'
      ? site.clusters.all()
      : (exchange.placement ??
        site.options.defaultPlacement({ account: path.account, container: path.container }));
  const { peers } = audienceFor(site, placement);
  if (peers.length === 0) return undefined;
  const { method, target, headers } = request;
  const isSomebody = hasToken(headers);
  const { found, unknown } = await findCopy(
    (await places.inOrder({ isHere: true, peers })).peers,
    { method, target, headers: asClient(headers) },
    {
      ...{ hedgeDelayMs, timeoutMs: Math.max(timeoutMs, site.options.peerTimeoutMs) },
      // To a token that only this cluster knows, a peer's 401 says nothing.
      isFound: (status) =>
        isServed(status) || status === 204 || status === 403 || (status === 401 && !isSomebody),
    },
  );
  if (found === undefined)
    return textAnswer(
      exchange,
      503,
      whyNot(
        peers.map(({ name }) => name),
        unknown,
        isSomebody,
      ),
    );
  site.counters.add('reads_from_peers:down');
  return handedOn(found);
}

/** A 404 there proves nothing: this cluster may have it. */
function whyNot(peers: readonly string[], unknown: readonly string[], isSomebody: boolean): string {
  const without = peers.filter((name) => !unknown.includes(name));
  const words = ['The local Swift is down.'];
  if (without.length > 0) words.push(`Not on ${without.join(', ')}.`);
  if (unknown.length > 0) words.push(`No answer from ${unknown.join(', ')}.`);
  if (unknown.length > 0 && isSomebody)
    words.push(
      'Tokens of this cluster are good there only where all clusters share one identity service; public containers and TempURLs are read in any case.',
    );
  return words.join(' ');
}
