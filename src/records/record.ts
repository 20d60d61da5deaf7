// The record of one account or container: what it is to be on every cluster, and what was last seen of it on this one.
// Knows how records merge and look as JSON; nothing of where they are kept. Keys are never in a record.
import { createHash } from 'node:crypto';
import { AutosyncError } from '../lib/errors.js';
import { isSetting } from '../swift/settings.js';
import {
  hashOf,
  mergeRegister,
  mergeRegisters,
  register,
  type Register,
  type Registers,
  type Superseded,
} from './register.js';
import { isVersion, versionMs, type Version } from './version.js';

export interface RecordName {
  readonly account: string;
  /** Undefined for the account's own record. */
  readonly container?: string | undefined;
}

export interface Record {
  /** Goes to every cluster. Names: see `DESIRED`, and the headers of settings. Those of newer programs are kept and merged as well. */
  readonly desired: Registers;
  /** Stays on this cluster: what it was last confirmed to hold, by the same names. */
  readonly seen: Registers;
}

/** The names in `desired` that are not headers. */
export const DESIRED = {
  /** `present`; `deleting`: somebody means to delete it; `deleted`: a tombstone. */
  life: 'life',
  /** The clusters that hold the objects, in order, joined by `, `. */
  placement: 'placement',
  /** Name of the storage policy it was made with. */
  policy: 'policy',
  /** `versioned` or `user` where the container is kept out of container sync; else ''. */
  heldBack: 'held-back',
  /** Of an account: `all` where containers from before our time were taken over. */
  adopted: 'adopted',
} as const;

export type Life = 'present' | 'deleting' | 'deleted';

export const EMPTY: Record = { desired: new Map(), seen: new Map() };

const FORMAT = 1;
/** Of 65,536 that are signed whole. */
const MAX_CHANGE_BYTES = 60_000;

/** Commutative, associative, idempotent. */
export function mergeRecords(a: Record, b: Record): Record {
  return { desired: mergeRegisters(a.desired, b.desired), seen: mergeRegisters(a.seen, b.seen) };
}

/** Undefined where nothing is known of it; '' is what a withdrawn intent leaves of that. */
export function lifeOf({ desired }: Pick<Record, 'desired'>): Life | undefined {
  const life = desired.get(DESIRED.life)?.value;
  return life === '' ? undefined : (life as Life | undefined);
}

/** The clusters that are to hold the objects, in order; undefined where the record does not say. */
export function recordedPlacement({ desired }: Pick<Record, 'desired'>): readonly string[] | undefined {
  return desired.get(DESIRED.placement)?.value.split(', ');
}

/** Whether its objects stay where they are written: it is versioned, or its owner's own. */
export function isHeldBack({ desired }: Pick<Record, 'desired'>): boolean {
  return (desired.get(DESIRED.heldBack)?.value ?? '') !== '';
}

/** The settings' registers, by header. What was set before the container was last deleted is removed by that. */
export function settingsOf(kind: 'account' | 'container', registers: Registers): Map<string, Register> {
  const life = registers.get(DESIRED.life);
  const end = life?.value === 'deleted' ? life.version : lastDeletion(life?.before);
  return settingsSince(end, kind, registers);
}

/** What a container that is deleted had been set to until then; empty where it is not deleted. */
export function settingsUntilDeleted({ desired }: Pick<Record, 'desired'>): Map<string, Register> {
  const life = desired.get(DESIRED.life);
  if (life?.value !== 'deleted') return new Map();
  // Deleted twice is deleted once: what counts is the deletion before it was made.
  const made = life.before.findIndex(([, hash]) => hash === PRESENT_HASH);
  return settingsSince(made < 0 ? undefined : lastDeletion(life.before.slice(made)), 'container', desired);
}

function settingsSince(
  deletion: Version | undefined,
  kind: 'account' | 'container',
  registers: Registers,
): Map<string, Register> {
  const settings = new Map<string, Register>();
  for (const [name, each] of registers) {
    if (!isSetting(kind, name)) continue;
    settings.set(name, deletion === undefined ? each : mergeRegister(each, register('', deletion)));
  }
  return settings;
}

const DELETED_HASH = hashOf('deleted');
const PRESENT_HASH = hashOf('present');

