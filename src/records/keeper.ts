// Reads and changes records. Each writer has objects of its own; a record is the merge of all writers' objects, read by name,
// since Swift has no compare-and-swap and its listings may lag.
import { AutosyncError } from '../lib/errors.js';
import { Turns } from '../lib/turns.js';
import type { Logger } from '../lib/logger.js';
import { contentTypeOf, recordObject } from './names.js';
import {
  DESIRED,
  lifeOf,
  markOf,
  EMPTY,
  mergeRecords,
  parseRecord,
  renderRecord,
  type Record,
  type RecordName,
} from './record.js';
import { readMarker, renewMarker, type Marker } from './marker.js';
import type { Store } from './store.js';
import { VersionClock, versionMs } from './version.js';
import { claimWriter } from './writer.js';
import { Writers } from './writers.js';

/** What a change adds to the record that stands. Other changes of this process to that record wait for it. */
export type Change = (current: Record) => Partial<Record> | Promise<Partial<Record>>;

/** Another process, which writes what this one records: so many processes are one writer, and a record is read from fewer objects. */
export interface RecordWriter {
  /** Comes back when it is stored. @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
  add(name: RecordName, record: Record): Promise<void>;
}

export class Keeper {
  readonly store: Store;
  readonly #cluster: string;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #sleep: (ms: number) => Promise<void>;
  readonly #above: RecordWriter | undefined;
  /** The last change under way to each record: they go one after the other. */
  readonly #turns = new Turns();
  readonly #maxAheadMs: number;
  #writer: Promise<string> | undefined;
  #clock: Promise<VersionClock> | undefined;
  readonly #writers: Writers;

