// Whether an object was deleted on one of its clusters since another's copy was written: asked by the probe, which needs nobody's rights.
import { probeAt } from '../../converge/object-member.js';
import type { LocalObjects } from '../../copy/local-object.js';
import type { Peer } from '../../peers/peer.js';
import { derivedKeys } from '../../site/site.js';
import type { Rights } from '../../swift/swift-client.js';
import { parseTimestamp } from '../../swift/timestamp.js';
import type { DeletionAnswer } from '../../sync/probe.js';
import { rightsFor, type Site } from '../site.js';
import type { Exchange } from '../station.js';
import type { FoundCopy } from './find-copy.js';
import type { ObjectReads } from './object-reads.js';
import type { PeerQuestions } from './peer-questions.js';
import type { ObjectName } from './pointer.js';
import type { Read } from './read.js';
import type { Where } from './where.js';

/** For one client's read. */
export class Deletions {
  readonly #site: Site;
  readonly #objects: LocalObjects;
  readonly #exchange: Exchange;
  readonly #questions: PeerQuestions;

  constructor({ site, objects }: ObjectReads, exchange: Exchange, questions: PeerQuestions) {
    this.#site = site;
    this.#objects = objects;
    this.#exchange = exchange;
    this.#questions = questions;
  }

  /** By the local Swift, at that date or later; true where it cannot tell. @throws AutosyncError of the local Swift; a retry may help */
  async isHere(name: ObjectName, ticks: bigint): Promise<boolean> {
    const verdict = await probeByKeys(this.#objects, await this.#keysOf(name), name, ticks);
    return verdict !== 'never-here' && verdict !== 'here';
  }

  /**
   * Whether a peer's copy was deleted since it was written. Where it belongs here the local Swift knows; else the other peers do. The function
   * throws as `isHere`, which is also what it answers where nobody can tell.
   */
  judge(
    { method, name }: Pick<Read, 'method' | 'name'>,
    { isHere }: Where,
    peers: readonly Peer[],
  ): (found: FoundCopy) => Promise<boolean> {
    // Asked while peers are looked for a copy. Who only wants to know whether there is one mostly hears that there is none.
    const neverSeen = isHere && method === 'GET' ? this.#wasNeverHere(name) : Promise.resolve(false);
    return async ({ peer, response: { headers } }) => {
      if (await neverSeen) return false;
      // Of what a link led to there, the answer tells the date of that.
      const isLed = headers.has('content-location');
      const ticks = isLed
        ? await this.#questions.dateAt(peer, name)
        : parseTimestamp(headers.get('x-timestamp') ?? '');
      if (typeof ticks !== 'bigint') return true;
      if (isHere) return this.isHere(name, ticks);
      const others = peers.filter((each) => each !== peer);
      return (await deletedAt(others, name, ticks)) !== undefined;
    };
  }

  /** What the local Swift never saw it did not delete either, whatever the date. False also where it cannot tell: then the date is needed. */
  async #wasNeverHere(name: ObjectName): Promise<boolean> {
    try {
      const probe = (key: string): Promise<DeletionAnswer> => this.#objects.probeAny(name, key);
      return (await firstToTell(await this.#keysOf(name), probe)) === 'never-here';
    } catch {
      return false;
    }
  }

  /** Its container's, as Swift shows it; who is not its owner is not shown it, but then it is one that we have given it, or none will do. */
  async #keysOf(name: ObjectName): Promise<Iterable<string>> {
    const site = this.#site;
    const isOurs = site.options.peerAuth === 'service' || site.serviceToken !== undefined;
    const rights: Rights = isOurs ? { kind: 'service' } : rightsFor(site, this.#exchange);
    const known = await site.containerKeys.get(name, rights);
    if (known !== undefined) return [known.key];
    return site.options.peerAuth === 'service' ? [] : derivedKeys(site, name);
  }
}

/** What the local Swift says of a deletion at that date or later, by the first of the keys that it takes. @throws as `isHere` */
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
