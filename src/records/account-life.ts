// What an account's record says of its deletion, which no later event may make newer than it is: `life` stays `deleting`, with
// the version of the DELETE, until something newer in the account takes it back. Pure.
import { clusterLabel } from './names.js';
import { DESIRED, lifeOf, type Record } from './record.js';
import { newestVersion, register, type Register } from './register.js';
import { versionMs, type Version, type VersionClock } from './version.js';

/** The register that says that a cluster's Swift has deleted the account; '' when it is whole there again. */
function goneAt(cluster: string): string {
  return `gone-at-${clusterLabel(cluster)}`;
}

/** Its containers are not missing there: nobody deleted them one by one, and the reaper's deletions are no client's. */
export function isGoneAt({ desired }: Pick<Record, 'desired'>, cluster: string): boolean {
  return (desired.get(goneAt(cluster))?.value ?? '') !== '';
}

/** The version of the DELETE; undefined where the account is not to be deleted. */
export function deletionOf(record: Pick<Record, 'desired'>): Version | undefined {
  return lifeOf(record) === 'deleting' ? record.desired.get(DESIRED.life)?.version : undefined;
}

/**
 * When the account was last deleted there, or when it was found whole again, in milliseconds since 1970; 0 for never. What was
 * seen of its containers before counts for nothing.
 */
export function goneAtMs({ desired }: Pick<Record, 'desired'>, cluster: string): number {
  const gone = desired.get(goneAt(cluster));
  return gone === undefined ? 0 : versionMs(gone.version);
}

/** Since when, in milliseconds since 1970, the account is ours: when it was first recorded, as far as that is remembered. */
export function oursSinceMs({ desired }: Pick<Record, 'desired'>): number {
  const life = desired.get(DESIRED.life);
  if (life === undefined) return Infinity;
  return versionMs(life.before.at(-1)?.[0] ?? life.version);
}

/** A cluster's Swift has done an account DELETE; where that was a client's, all others are to follow. */
export function recordGone(
  current: Record,
  { cluster, isMeant }: { readonly cluster: string; readonly isMeant: boolean },
  clock: VersionClock,
): Record {
  const version = clock.next(newestVersion(current.desired, current.seen));
  const desired = new Map<string, Register>();
  if (!isGoneAt(current, cluster)) desired.set(goneAt(cluster), register('gone', version));
  if (isMeant && lifeOf(current) !== 'deleting') desired.set(DESIRED.life, register('deleting', version));
  return { desired, seen: new Map() };
}

/** The deletion is taken back, wherever it is not done yet. */
export function recordKept(current: Record, clock: VersionClock): Record {
  const version = clock.next(newestVersion(current.desired, current.seen));
  const desired = new Map<string, Register>();
  if (lifeOf(current) === 'deleting') desired.set(DESIRED.life, register('present', version));
  return { desired, seen: new Map() };
}

/** All that the account had is there again. */
export function recordRestored(current: Record, cluster: string, clock: VersionClock): Record {
  const version = clock.next(newestVersion(current.desired, current.seen));
  const desired = isGoneAt(current, cluster) ? [[goneAt(cluster), register('', version)] as const] : [];
  return { desired: new Map(desired), seen: new Map() };
}
