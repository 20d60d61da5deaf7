// Where else a container's objects are, and whom to ask first. Knows records and peers; nothing of requests.
import { AutosyncError } from '../../lib/errors.js';
import { ShortMemory } from '../../lib/short-memory.js';
import { within } from '../../lib/within.js';
import type { Peer } from '../../peers/peer.js';
import { clusterKey } from '../../config/types.js';
import { isHeldBack, lifeOf } from '../../records/record.js';
import { placementFor } from '../../site/placement.js';
import { audienceFor, type ContainerName } from '../../site/site.js';
import type { Site } from '../site.js';

export interface Where {
  readonly isHere: boolean;
  /** The clusters that hold its objects, in order; undefined where that is not known. */
  readonly placement?: readonly string[];
  /** That hold its objects, as they are placed. */
  readonly peers: readonly Peer[];
}

const NOWHERE: Where = { isHere: true, peers: [] };
/** How long a record is believed. */
const FRESH_MS = 10_000;
/** How long a write waits for a record, and for how long none does after one that did not come in time. */
const PATIENCE_MS = 1_000;
const SLOW_MS = 5_000;

export class Places {
  readonly #site: Site;
  readonly #known = new ShortMemory<Promise<Where>>(FRESH_MS);
  #slowUntilMs = 0;

  constructor(site: Site) {
    this.#site = site;
  }

  /**
   * No peers where the container is deleted, was never recorded, or its objects stay where they are written.
   *
   * @param unrecorded where it would be placed
   */
  find(name: ContainerName, unrecorded = this.#site.options.defaultPlacement(name)): Promise<Where> {
    const key = keyOf(name);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const found = this.#look(name, unrecorded);
    this.#known.set(key, found);
    return found;
  }

  /** The same for who is not to be kept waiting: while records are slow, or cannot be read, the placement of what is unrecorded has to do. */
  async findSoon(name: ContainerName, unrecorded: readonly string[]): Promise<Where> {
    if (!this.#site.options.isAccountOurs(name.account)) return NOWHERE;
    const isSlow = this.#slowUntilMs > performance.now();
    if (isSlow && this.#known.get(keyOf(name)) === undefined) return this.#placed(unrecorded);
    return within(this.find(name, unrecorded), PATIENCE_MS, () => {
      this.#slowUntilMs = performance.now() + SLOW_MS;
      return this.#placed(unrecorded);
    });
  }

  /**
   * The best first: as `read_order` says, then the fastest, or, where all objects are elsewhere, as they are placed: who has written there reads
   * there. And who is fenced, and therefore not asked.
   */
  async inOrder({
    isHere,
    peers,
  }: Where): Promise<{ readonly peers: readonly Peer[]; readonly fenced: readonly string[] }> {
    const { fence, options } = this.#site;
    await fence.load();
    const order = options.reads.order.map(clusterKey);
    const rank = ({ name }: Peer): number => {
      const index = order.indexOf(clusterKey(name));
      return index < 0 ? order.length : index;
    };
    return {
      peers: peers
        .filter(({ name }) => !fence.isFenced(name))
        .sort((a, b) => rank(a) - rank(b) || (isHere ? a.latencyMs - b.latencyMs : 0)),
      fenced: peers.filter(({ name }) => fence.isFenced(name)).map(({ name }) => name),
    };
  }

  async #look(name: ContainerName, unrecorded: readonly string[]): Promise<Where> {
    const { options, records } = this.#site;
    if (!options.isAccountOurs(name.account)) return NOWHERE;
    try {
      const record = await records?.read(name);
      if (record === undefined) return this.#placed(unrecorded);
      if (lifeOf(record) !== 'present') {
        // It may be made in the next moment, and be placed elsewhere then.
        if (!this.#placed(unrecorded).isHere) this.#known.drop(keyOf(name));
        return NOWHERE;
      }
      return isHeldBack(record) ? NOWHERE : this.#placed(placementFor(this.#site, name, record));
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
      this.#slowUntilMs = performance.now() + SLOW_MS;
      // What cannot be read now is not remembered.
      this.#known.drop(keyOf(name));
      return this.#placed(unrecorded);
    }
  }

  #placed(placement: readonly string[]): Where {
    const { peers } = audienceFor(this.#site, placement);
    return { isHere: placement.some((each) => this.#site.clusters.isMine(each)), placement, peers };
  }
}

function keyOf({ account, container }: ContainerName): string {
  return `${account}/${container}`;
}
