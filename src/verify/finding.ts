// What a comparison of clusters can find, and what became of it. Pure.

/** Kinds of findings, for people. */
export const KINDS = {
  'missing': 'not there, and never deleted there',
  'stale': 'older there than elsewhere',
  'different-bytes':
    'dated alike, with another ETag or length: Swift replaces neither, a repair takes one of them',
  'different-metadata':
    'dated alike, with other metadata: Swift replaces neither, a repair takes one of them',
  'orphaned': 'deleted on another cluster, and still there',
  'stray': 'where its container is not placed: it goes to a cluster where it is, unless that has a newer one',
  'segments-missing': 'an SLO whose segments are not all there',
  'account-gone':
    'the account is deleted there, or does not exist: nothing in it is compared with that cluster',
  'container-missing': 'the container is not there: the daemons make it',
  'container-left': 'the container is recorded as deleted, and still there: the daemons settle it',
  'unclear': 'the cluster did not say',
} as const;

export type Kind = keyof typeof KINDS;

/**
 * `found`: only looked. `planned`: would be repaired, or deleted. `repaired`: it is the same now. `kept`: a repair leaves it as it is,
 * and says why. `failed`: a repair was tried.
 */
export type Outcome = 'found' | 'planned' | 'repaired' | 'kept' | 'failed';

/** One thing that is wrong, at all the clusters where it is. */
export interface Finding {
  readonly kind: Kind;
  readonly account: string;
  /** '' for the account itself. */
  readonly container: string;
  readonly object?: string;
  /** Where it is wrong. */
  readonly clusters: readonly string[];
  /** Who has the newest copy. */
  readonly newestAt?: readonly string[];
  /** Of the newest copy; ISO 8601. */
  readonly date?: string;
  readonly detail?: string;
  readonly outcome: Outcome;
}
