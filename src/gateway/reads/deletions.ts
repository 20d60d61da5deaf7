// Whether an object was deleted on one of its clusters since another's copy was written: asked by the probe, which needs nobody's rights.
import { probeAt } from '../../converge/object-member.js';
import type { LocalObjects } from '../../copy/local-object.js';
import type { Peer } from '../../peers/peer.js';
import { derivedKeys } from '../../site/site.js';
import type { Rights } from '../../swift/swift-client.js';
import { rightsFor, type Site } from '../site.js';
import type { Exchange } from '../station.js';
import type { ObjectName } from './pointer.js';

/** By the local Swift, at that date or later; true where it cannot tell. @throws AutosyncError of the local Swift; a retry may help */
export async function isDeletedHere(
  site: Site,
  objects: LocalObjects,
  exchange: Exchange,
  name: ObjectName,
  ticks: bigint,
): Promise<boolean> {
  for (const key of await keysOf(site, exchange, name)) {
    const verdict = await objects.probe(name, key, ticks);
    if (verdict !== 'unknown') return verdict === 'newer-here';
  }
  return true;
}

/** The first of the peers where it was deleted at that date or later. */
export async function deletedAt(
  peers: readonly Peer[],
  name: ObjectName,
  ticks: bigint,
): Promise<string | undefined> {
  const verdicts = await Promise.all(peers.map((peer) => probeAt(peer, name, ticks)));
  return peers[verdicts.indexOf('newer-here')]?.name;
}

/** Its container's, as Swift shows it; who is not its owner is not shown it, but then it is one that we have given it, or none will do. */
async function keysOf(site: Site, exchange: Exchange, name: ObjectName): Promise<Iterable<string>> {
  const isOurs = site.options.peerAuth === 'service' || site.serviceToken !== undefined;
  const rights: Rights = isOurs ? { kind: 'service' } : rightsFor(site, exchange);
  const known = await site.containerKeys.get(name, rights);
  if (known !== undefined) return [known.key];
  return site.options.peerAuth === 'service' ? [] : derivedKeys(site, name);
}
