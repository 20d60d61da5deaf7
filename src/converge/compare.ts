// What an account or container should be, against what this cluster's Swift holds: which differences are ours to mend, and
// which are somebody's doing, to be taken over. Pure: no network, no clock of its own.
import { hashOf, newestVersion, register, type Register, type Registers } from '../records/register.js';
import { DESIRED, lifeOf, settingsOf, type Record } from '../records/record.js';
import { baselineVersion, versionMs, type Version } from '../records/version.js';
import type { Settings } from '../swift/settings.js';

/** What Swift says now; undefined where there is nothing. */
export interface Observed {
  readonly settings: Settings;
  readonly policy: string | undefined;
  /** Last-Modified, in milliseconds since 1970. */
  readonly dateMs: number;
  /** X-Timestamp: when it was first made. */
  readonly createdMs: number;
}

export interface Moment {
  readonly nowMs: number;
  /** A version newer than all there are, made when asked for. */
  readonly nextVersion: (after: Version | undefined) => Version;
  readonly writer: string;
}

/**
 * `same`; `create`, `delete`: to be done here; `deleted-here`, `created-here`: somebody did it past the gateways;
 * `unknown`: here, and in no record; `intended`: somebody means, or meant, to delete it.
 */
export type LifeFinding =
  'same' | 'create' | 'delete' | 'deleted-here' | 'created-here' | 'unknown' | 'intended';

export interface Comparison {
  readonly life: LifeFinding;
  /** Settings to be made here; '' removes. */
  readonly behind: ReadonlyMap<string, string>;
  /** What was changed past the gateways, as registers for `desired`. */
  readonly adopted: Registers;
  /** For `seen`: what is here now, as far as the record does not say so yet. */
  readonly confirmed: Registers;
}

/** Changes to one container may overtake each other on their way to Swift for as long as requests take. */
export const SETTLE_MS = 120_000;

const PRESENT = 'present';
const ABSENT = 'absent';

export function compare(
  kind: 'account' | 'container',
  record: Record,
  observed: Observed | undefined,
  moment: Moment,
): Comparison {
  const life = compareLife(record, observed !== undefined, moment);
  const behind = new Map<string, string>();
  const adopted = new Map<string, Register>();
  const confirmed = new Map<string, Register>();
  const confirm = (name: string, value: string): void => {
    const hash = hashOf(value);
    const known = record.seen.get(name);
    if (known?.value !== hash) confirmed.set(name, register(hash, moment.nextVersion(known?.version)));
  };
  confirm(DESIRED.life, observed === undefined ? ABSENT : PRESENT);
  if (observed === undefined) return { life, behind, adopted, confirmed };
  if (life === 'delete') return { life, behind, adopted, confirmed };
  const desired = settingsOf(kind, record.desired);
  for (const name of new Set([...desired.keys(), ...observed.settings.keys()])) {
    const value = observed.settings.get(name) ?? '';
    const wanted = desired.get(name);
    const finding = compareSetting(wanted, record.seen.get(name), value, life, observed, moment);
    if (finding.kind === 'behind') behind.set(name, wanted?.value ?? '');
    else if (finding.kind === 'changed-here') adopted.set(name, register(value, finding.version));
    confirm(name, value);
  }
  if (life === 'unknown' || life === 'created-here') adoptWhole(record, observed, life, moment, adopted);
  return { life, behind, adopted, confirmed };
}

function compareLife(record: Record, exists: boolean, { nowMs }: Moment): LifeFinding {
  const life = lifeOf(record);
  if (life === undefined) return exists ? 'unknown' : 'same';
  if (life === 'deleting') return 'intended';
  const seen = record.seen.get(DESIRED.life)?.value;
  if (life === 'present') {
    if (exists) return 'same';
    return seen === hashOf(PRESENT) && !isJustRevived(record, nowMs) ? 'deleted-here' : 'create';
  }
  if (!exists) return 'same';
  return seen === hashOf(ABSENT) ? 'created-here' : 'delete';
}

/** It lives again since shortly: a DELETE that was on its way may have overtaken the PUT. */
function isJustRevived({ desired }: Record, nowMs: number): boolean {
  const life = desired.get(DESIRED.life);
  if (life === undefined || nowMs - versionMs(life.version) >= SETTLE_MS) return false;
  return life.before.some(([, hash]) => hash !== hashOf(PRESENT));
}

/** `behind`: to be made here; `changed-here`: the value here is to be taken over, with that version. */
type SettingFinding =
  { readonly kind: 'same' | 'behind' } | { readonly kind: 'changed-here'; readonly version: Version };

const SAME: SettingFinding = { kind: 'same' };
const BEHIND: SettingFinding = { kind: 'behind' };

function changedHere(version: Version): SettingFinding {
  return { kind: 'changed-here', version };
}

function compareSetting(
  wanted: Register | undefined,
  seen: Register | undefined,
  value: string,
  life: LifeFinding,
  observed: Observed,
  moment: Moment,
): SettingFinding {
  if ((wanted?.value ?? '') === value) return SAME;
  // Somebody made it anew: what it was set to before is over.
  if (life === 'created-here') return changedHere(moment.nextVersion(wanted?.version));
  const baseline = baselineOf(observed, moment);
  if (wanted === undefined) return changedHere(life === 'unknown' ? baseline : moment.nextVersion(undefined));
  const hash = hashOf(value);
  if (seen !== undefined) {
    if (seen.value === hash || isStale(wanted, hash, observed, moment)) return BEHIND;
    return changedHere(moment.nextVersion(wanted.version));
  }
  // Never confirmed here: the newer of what is wanted and of what stands here since its date.
  const isKnown = value === '' || wanted.before.some(([, each]) => each === hash);
  return isKnown || wanted.version > baseline ? BEHIND : changedHere(baseline);
}

/** An earlier value that overtook the wanted one on its way to Swift: nobody chose it since. */
function isStale(wanted: Register, hash: string, { dateMs }: Observed, { nowMs }: Moment): boolean {
  const sinceMs = dateMs > 0 ? Math.min(dateMs, nowMs) : nowMs;
  const isFresh = sinceMs - versionMs(wanted.version) < SETTLE_MS;
  return isFresh && wanted.before.some(([, each]) => each === hash);
}

/** Swift rounds Last-Modified up; what is here was set before now. */
function baselineOf({ dateMs }: Observed, { nowMs, writer }: Moment): Version {
  return baselineVersion(Math.min(dateMs, nowMs), writer);
}

function adoptWhole(
  record: Record,
  observed: Observed,
  life: LifeFinding,
  moment: Moment,
  adopted: Map<string, Register>,
): void {
  const version =
    life === 'unknown' ? baselineOf(observed, moment) : moment.nextVersion(newestVersion(record.desired));
  // An intent that was withdrawn says nothing of what was there before, and is newer.
  const withdrawn = record.desired.get(DESIRED.life)?.version;
  const isOlder = withdrawn !== undefined && withdrawn >= version;
  adopted.set(DESIRED.life, register(PRESENT, isOlder ? moment.nextVersion(withdrawn) : version));
  if (observed.policy !== undefined) adopted.set(DESIRED.policy, register(observed.policy, version));
}
