// Whether an object was deleted on one of its clusters since another's copy was written: asked by the probe, which needs nobody's rights.
import { probeAt } from '../../converge/object-member.js';
import type { LocalObjects } from '../../copy/local-object.js';
import type { Peer } from '../../peers/peer.js';
import { derivedKeys } from '../../site/site.js';
import type { Rights } from '../../swift/swift-client.js';
import type { DeletionAnswer } from '../../sync/probe.js';
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
  const verdict = await probeByKeys(objects, await keysOf(site, exchange, name), name, ticks);
  return verdict !== 'never-here' && verdict !== 'here';
}

/**
 * Whether nothing of that name was ever seen by the local Swift: then it was not deleted either, whatever the date of a copy elsewhere, so that
 * this can be asked before that is known. False where it cannot tell.
 *
 * @throws as `isDeletedHere`
 */
export async function wasNeverHere(
  site: Site,
  objects: LocalObjects,
  exchange: Exchange,
  name: ObjectName,
): Promise<boolean> {
  const keys = await keysOf(site, exchange, name);
  return (await firstToTell(keys, (key) => objects.probeAny(name, key))) === 'never-here';
}

/** What the local Swift says of a deletion at that date or later, by the first of the keys that it takes. @throws as `isDeletedHere` */
export function probeByKeys(
  objects: LocalObjects,
  keys: Iterable<string>,
  name: ObjectName,
  ticks: bigint,
): Promise<DeletionAnswer> {
  return firstToTell(keys, (key) => objects.probe(name, key, ticks));
}

async function firstToTell(
  keys: Iterable<string>,
  probe: (key: string) => Promise<DeletionAnswer>,
): Promise<DeletionAnswer> {
  for (const key of keys) {
    const verdict = await probe(key);
    if (verdict !== 'unknown') return verdict;
  }
  return 'unknown';
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
