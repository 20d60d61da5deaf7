// Merges what another cluster says, and what was found here, into a record: the step between observing and applying.
import { AutosyncError } from '../lib/errors.js';
import { hashOf, mergeRegisters, type Register, type Registers } from '../records/register.js';
import { goneAtMs } from '../records/account-life.js';
import type { Keeper } from '../records/keeper.js';
import { DESIRED, EMPTY, type Record, type RecordName } from '../records/record.js';
import { VersionClock, versionMs } from '../records/version.js';
import type { BaseSite } from '../site/site.js';
import { isSetting } from '../swift/settings.js';
import { compare, type Comparison, type Moment, type Observed } from './compare.js';

export interface TakeInOptions {
  /** What another cluster says: merged into the record first. */
  readonly incoming?: Registers;
  /** Only say what would be done. */
  readonly isDryRun?: boolean;
  /** The record that stood before Swift was asked. Unsaid: what looks like somebody's doing is in doubt. */
  readonly before?: Record;
  /** What was seen here up to then (milliseconds since 1970) counts for nothing: it was lost (records/marker.ts). */
  readonly seenSinceMs?: number;
  /** What is in no record is taken over if it was made since then (milliseconds since 1970); else it is left alone. */
  readonly adoptSinceMs?: number;
}

interface Take<T> {
  readonly seen: T;
  readonly record: Record;
  readonly comparison: Comparison;
  /** Something looks as if it was changed past the gateways, but may be older than the record: look again. */
  readonly isDoubtful: boolean;
}

/** How often Swift is asked again where the record changes all the while. */
const MAX_LOOKS = 4;

/**
 * Asks Swift, and takes in what it says. Between Swift's answer and the reading of the record somebody may have changed both:
 * nothing counts as changed past the gateways that was not so already when the record was read that says otherwise, nor on the
 * word of what was seen before this cluster lost it.
 */
export async function lookAndTakeIn<T extends { readonly observed: Observed | undefined }>(
  site: BaseSite,
  name: RecordName,
  look: () => Promise<T>,
  options: TakeInOptions,
): Promise<{ seen: T; record: Record; comparison: Comparison; isUnrecorded: boolean }> {
  let taken = await takeIn(site, name, look, options);
  if (!taken.isDoubtful || site.records === undefined) return taken;
  const [lostMs, goneMs] = await Promise.all([
    site.records.seenSinceMs(),
    accountGoneMs(site, site.records, name),
  ]);
  const wiser = { ...options, seenSinceMs: Math.max(lostMs, goneMs) };
  for (let looks = 1; taken.isDoubtful && looks < MAX_LOOKS; looks += 1)
    taken = await takeIn(site, name, look, { ...wiser, before: taken.record });
  return taken;
}

/** When the container's account was last deleted here; 0 where it never was. */
async function accountGoneMs(
  site: BaseSite,
  records: Keeper,
  { account, container }: RecordName,
): Promise<number> {
  if (container === undefined) return 0;
  const goneMs = goneAtMs(await records.read({ account }), site.clusters.mine);
  return goneMs === 0 ? 0 : goneMs + site.options.maxClockSkewMs;
}