  constructor(options: {
    readonly store: Store;
    readonly cluster: string;
    /** How far ahead of this host's clock a version may be. */
    readonly maxAheadMs: number;
    readonly log: Logger;
    readonly now?: () => number;
    /** Milliseconds that never go back, whatever becomes of the clock. */
    readonly monotonic?: () => number;
    /** A name that no other process has; claimed from this host if not given. */
    readonly writer?: string;
    /** Writes in place of this process. */
    readonly above?: RecordWriter | undefined;
    readonly sleep?: (ms: number) => Promise<void>;
  }) {
    this.store = options.store;
    this.#cluster = options.cluster;
    this.#maxAheadMs = options.maxAheadMs;
    this.#log = options.log;
    this.#now = options.now ?? Date.now;
    this.#sleep = options.sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
    this.#above = options.above;
    if (options.writer !== undefined) this.#writer = Promise.resolve(options.writer);
    this.#writers = new Writers({
      ...{ store: this.store, maxAheadMs: this.#maxAheadMs, now: this.#now, sleep: this.#sleep },
      monotonic: options.monotonic ?? ((): number => performance.now()),
      claim: () => this.writer(),
    });
  }

  /** This process's name in its versions, and that of its objects until it goes out of use. */
  writer(): Promise<string> {
    this.#writer ??= claimWriter(this.#cluster, this.#above === undefined ? '' : 'worker.');
    return this.#writer;
  }

  /** Makes this process's versions. */
  clock(): Promise<VersionClock> {
    this.#clock ??= this.writer().then((writer) => new VersionClock(writer, this.#now, this.#maxAheadMs));
    return this.#clock;
  }

  /** Makes this process known as a writer, so that its first change need not wait for that. @throws AutosyncError RECORDS_UNAVAILABLE */
  async register(): Promise<void> {
    if (this.#above === undefined) await this.#writers.own();
  }

  /** Of all writers. @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
  async read(name: RecordName): Promise<Record> {
    const { known } = this.#writers;
    const [all, ...parts] = await Promise.all([
      this.#writers.all(),
      ...known.map((writer) => this.readOf(writer, name)),
    ]);
    // Whoever has written a record by now is among those read, also if it came a moment ago.
    const late = all.filter((writer) => !known.includes(writer));
    parts.push(...(await Promise.all(late.map((writer) => this.readOf(writer, name)))));
    return parts.reduce<Record>((sum, each) => mergeRecords(sum, each ?? EMPTY), EMPTY);
  }

  /**
   * Merges what `change` returns into the record, and comes back when it is stored. Changes to one record by this process
   * go one after the other.
   *
   * @throws AutosyncError RECORDS_UNAVAILABLE; what `change` throws. The record may have been stored all the same.
   */
  change(name: RecordName, change: Change): Promise<Record> {
    return this.#inTurn(name, async () => {
      await this.register();
      const current = await this.read(name);
      const merged = mergeRecords(current, { ...EMPTY, ...(await change(current)) });
      if (isSame(merged, current)) return merged;
      await (this.#above === undefined ? this.#put(name, merged) : this.#above.add(name, merged));
      return merged;
    });
  }

  /** For others, whose records this process writes: merges it into what this one wrote. @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
  add(name: RecordName, record: Record): Promise<void> {
    return this.#inTurn(name, async () => {
      const own = (await this.readOf(await this.#writers.own(), name)) ?? EMPTY;
      const merged = mergeRecords(own, record);
      if (!isSame(merged, own)) await this.#put(name, merged);
    });
  }

  /**
   * Removes a tombstone, and what writers had before it. Nothing where anybody has written something newer.
   *
   * @param oldBeforeMs what was deleted since stays
   * @throws AutosyncError RECORDS_UNAVAILABLE
   */
  forget(name: RecordName, oldBeforeMs: number): Promise<void> {
    return this.#inTurn(name, () => this.#forget(name, oldBeforeMs));
  }

  async #forget(name: RecordName, oldBeforeMs: number): Promise<void> {
    const writers = await this.writers();
    const held = await Promise.all(
      writers.map(async (writer) => ({ writer, record: await this.readOf(writer, name) })),
    );
    const merged = held.reduce<Record>((sum, { record }) => mergeRecords(sum, record ?? EMPTY), EMPTY);
    const life = merged.desired.get(DESIRED.life);
    if (life?.value !== 'deleted' || versionMs(life.version) >= oldBeforeMs) return;
    const of = (isTombstone: boolean): string[] =>
      held.flatMap(({ writer, record }) =>
        record !== undefined && (lifeOf(record) === 'deleted') === isTombstone ? [writer] : [],
      );
    // The tombstone goes last: what is older would live again without it.
    for (const writer of [...of(false), ...of(true)]) await this.store.delete(recordObject(writer, name));
  }

  /**
   * What was seen here up to then (milliseconds since 1970) counts for nothing: this cluster lost what it held. 0: nothing was lost.
   *
   * @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help
   */
  async seenSinceMs(): Promise<number> {
    return this.#believedSinceMs(await readMarker(this.store));
  }

  /** The same, and from then on it is known that something was lost. @throws AutosyncError RECORDS_UNAVAILABLE */
  async checkMarker(isDryRun: boolean): Promise<{ readonly isLost: boolean; readonly seenSinceMs: number }> {
    const marker = isDryRun
      ? await readMarker(this.store)
      : await renewMarker(this.store, await this.clock(), this.#sleep);
    return { isLost: marker.state === 'lost', seenSinceMs: this.#believedSinceMs(marker) };
  }

  /** What was seen is dated by other hosts' clocks as well. */
  #believedSinceMs({ sinceMs }: Marker): number {
    return sinceMs === 0 ? 0 : sinceMs + this.#maxAheadMs;
  }

  /** All that have records. @throws AutosyncError RECORDS_UNAVAILABLE */
  async writers(): Promise<readonly string[]> {
    return [...(await this.#writers.list()).keys()];
  }

  /** Writers that are no more, whose part others may take over. @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
  goneWriters(): Promise<readonly string[]> {
    return this.#writers.gone();
  }

  /** What one writer has of it. @throws AutosyncError RECORDS_UNAVAILABLE */
  async readOf(writer: string, name: RecordName): Promise<Record | undefined> {
    const object = recordObject(writer, name);
    const bytes = await this.store.get(object);
    if (bytes === undefined) return undefined;
    try {
      return parseRecord(bytes);
    } catch (error) {
      // Better unavailable than wrong: a record of a newer format must not be written over.
      this.#log.error({ object, err: error }, 'a record cannot be read');
      throw new AutosyncError('RECORDS_UNAVAILABLE', (error as Error).message, { cause: error });
    }
  }

  async #put(name: RecordName, record: Record): Promise<void> {
    const object = recordObject(await this.#writers.own(), name);
    const type = contentTypeOf(markOf(record));
    const { isNew } = await this.store.put(object, renderRecord(record), type);
    // Our name may be gone with all that was kept here.
    await this.#writers.all();
    if (isNew || !this.#writers.isListed) await this.#writers.sayAgain();
  }

  #inTurn<T>(name: RecordName, work: () => Promise<T>): Promise<T> {
    return this.#turns.take(`${name.account}/${name.container ?? ''}`, work);
  }
}

function isSame(one: Record, other: Record): boolean {
  return renderRecord(one).equals(renderRecord(other));
}
