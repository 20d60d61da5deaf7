// A client's read of an object: the local Swift answers it. What the local Swift has not, or not all of, and what is wanted as new as it
// is anywhere, other clusters are asked for. What all reads of a gateway share is here; the way of a single one is in reading.ts.
import { LocalObjects } from '../../copy/local-object.js';
import { ShortMemory } from '../../lib/short-memory.js';
import type { Site } from '../site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';
import { selectionOf } from './client-rights.js';
import { answeredSomewhere } from './failover.js';
import { SERVED_BY } from './find-copy.js';
import { isOfLargeObject, lacksParts, LocalParts } from './large-object/local-parts.js';
import type { ObjectName } from './pointer.js';
import { Reading } from './reading.js';
import type { Places } from './where.js';

export class ObjectReads {
  readonly site: Site;
  readonly places: Places;
  readonly objects: LocalObjects;
  /** Names that no cluster had. */
  readonly missed: ShortMemory<true>;
  readonly parts: LocalParts;

  constructor(site: Site, places: Places) {
    this.site = site;
    this.places = places;
    this.objects = new LocalObjects(site);
    this.missed = new ShortMemory(site.options.reads.negativeTtlMs);
    this.parts = new LocalParts(site, places);
  }

  /** A read of whatever kind: the local Swift's answer, or a peer's while that is down. */
  anywhere(exchange: Exchange, next: Next): Promise<OutgoingResponse> {
    return answeredSomewhere(this.site, this.places, exchange, next);
  }

  async answer(exchange: Exchange, next: Next, name: ObjectName): Promise<OutgoingResponse> {
    const { method, target, headers } = exchange.request;
    const isNewest = headers.get('x-newest')?.toLowerCase() === 'true';
    const local = await this.anywhere(exchange, next);
    if (local.headers.has(SERVED_BY)) return local;
    const isLacking = local.status === 404 || lacksParts(method, local) || isOfLargeObject(method, local);
    if (this.site.options.reads.timeoutMs === 0 || !(isLacking || isNewest)) return local;
    const query = target.includes('?') ? target.slice(target.indexOf('?')) : '';
    const asked = { method: method === 'HEAD' ? 'HEAD' : 'GET', name, query } as const;
    const read = { ...asked, selection: selectionOf(headers), isAllowed: false, links: 0, nesting: 0 };
    const reading = new Reading(this, exchange);
    return isNewest ? reading.newest(read, local) : reading.afterLocal(read, local);
  }
}
