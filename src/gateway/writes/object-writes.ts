// Where a client's change of an object is done: here where the container's objects belong here, else on a cluster where they do.
import { changedObject, changeObject } from '../changes/object-change.js';
import type { Places } from '../reads/where.js';
import type { ObjectName } from '../reads/pointer.js';
import type { Site } from '../site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';
import { writeElsewhere } from './write-elsewhere.js';

export class ObjectWrites {
  readonly #site: Site;
  readonly #places: Places;

  constructor(site: Site, places: Places) {
    this.#site = site;
    this.#places = places;
  }

  /** @throws AutosyncError of the local Swift; a retry may help */
  async answer(exchange: Exchange, next: Next, path: ObjectName): Promise<OutgoingResponse> {
    const written = changedObject(exchange, path);
    if (written === undefined) return next();
    const unrecorded = exchange.placement ?? this.#site.options.defaultPlacement(written);
    const where = await this.#places.findSoon(written, unrecorded);
    if (where.isHere) return changeObject(this.#site, exchange, next, written);
    return writeElsewhere(this.#site, exchange, written, await this.#places.inOrder(where));
  }
}
