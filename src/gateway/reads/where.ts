// Where else a container's objects are, and whom to ask first. Knows records and peers; nothing of requests.
import { AutosyncError } from '../../lib/errors.js';
import { ShortMemory } from '../../lib/short-memory.js';
import type { Peer } from '../../peers/peer.js';
import { clusterKey } from '../../config/types.js';
import { isHeldBack, lifeOf } from '../../records/record.js';
import { placementFor } from '../../site/placement.js';
import { audienceFor, type ContainerName } from '../../site/site.js';
import type { Site } from '../site.js';

export interface Where {
  readonly isHere: boolean;
  /** That hold its objects, in no order. */
  readonly peers: readonly Peer[];
}

const NOWHERE: Where = { isHere: true, peers: [] };
/** How long a record is believed. */
const FRESH_MS = 10_000;

export class Places {
  readonly #site: Site;
  readonly #known = new ShortMemory<Promise<Where>>(FRESH_MS);

  constructor(site: Site) {
    this.#site = site;
  }

  /** No peers where the container is deleted, was never recorded, or its objects stay where they are written. */
  find(name: ContainerName): Promise<Where> {
    const key = `${name.account}/${name.container}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const found = this.#look(name);
    this.#known.set(key, found);
    return found;
  }

  /** The best first: as `read_order` says, then the fastest. */
  async inOrder({ peers }: Where): Promise<readonly Peer[]> {
    const { fence, options } = this.#site;
    await fence.load();
    const order = options.reads.order.map(clusterKey);
    const rank = ({ name }: Peer): number => {
      const index = order.indexOf(clusterKey(name));
      return index < 0 ? order.length : index;
    };
    return peers
      .filter(({ name }) => !fence.isFenced(name))
      .sort((a, b) => rank(a) - rank(b) || a.latencyMs - b.latencyMs);
  }

  async #look(name: ContainerName): Promise<Where> {
    const { clusters, options, records } = this.#site;
    if (!options.isAccountOurs(name.account)) return NOWHERE;
    try {
      const record = await records?.read(name);
      const isOurs = record === undefined || (lifeOf(record) === 'present' && !isHeldBack(record));
      if (!isOurs) return NOWHERE;
      const placement =
        record === undefined ? options.defaultPlacement(name) : placementFor(this.#site, name, record);
      const { peers } = audienceFor(this.#site, placement);
      return { isHere: placement.some((each) => clusters.isMine(each)), peers };
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
      return NOWHERE;
    }
  }
}
