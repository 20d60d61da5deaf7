// What a client's change, done by the local Swift, adds to the record. Pure.
import type { ContainerState } from '../swift/container-state.js';
import { isSetting, type Settings } from '../swift/settings.js';
import { hashOf, newestVersion, register, type Register } from './register.js';
import { DESIRED, lifeOf, settingsOf, type Life, type Record, settingsUntilDeleted } from './record.js';
import { baselineVersion, type Version, type VersionClock } from './version.js';

/** A container PUT or POST, as Swift now holds it. */
export interface ContainerChange {
  readonly state: ContainerState;
  /** When the container was first made, in milliseconds since 1970: the date of settings that nobody recorded. */
  readonly createdMs: number;
  readonly named: readonly string[];
  /** Of these, what Swift surely was set to by the request, whatever it holds now. */
  readonly sent: ReadonlyMap<string, string>;
  /** It was not here before. */
  readonly isNew: boolean;
  /** Where it was not: a version from between Swift's making it and the look at it. */
  readonly madeAt?: Version | undefined;
  readonly placement: readonly string[];
  readonly heldBack: 'versioned' | 'user' | '';
}

export function recordContainer(current: Record, change: ContainerChange, clock: VersionClock): Record {
  const { state, isNew } = change;
  const version = clock.next(newestVersion(current.desired, current.seen));
  const isKnown = lifeOf(current) !== undefined;
  const desired = new Map<string, Register>();
  const put = (name: string, value: string): void => {
    if (current.desired.get(name)?.value !== value) desired.set(name, register(value, version));
  };
  if (!isKnown) {
    const baseline = baselineVersion(change.createdMs, version.slice(20));
    for (const [name, value] of state.settings) desired.set(name, register(value, baseline));
  }
  for (const name of change.named) {
    const value = state.settings.get(name) ?? '';
    const isOld = isRecorded(current.desired.get(name), value);
    desired.set(name, register(isOld ? (change.sent.get(name) ?? value) : value, version));
  }
  // Made anew: what an earlier container of that name was set to is over. Where it was there all along, its deletion was only meant.
  const life = current.desired.get(DESIRED.life);
  const isMeant = life?.value === 'deleting';
  const isLater = (each: Register): boolean =>
    isMeant && change.madeAt !== undefined && each.version > change.madeAt;
  if (lifeOf(current) !== 'present' && (!isMeant || (isNew && !isLater(life)))) {
    for (const [name, recorded] of settingsOf('container', current.desired)) {
      if (isLater(recorded)) continue;
      const value = state.settings.get(name) ?? '';
      put(name, !change.named.includes(name) && isSuperseded(recorded, value) ? '' : value);
    }
  }
  if (isNew || lifeOf(current) !== 'present') desired.set(DESIRED.life, register('present', version));
  put(DESIRED.placement, change.placement.join(', '));
  if (state.policy !== undefined && (isNew || !isKnown)) put(DESIRED.policy, state.policy);
  if (change.heldBack !== '' || current.desired.has(DESIRED.heldBack)) put(DESIRED.heldBack, change.heldBack);
  const handled = isKnown && !isNew ? change.named : [...desired.keys(), ...state.settings.keys()];
  return { desired, seen: seenNow(state.settings, handled, true, version) };
}

/** Somebody made it what was recorded before, between the client's change and the look at it. */
function isRecorded(recorded: Register | undefined, value: string): boolean {
  if (recorded === undefined) return false;
  return recorded.value === value || recorded.before.some(([, each]) => each === hashOf(value));
}

/** An older value, that of a container deleted while it was changed here: the newer one had not come yet. */
function isSuperseded({ value: newest, before }: Register, value: string): boolean {
  const hash = hashOf(value);
  return value !== newest && before.some(([, each]) => each === hash);
}

/** An account's settings. */
export function recordAccount(
  current: Record,
  change: {
    readonly settings: Settings;
    readonly named: readonly string[];
    /** It was not here before. */
    readonly isNew?: boolean;
  },
  clock: VersionClock,
): Record {
  const version = clock.next(newestVersion(current.desired, current.seen));
  const desired = new Map<string, Register>();
  // Made anew after a deletion: what the earlier account was set to is over.
  const isAnew = change.isNew === true && lifeOf(current) === 'deleting';
  const over = isAnew ? [...settingsOf('account', current.desired).keys()] : [];
  const named = [...change.named, ...over];
  if (lifeOf(current) === undefined) {
    const baseline = baselineVersion(0, version.slice(20));
    for (const [name, value] of change.settings) desired.set(name, register(value, baseline));
  }
  for (const name of named) desired.set(name, register(change.settings.get(name) ?? '', version));
  if (lifeOf(current) !== 'present') desired.set(DESIRED.life, register('present', version));
  return { desired, seen: seenNow(change.settings, named, true, version) };
}

/**
 * A step in a container's deletion: the intent, the tombstone, or what was before where Swift refused. One that lives after
 * all has what it was set to.
 */
export function recordLife(current: Record, life: Life | '', clock: VersionClock): Record {
  const version = clock.next(newestVersion(current.desired, current.seen));
  const desired = new Map<string, Register>([[DESIRED.life, register(life, version)]]);
  if (life === 'present') {
    for (const [name, { value }] of settingsUntilDeleted(current))
      if (value !== '') desired.set(name, register(value, version));
  }
  const seen = seenNow(new Map(), [], life !== 'deleted', version);
  return { desired, seen };
}

function seenNow(
  settings: Settings,
  names: readonly string[],
  exists: boolean,
  version: Version,
): Map<string, Register> {
  const seen = new Map<string, Register>([
    [DESIRED.life, register(hashOf(exists ? 'present' : 'absent'), version)],
  ]);
  for (const name of names)
    if (isSetting('container', name) || isSetting('account', name))
      seen.set(name, register(hashOf(settings.get(name) ?? ''), version));
  return seen;
}