/** Merges what came in and what was found here into the record. Without records what came in is all there is. */
async function takeIn<T extends { readonly observed: Observed | undefined }>(
  site: BaseSite,
  name: RecordName,
  look: () => Promise<T>,
  options: TakeInOptions,
): Promise<Take<T> & { isUnrecorded: boolean }> {
  const { incoming = EMPTY.desired } = options;
  const kind = name.container === undefined ? 'account' : 'container';
  const clock = (await site.records?.clock()) ?? new VersionClock('none', site.now, Infinity);
  for (const { version } of incoming.values()) clock.observe(version);
  const moment: Moment = {
    nowMs: site.now(),
    nextVersion: (after) => clock.next(after),
    writer: (await site.records?.writer()) ?? 'none',
  };
  const looking = look();
  looking.catch(() => undefined);
  // What is in no record must have been seen before it was looked up there. All else is doubted unless an earlier look bears it out.
  if (!incoming.has(DESIRED.life)) await looking;
  let taken: Take<T> | undefined;
  const take = async (stored: Record): Promise<Partial<Record>> => {
    const seen = await looking;
    const observed = site.serviceToken === undefined ? datedEarly(seen.observed) : seen.observed;
    const current = { ...stored, seen: believed(stored.seen, options.seenSinceMs ?? 0) };
    const merged = { desired: mergeRegisters(current.desired, incoming), seen: current.seen };
    const found = withNews(compare(kind, merged, observed, moment), current, merged, kind);
    const doubts = doubtsIn(found, merged, options.before);
    const comparison = doubts.size === 0 ? found : withoutDoubts(found, doubts);
    const isLeftAlone =
      comparison.life === 'unknown' && !((observed?.createdMs ?? 0) >= (options.adoptSinceMs ?? Infinity));
    const desired = isLeftAlone ? incoming : mergeRegisters(incoming, comparison.adopted);
    taken = {
      seen,
      record: { ...merged, desired: mergeRegisters(merged.desired, desired) },
      comparison,
      isDoubtful: doubts.size > 0,
    };
    // Nobody knows of it, and nothing is here: nothing to be kept.
    if (isLeftAlone || (merged.desired.size === 0 && observed === undefined)) return {};
    // Whoever settles a deletion records it: until then it has to look like one, should we die before.
    if (comparison.life === 'deleted-here') return { desired };
    return { desired, seen: comparison.confirmed };
  };
  try {
    if (site.records === undefined) await take(EMPTY);
    else if (options.isDryRun === true) await take(await site.records.read(name));
    else await site.records.change(name, take);
  } catch (error) {
    if (!(error instanceof AutosyncError) || error.code !== 'RECORDS_UNAVAILABLE') throw error;
    site.log.warn({ ...name, code: error.code }, `not recorded: ${error.message}`);
    if (taken === undefined) await take(EMPTY);
    return { ...(taken as unknown as Take<T>), isUnrecorded: true };
  }
  return { ...(taken as unknown as Take<T>), isUnrecorded: false };
}

/**
 * Swift rounds Last-Modified up, and without records nothing else says when a setting was set: of two changes in one second what was
 * there would always be the newer.
 */
function datedEarly(observed: Observed | undefined): Observed | undefined {
  return observed && { ...observed, dateMs: observed.dateMs - 1000 };
}

/** That a container was not here stays true whatever was lost: who makes it then means it. */
function believed(seen: Registers, sinceMs: number): Registers {
  if (sinceMs === 0) return seen;
  const isBelieved = ([name, { value, version }]: readonly [string, Register]): boolean =>
    versionMs(version) > sinceMs || (name === DESIRED.life && value === hashOf('absent'));
  return new Map([...seen].filter(isBelieved));
}

/** What just came in is newer than whatever was changed here past the gateways: it is made, not the other taken over. */
function withNews(
  comparison: Comparison,
  current: Record,
  merged: Record,
  kind: 'account' | 'container',
): Comparison {
  const isNews = (name: string): boolean =>
    merged.desired.get(name)?.version !== current.desired.get(name)?.version;
  const behind = new Map(comparison.behind);
  const adopted = new Map(comparison.adopted);
  for (const name of comparison.adopted.keys()) {
    const wanted = merged.desired.get(name);
    // Where nothing was ever confirmed here, dates have decided already which of the two is the newer.
    if (wanted === undefined || !isNews(name) || !current.seen.has(name)) continue;
    adopted.delete(name);
    if (isSetting(kind, name)) behind.set(name, wanted.value);
  }
  let { life } = comparison;
  if (isNews(DESIRED.life) && life === 'deleted-here') life = 'create';
  if (isNews(DESIRED.life) && life === 'created-here') {
    life = 'delete';
    adopted.clear();
  }
  return { ...comparison, life, behind, adopted };
}

/** What is recorded, looks as if it was changed past the gateways, and may have been recorded after we looked. */
function doubtsIn({ life, adopted }: Comparison, merged: Record, before: Record | undefined): Set<string> {
  const claims = [...adopted.keys()];
  if (life === 'deleted-here' || life === 'created-here') claims.push(DESIRED.life);
  return new Set(
    claims.filter((name) => {
      const version = merged.desired.get(name)?.version;
      return version !== undefined && before?.desired.get(name)?.version !== version;
    }),
  );
}

function withoutDoubts(found: Comparison, doubts: ReadonlySet<string>): Comparison {
  const isSure = ([name]: readonly [string, unknown]): boolean => !doubts.has(name);
  if (doubts.has(DESIRED.life))
    return { life: 'intended', behind: new Map(), adopted: new Map(), confirmed: new Map() };
  const adopted = new Map([...found.adopted].filter(isSure));
  const confirmed = new Map([...found.confirmed].filter(isSure));
  return { ...found, adopted, confirmed };
}
