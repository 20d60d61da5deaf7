// Which clusters were away for too long, and what they say of each other: registers in a record of the realm's own, pure. A cluster that
// was away for longer than Swift remembers deletions may hold objects that were deleted elsewhere: it is fenced, which means that no
// object goes from it or to it.
import { newestVersion, register, type Register, type Registers } from './register.js';
import { versionMs, type VersionClock } from './version.js';
import type { Record, RecordName } from './record.js';

/** No account has that name. */
export const REALM: RecordName = { account: '' };

const DAY_MS = 86_400_000;

/** Away for longer than that is too long: Swift may forget the first deletions a day later, or a seventh of a short reclaim_age. */
export function fenceAfterMs(reclaimAgeMs: number): number {
  return reclaimAgeMs - Math.min(DAY_MS, reclaimAgeMs / 7);
}

/**
 * Clusters that are fenced, by label, each with the time (milliseconds since 1970) until which objects may have come there from others:
 * the latest that any cluster knows of. Who says so is in the register's name, so words never replace each other; '' takes one back.
 */
export function fencedIn(desired: Registers): Map<string, number> {
  const fenced = new Map<string, number>();
  for (const [name, { value }] of desired) {
    const [kind, cluster] = name.split(' ');
    if (kind !== 'fence' || cluster === undefined || value === '') continue;
    fenced.set(cluster, Math.max(fenced.get(cluster) ?? 0, Number(value)));
  }
  return fenced;
}

/** What takes a cluster's fence away. */
export function lift(desired: Registers, cluster: string, clock: VersionClock): Map<string, Register> {
  const version = clock.next(newestVersion(desired));
  const words = [...desired].filter(([name, { value }]) => value !== '' && isAbout(name, cluster));
  return new Map(words.map(([name]) => [name, register('', version)]));
}

function isAbout(name: string, cluster: string): boolean {
  return name.startsWith(`fence ${cluster} `);
}

/** When a cluster's fence was last taken away: it was in contact then. 0: never. */
function liftedMs(desired: Registers, cluster: string): number {
  const lifted = [...desired].filter(([name, { value }]) => value === '' && isAbout(name, cluster));
  return Math.max(0, ...lifted.map(([, { version }]) => versionMs(version)));
}

/** What this cluster's daemon noted of a cluster (of its own: its last pass), in milliseconds since 1970. */
interface Contact {
  readonly lastMs: number;
  /** The first time that it did not answer since. */
  readonly awayMs: number | undefined;
}

function contactOf({ seen }: Record, cluster: string): Contact | undefined {
  const [lastMs, awayMs] = seen.get(`contact ${cluster}`)?.value.split(' ').map(Number) ?? [];
  return lastMs === undefined ? undefined : { lastMs, awayMs };
}

/** How long ago this cluster was in contact with another (with its own: was at work), by its own clock; undefined: never yet. */
export function silenceMs(record: Record, cluster: string, mine: string, nowMs: number): number | undefined {
  const contact = contactOf(record, cluster);
  if (contact === undefined) return undefined;
  const { desired } = record;
  const lastMs = Math.max(contact.lastMs, liftedMs(desired, cluster), liftedMs(desired, mine));
  return Math.max(0, nowMs - lastMs);
}

/** What another cluster says, when asked. */
export interface Word {
  readonly desired: Registers;
  /** By label: how long, in milliseconds, it has had no contact with a cluster. */
  readonly silences: ReadonlyMap<string, number>;
}

export interface Roll {
  /** Labels. */
  readonly mine: string;
  readonly others: readonly string[];
  /** Of those that answered. */
  readonly words: ReadonlyMap<string, Word>;
  readonly nowMs: number;
  readonly limitMs: number;
}

/** Notes who answered, and fences who was away for too long. `record` has all that the words say already. */
export function callRoll(record: Record, roll: Roll, clock: VersionClock): Record {
  const { mine, others, words, nowMs } = roll;
  const version = clock.next(newestVersion(record.desired, record.seen));
  const amAway = isAwayMyself(record, roll);
  const fenced = new Set(fencedIn(record.desired).keys());
  if (amAway) fenced.add(mine);
  else for (const other of others) if (isAway(other, record, roll, fenced)) fenced.add(other);
  const desired = new Map<string, Register>();
  for (const cluster of fenced) {
    const name = `fence ${cluster} ${mine}`;
    const untilMs = cluster === mine && !amAway ? undefined : comingUntilMs(record, cluster, roll);
    if (untilMs === undefined || (record.desired.get(name)?.value ?? '') !== '') continue;
    desired.set(name, register(String(untilMs), version));
  }
  const seen = new Map([[`contact ${mine}`, register(String(nowMs), version)]]);
  for (const other of others) {
    const { lastMs, awayMs = nowMs } = contactOf(record, other) ?? {};
    if (words.has(other)) seen.set(`contact ${other}`, register(String(nowMs), version));
    else if (lastMs !== undefined) seen.set(`contact ${other}`, register(`${lastMs} ${awayMs}`, version));
  }
  return { desired, seen };
}

/** This daemon did not run, or reached nobody: known from its own notes. Of two clusters that do not hear of each other, neither is it. */
function isAwayMyself(record: Record, { mine, others, nowMs, limitMs }: Roll): boolean {
  const silence = (cluster: string): number | undefined => silenceMs(record, cluster, mine, nowMs);
  if ((silence(mine) ?? 0) > limitMs) return true;
  const all = others.map(silence).filter((each) => each !== undefined);
  return others.length > 1 && all.length > 0 && Math.min(...all) > limitMs;
}

/** Nobody who is not fenced has heard of it. */
function isAway(
  cluster: string,
  record: Record,
  { mine, words, nowMs, limitMs }: Roll,
  fenced: ReadonlySet<string>,
): boolean {
  if (fenced.has(cluster)) return false;
  const told = [...words]
    .filter(([teller]) => teller !== cluster && !fenced.has(teller))
    .map(([, { silences }]) => silences.get(cluster))
    .filter((each) => each !== undefined);
  const own = silenceMs(record, cluster, mine, nowMs);
  return own !== undefined && Math.min(own, ...told) > limitMs;
}

/** Until when objects may have come to a cluster, as far as this one knows. */
function comingUntilMs(record: Record, cluster: string, { mine, others }: Roll): number | undefined {
  const untilMs = (from: string): number | undefined => {
    const contact = contactOf(record, from);
    return contact?.awayMs ?? contact?.lastMs;
  };
  if (cluster !== mine) return untilMs(cluster);
  const all = others.map(untilMs).filter((each) => each !== undefined);
  return all.length > 0 ? Math.max(...all) : untilMs(mine);
}
