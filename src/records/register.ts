// One value that several writers may set: the newest wins, whatever order they meet in. Pure.
import { createHash } from 'node:crypto';
import type { Version } from './version.js';

export interface Register {
  /** '' for a setting that was removed. */
  readonly value: string;
  readonly version: Version;
  /** Hashes of the values before, newest first: what a cluster may still hold that has not heard of this one. */
  readonly before: readonly Superseded[];
}

export type Superseded = readonly [version: Version, hash: string];

/** Values by name: settings by their header (lower case), and what `record.ts` names. */
export type Registers = ReadonlyMap<string, Register>;

export const MAX_BEFORE = 8;

export function register(value: string, version: Version, before: readonly Superseded[] = []): Register {
  return { value, version, before };
}

/** Commutative, associative and idempotent, as a register is the newest of a set of writings, and the hashes of the next eight. */
export function mergeRegister(a: Register, b: Register): Register {
  if (a === b) return a;
  const newest = isNewer(b, a) ? b : a;
  const before = new Map<Version, string>();
  for (const each of [a, b]) {
    for (const [version, hash] of [[each.version, hashOf(each.value)] as const, ...each.before]) {
      if (version === newest.version) continue;
      const known = before.get(version);
      if (known === undefined || hash > known) before.set(version, hash);
    }
  }
  const sorted = [...before].sort(([left], [right]) => (left < right ? 1 : -1));
  return register(newest.value, newest.version, sorted.slice(0, MAX_BEFORE));
}

/** Two values of one version are no writer's doing; even so all must agree on one. */
function isNewer(a: Register, b: Register): boolean {
  return a.version === b.version ? a.value > b.value : a.version > b.version;
}

export function mergeRegisters(a: Registers, b: Registers): Registers {
  if (b.size === 0) return a;
  const merged = new Map(a);
  for (const [name, incoming] of b) {
    const known = a.get(name);
    merged.set(name, known === undefined ? incoming : mergeRegister(known, incoming));
  }
  return merged;
}

/** Enough of a value to know it again. */
export function hashOf(value: string): string {
  return createHash('sha256').update(value).digest('hex').slice(0, 12);
}

/** The newest version among them; undefined for none. */
export function newestVersion(...all: readonly Registers[]): Version | undefined {
  let newest: Version | undefined;
  for (const registers of all) {
    for (const { version } of registers.values())
      if (newest === undefined || version > newest) newest = version;
  }
  return newest;
}
