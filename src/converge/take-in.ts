// Merges what another cluster says, and what was found here, into a record: the step between observing and applying.
import { AutosyncError } from '../lib/errors.js';
import { mergeRegisters, type Registers } from '../records/register.js';
import { DESIRED, EMPTY, type Record, type RecordName } from '../records/record.js';
import { VersionClock } from '../records/version.js';
import type { BaseSite } from '../site/site.js';
import { isSetting } from '../swift/settings.js';
import { compare, type Comparison, type Moment, type Observed } from './compare.js';

export interface TakeInOptions {
  /** What another cluster says: merged into the record first. */
  readonly incoming?: Registers;
  /** Only say what would be done. */
  readonly isDryRun?: boolean;
  /** This cluster lost the account's containers. */
  readonly isWiped?: boolean;
  /** What is in no record is taken over if it was made since then (milliseconds since 1970); else it is left alone. */
  readonly adoptSinceMs?: number;
}

/** Merges what came in and what was found here into the record. Without records what came in is all there is. */
export async function takeIn(
  site: BaseSite,
  name: RecordName,
  observed: Observed | undefined,
  options: TakeInOptions,
): Promise<{ record: Record; comparison: Comparison; isUnrecorded: boolean }> {
  const { incoming = EMPTY.desired } = options;
  const kind = name.container === undefined ? 'account' : 'container';
  const clock = (await site.records?.clock()) ?? new VersionClock('none', site.now, Infinity);
  for (const { version } of incoming.values()) clock.observe(version);
  const moment: Moment = {
    nowMs: site.now(),
    isWiped: options.isWiped ?? false,
    nextVersion: (after) => clock.next(after),
    writer: (await site.records?.writer()) ?? 'none',
  };
  let taken: { record: Record; comparison: Comparison } | undefined;
  const take = (current: Record): Partial<Record> => {
    const merged = { desired: mergeRegisters(current.desired, incoming), seen: current.seen };
    const comparison = withNews(compare(kind, merged, observed, moment), current, merged, kind);
    const isLeftAlone =
      comparison.life === 'unknown' && !((observed?.createdMs ?? 0) >= (options.adoptSinceMs ?? Infinity));
    const desired = isLeftAlone ? incoming : mergeRegisters(incoming, comparison.adopted);
    taken = { record: { ...merged, desired: mergeRegisters(merged.desired, desired) }, comparison };
    // Nobody knows of it, and nothing is here: nothing to be kept.
    if (isLeftAlone || (merged.desired.size === 0 && observed === undefined)) return {};
    return { desired, seen: comparison.confirmed };
  };
  try {
    if (site.records === undefined) take(EMPTY);
    else if (options.isDryRun === true) take(await site.records.read(name));
    else await site.records.change(name, take);
  } catch (error) {
    if (!(error instanceof AutosyncError) || error.code !== 'RECORDS_UNAVAILABLE') throw error;
    site.log.warn({ ...name, code: error.code }, `not recorded: ${error.message}`);
    if (taken === undefined) take(EMPTY);
    return { ...(taken as unknown as { record: Record; comparison: Comparison }), isUnrecorded: true };
  }
  return { ...(taken as unknown as { record: Record; comparison: Comparison }), isUnrecorded: false };
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