function lastDeletion(lives: readonly Superseded[] = []): Version | undefined {
  return lives.find(([, hash]) => hash === DELETED_HASH)?.[0];
}

/** What it was before somebody meant to delete it; '' where nothing was known of it. */
export function lifeBeforeIntent({ desired }: Pick<Record, 'desired'>): Life | '' {
  for (const [, hash] of desired.get(DESIRED.life)?.before ?? []) {
    if (hash === PRESENT_HASH) return 'present';
    if (hash === DELETED_HASH) return 'deleted';
  }
  return '';
}

/** TempURL keys: whoever reads one can read objects. They travel, as settings must, but are not shown. */
export function isSecretSetting(name: string): boolean {
  return /^x-(?:account|container)-meta-temp-?url-key/.test(name);
}

const DELETED_MARK = /-deleted(\d+)$/;

/** When it was deleted, where a mark is that of a tombstone: milliseconds since 1970. */
export function deletedMs(mark: string): number | undefined {
  const ms = DELETED_MARK.exec(mark)?.[1];
  return ms === undefined ? undefined : Number(ms);
}

/** Equal for two records that want the same, whatever order their changes came in; with what is to be known at a glance. */
export function markOf(record: Record): string {
  const life = record.desired.get(DESIRED.life);
  return digestOf(record) + (life?.value === 'deleted' ? `-deleted${versionMs(life.version)}` : '');
}

function digestOf({ desired }: Record): string {
  const hash = createHash('sha256');
  const sorted = [...desired].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, { value, version }] of sorted) hash.update(`${name}\0${version}\0${value}\0`);
  return hash.digest('hex').slice(0, 16);
}

type JsonRegister = readonly [value: string, version: string, before?: readonly Superseded[]];

export function renderRegisters(registers: Registers): Readonly<{ [name: string]: JsonRegister }> {
  return Object.fromEntries(
    [...registers].map(([name, { value, version, before }]) => [
      name,
      before.length === 0 ? [value, version] : [value, version, before],
    ]),
  );
}

/** What goes to a peer. Where that is more than a signature covers, the hashes of earlier values stay here. */
export function renderChange(desired: Registers): Buffer {
  const whole = Buffer.from(JSON.stringify({ format: FORMAT, desired: renderRegisters(desired) }));
  if (whole.length <= MAX_CHANGE_BYTES) return whole;
  const bare = new Map([...desired].map(([name, { value, version }]) => [name, register(value, version)]));
  return Buffer.from(JSON.stringify({ format: FORMAT, desired: renderRegisters(bare) }));
}

export function renderRecord({ desired, seen }: Record): Buffer {
  const json = { format: FORMAT, desired: renderRegisters(desired), seen: renderRegisters(seen) };
  return Buffer.from(JSON.stringify(json));
}

/** @throws AutosyncError RECORD_INVALID; a retry does not help */
export function parseRecord(bytes: Buffer): Record {
  let json: { format?: unknown; desired?: unknown; seen?: unknown };
  try {
    json = JSON.parse(bytes.toString('utf8')) as typeof json;
  } catch (error) {
    throw new AutosyncError('RECORD_INVALID', 'It is not JSON.', { cause: error });
  }
  if (json.format !== FORMAT)
    throw new AutosyncError('RECORD_INVALID', `Its format is ${String(json.format)}.`);
  return { desired: parseRegisters(json.desired), seen: parseRegisters(json.seen ?? {}) };
}

/** @throws AutosyncError RECORD_INVALID */
export function parseRegisters(json: unknown): Registers {
  if (typeof json !== 'object' || json === null) throw new AutosyncError('RECORD_INVALID', 'No registers.');
  const registers = new Map<string, Register>();
  for (const [name, entry] of Object.entries(json as { [name: string]: unknown })) {
    const [value, version, before = []] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof value !== 'string' || !isVersion(version) || !areSuperseded(before))
      throw new AutosyncError('RECORD_INVALID', `The register ${name} is malformed.`);
    registers.set(name, register(value, version, before));
  }
  return registers;
}

function areSuperseded(list: unknown): list is readonly Superseded[] {
  return (
    Array.isArray(list) &&
    list.every((each: unknown) => Array.isArray(each) && isVersion(each[0]) && typeof each[1] === 'string')
  );
}
