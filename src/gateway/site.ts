// What the gateway's stations work with, beyond what the daemon has as well: its memory, and a request's own rights.
import type { CopyJobs } from '../copy/job.js';
import type { NonceMemory } from '../peers/nonce-memory.js';
import { audienceForContainer, type Audience, type BaseSite } from '../site/site.js';
import type { Rights } from '../swift/swift-client.js';
import type { Afterwards } from './afterwards.js';
import type { Counters } from './counters.js';
import type { Exchange } from './station.js';

export interface Site extends BaseSite {
  readonly nonces: NonceMemory;
  /** Who copies objects to the peers at once. */
  readonly copies: CopyJobs;
  readonly counters: Counters;
  readonly afterwards: Afterwards;
}

export function audienceOf(site: Site, exchange: Exchange): Audience {
  return audienceForContainer(site, exchange.placement ?? site.options.defaultPlacement());
}

/** The rights to read and mend what a client's change left: the service user's, or where there is none the client's own. */
export function rightsFor(site: Site, exchange: Exchange): Rights {
  if (site.options.peerAuth === 'service') return { kind: 'service' };
  const { headers } = exchange.request;
  return { kind: 'token', token: headers.get('x-auth-token') ?? headers.get('x-storage-token') };
}
