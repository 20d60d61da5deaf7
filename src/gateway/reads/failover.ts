// Reads while the local Swift is down: they go to the peers as the client sent them, since nobody here can say what the client may read.
// Each peer's Swift judges for itself.
import { AutosyncError } from '../../lib/errors.js';
import { asClient } from '../../peers/acts-as.js';
import { abandon, textAnswer } from '../answer.js';
import type { Site } from '../site.js';
import { isSwiftDown, standIns, whyNot } from '../stand-ins.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';
import { hasToken } from './client-rights.js';
import { findCopy, handedOn, isServed } from './find-copy.js';
import type { Places } from './where.js';

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
    if (!isSwiftDown(error)) throw error;
    local = error;
  }
  const elsewhere = await askPeers(site, places, exchange);
  if (elsewhere === undefined) {
    if (local instanceof AutosyncError) throw local;
    return local;
  }
  if (!(local instanceof AutosyncError)) abandon(local);
  return elsewhere;
}

async function askPeers(
  site: Site,
  places: Places,
  exchange: Exchange,
): Promise<OutgoingResponse | undefined> {
  const { path, request } = exchange;
  if (site.options.failover === 'none' || path.kind === 'other') return undefined;
  const { hedgeDelayMs, timeoutMs } = site.options.reads;
  const peers = await standIns(site, places, exchange, path.kind === 'account' ? undefined : path);
  if (peers.length === 0) return undefined;
  const { method, target, headers } = request;
  const isSomebody = hasToken(headers);
  const { found, unknown } = await findCopy(
    peers,
    { method, target, headers: asClient(headers) },
    {
      ...{ hedgeDelayMs, timeoutMs: Math.max(timeoutMs, site.options.peerTimeoutMs) },
      // To a token that only this cluster knows, a peer's 401 says nothing.
      isFound: (status) =>
        isServed(status) || status === 204 || status === 403 || (status === 401 && !isSomebody),
    },
  );
  if (found === undefined) {
    const without = peers.map(({ name }) => name).filter((name) => !unknown.includes(name));
    return textAnswer(exchange, 503, whyNot({ without, unknown, isSomebody, what: 'read' }));
  }
  site.counters.add('reads_from_peers:down');
  return handedOn(found);
}
