// Holds the copies of one object against each other, as each cluster shows its own: who has the newest, and who differs from it how. Pure.

/** An object as one cluster has it: a symlink or manifest itself, not what it stands for. */
export interface Copy {
  /** Its X-Timestamp: when it was written, or its metadata. */
  readonly ticks: bigint;
  readonly etag: string;
  readonly length: number;
  /** What clients set, and what makes it a manifest or a symlink; lower-case name to value. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** What a cluster says when it is asked for an object by name. */
export type Said = Copy | 'absent' | 'unclear';

/** Clusters by what is wrong with their copies, in the order given. */
export interface Compared {
  /** Of the newest copy. */
  readonly ticks: bigint;
  readonly copy: Copy;
  /** Clusters that have it so. */
  readonly newest: readonly string[];
  readonly absent: readonly string[];
  /** Those first that have other bytes. */
  readonly stale: readonly string[];
  /** Dated as the newest, with another ETag or length: Swift replaces neither. */
  readonly otherBytes: readonly string[];
  /** Dated as the newest, the same bytes, and metadata that differs. */
  readonly otherMetadata: readonly string[];
  readonly unclear: readonly string[];
}

/** Undefined where no cluster has a copy; of several as new, the first one is what the others are held against. */
export function compareCopies(said: ReadonlyMap<string, Said>): Compared | undefined {
  const copies = [...said].flatMap(([cluster, what]) =>
    typeof what === 'string' ? [] : [{ cluster, what }],
  );
  const [first] = copies;
  if (first === undefined) return undefined;
  const { what: copy } = copies.reduce(
    (best, each) => (each.what.ticks > best.what.ticks ? each : best),
    first,
  );
  const having = (isSo: (other: Copy) => boolean): string[] =>
    copies.filter(({ what }) => isSo(what)).map(({ cluster }) => cluster);
  const saying = (wanted: 'absent' | 'unclear'): string[] =>
    [...said].filter(([, what]) => what === wanted).map(([cluster]) => cluster);
  const isDated = ({ ticks }: Copy): boolean => ticks === copy.ticks;
  const hasBytes = ({ etag, length }: Copy): boolean => etag === copy.etag && length === copy.length;
  const hasMetadata = ({ metadata }: Copy): boolean => isSame(metadata, copy.metadata);
  return {
    ...{ ticks: copy.ticks, copy },
    newest: having((each) => isDated(each) && hasBytes(each) && hasMetadata(each)),
    absent: saying('absent'),
    stale: [
      ...having((each) => !isDated(each) && !hasBytes(each)),
      ...having((each) => !isDated(each) && hasBytes(each)),
    ],
    otherBytes: having((each) => isDated(each) && !hasBytes(each)),
    otherMetadata: having((each) => isDated(each) && hasBytes(each) && !hasMetadata(each)),
    unclear: saying('unclear'),
  };
}

/** The names of the metadata that differs, sorted. */
export function differingMetadata(a: Copy, b: Copy): string[] {
  const names = new Set([...a.metadata.keys(), ...b.metadata.keys()]);
  return [...names].filter((name) => a.metadata.get(name) !== b.metadata.get(name)).sort();
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name) === value);
}

/** Whether a change of that date may still be on its way; a date that lies ahead by as little is as young. */
export function isYoung(ms: number, nowMs: number, graceMs: number): boolean {
  return Math.abs(nowMs - ms) < graceMs;
}

/** Swift deletes it at that time, each cluster by itself; in milliseconds since 1970. */
export function expiresMs({ metadata }: Copy): number {
  const seconds = Number(metadata.get('x-delete-at') ?? NaN);
  return Number.isNaN(seconds) ? Infinity : seconds * 1000;
}
