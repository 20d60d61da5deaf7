// A client's GET or HEAD of a container. The local Swift answers it, and where the container's objects are on other clusters only, one of
// these is asked as well. Whose rights count there, and what is made of both answers, others know.
import { within } from '../../../lib/within.js';
import type { ContainerName } from '../../../site/site.js';
import type { Exchange, Next, OutgoingResponse } from '../../station.js';
import { isJudgedElsewhere, judgedElsewhere } from '../judged-elsewhere.js';
import type { ObjectReads } from '../object-reads.js';
import { listedElsewhere } from './listed-elsewhere.js';

export class ContainerReads {
  readonly #reads: ObjectReads;

  constructor(reads: ObjectReads) {
    this.#reads = reads;
  }

  /** @throws AutosyncError of the local Swift; a retry may help */
  async answer(exchange: Exchange, next: Next, name: ContainerName): Promise<OutgoingResponse> {
    const { site, places } = this.#reads;
    const answering = this.#reads.anywhere(exchange, next);
    if (site.options.reads.timeoutMs === 0) return answering;
    // It is looked at below, whatever comes of it.
    answering.catch(() => undefined);
    const unrecorded = exchange.placement ?? site.options.defaultPlacement(name);
    const where = await places.findSoon(name, unrecorded);
    if (where.isHere || (await this.#isOwn(name))) return answering;
    const holders = await places.inOrder(where);
    return isJudgedElsewhere(site, exchange)
      ? judgedElsewhere(site, exchange, holders, answering)
      : listedElsewhere(site, { exchange, name, holders, answering });
  }

  /** The service user's. While the identity service does not say, it is taken for a client's. */
  async #isOwn({ account }: ContainerName): Promise<boolean> {
    const { site } = this.#reads;
    return account === (await within(site.ownAccount(), site.options.reads.timeoutMs, () => undefined));
  }
}
