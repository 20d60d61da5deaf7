// Reads and changes records. Each process writes objects of its own; a record is the merge of all writers' objects, read by
// name, since Swift has no compare-and-swap and its listings may lag.
import { AutosyncError } from '../lib/errors.js';
import type { Logger } from '../lib/logger.js';
import { contentTypeOf, recordObject, WRITERS_PREFIX } from './names.js';
import {
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
import { VersionClock } from './version.js';
import { claimWriter } from './writer.js';

/** What a change adds to the record that stands. Other changes of this process to that record wait for it. */
export type Change = (current: Record) => Partial<Record> | Promise<Partial<Record>>;

/** How long a new writer waits until listings show it. */
const REGISTER_TRIES = 20;
const REGISTER_WAIT_MS = 250;
/** How long a list of all writers is believed: a new one waits that long, once listed, before it writes its first record. */
const WRITERS_MS = 2_000;
/** Many times that: what a listing dates so much earlier, all have in their lists. */
const LONG_KNOWN_MS = 60_000;

export class Keeper {
  readonly store: Store;
  readonly #cluster: string;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #monotonic: () => number;
  readonly #sleep: (ms: number) => Promise<void>;
  /** The last change under way to each record: they go one after the other. */
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #maxAheadMs: number;
  #writer: Promise<string> | undefined;
  #clock: Promise<VersionClock> | undefined;
  #registered: Promise<void> | undefined;
  /** As last listed, and when that began. */
  #writers: readonly string[] = [];
  #listedAtMs = -Infinity;

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
    readonly sleep?: (ms: number) => Promise<void>;
  }) {
    this.store = options.store;
    this.#cluster = options.cluster;
    this.#maxAheadMs = options.maxAheadMs;
    this.#log = options.log;
    this.#now = options.now ?? Date.now;
    this.#monotonic = options.monotonic ?? ((): number => performance.now());
    this.#sleep = options.sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
    if (options.writer !== undefined) this.#writer = Promise.resolve(options.writer);
  }

  /** This process's name as a writer. */
  writer(): Promise<string> {
    this.#writer ??= claimWriter(this.#cluster);
    return this.#writer;
  }

  /** Makes this process's versions. */
  clock(): Promise<VersionClock> {
    this.#clock ??= this.writer().then((writer) => new VersionClock(writer, this.#now, this.#maxAheadMs));
    return this.#clock;
  }

  /** Makes this process known as a writer, so that its first change need not wait for that. @throws AutosyncError RECORDS_UNAVAILABLE */
  register(): Promise<void> {
    this.#registered ??= this.#makeKnown();
    this.#registered.catch(() => (this.#registered = undefined));
    return this.#registered;
  }

  /** Of all writers. @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
  async read(name: RecordName): Promise<Record> {
    const { own, others } = await this.#readParts(name);
    return mergeRecords(own ?? EMPTY, others);
  }

  /**
   * Merges what `change` returns into the record, and comes back when it is stored. Changes to one record by this process
   * go one after the other.
   *
   * @throws AutosyncError RECORDS_UNAVAILABLE; what `change` throws. The record may have been stored all the same.
   */
  async change(name: RecordName, change: Change): Promise<Record> {
    const key = `${name.account}/${name.container ?? ''}`;
    const before = this.#queues.get(key) ?? Promise.resolve();
    const turn = before.then(
      () => this.#change(name, change),
      () => this.#change(name, change),
    );
    this.#queues.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#queues.get(key) === turn) this.#queues.delete(key);
    }
  }

  /** Removes a tombstone, as every writer has it. What anybody wrote since stays. @throws AutosyncError RECORDS_UNAVAILABLE */
  async forget(name: RecordName): Promise<void> {
    for (const writer of await this.writers()) {
      const record = await this.#readOne(writer, name);
      if (record !== undefined && lifeOf(record) === 'deleted')
        await this.store.delete(recordObject(writer, name));
    }
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

  /** All that ever wrote and were not folded into others since. */
  async writers(): Promise<readonly string[]> {
    return [...(await this.#listWriters()).keys()];
  }

  /** With the time when each made itself known: milliseconds since 1970. */
  async #listWriters(): Promise<ReadonlyMap<string, number>> {
    const beganMs = this.#monotonic();
    const sinceMs = new Map<string, number>();
    for await (const { name, lastModified } of this.store.list(WRITERS_PREFIX))
      sinceMs.set(name.slice(WRITERS_PREFIX.length), Date.parse(`${lastModified}Z`));
    this.#writers = [...sinceMs.keys()];
    this.#listedAtMs = beganMs;
    return sinceMs;
  }

  async #change(name: RecordName, change: Change): Promise<Record> {
    await this.register();
    const { own, others } = await this.#readParts(name);
    const current = mergeRecords(own ?? EMPTY, others);
    const merged = mergeRecords(current, { ...EMPTY, ...(await change(current)) });
    const bytes = renderRecord(merged);
    if (!bytes.equals(renderRecord(current))) {
      // Our name may be gone with all that was kept here.
      if (!this.#writers.includes(await this.writer())) await this.#makeKnown();
      const object = recordObject(await this.writer(), name);
      const { isNew } = await this.store.put(object, bytes, contentTypeOf(markOf(merged)));
      if (isNew) await this.#makeKnown();
    }
    return merged;
  }

  /** Whoever has written a record by now is among those read, also if it came a moment ago. */
  async #readParts(name: RecordName): Promise<{ own: Record | undefined; others: Record }> {
    const me = await this.writer();
    const known = new Set([me, ...this.#writers]);
    const [listed, own, ...others] = await Promise.all([
      this.#monotonic() - this.#listedAtMs < WRITERS_MS ? this.#writers : this.writers(),
      ...[...known].map((writer) => this.#readOne(writer, name)),
    ]);
    const late = listed.filter((writer) => !known.has(writer));
    others.push(...(await Promise.all(late.map((writer) => this.#readOne(writer, name)))));
    return { own, others: others.reduce<Record>((sum, each) => mergeRecords(sum, each ?? EMPTY), EMPTY) };
  }

  async #readOne(writer: string, name: RecordName): Promise<Record | undefined> {
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

  /** From a process before this one, and for longer than any list is believed, whatever the clocks say. */
  async #isLongKnown(writer: string): Promise<boolean> {
    const sinceMs = (await this.#listWriters()).get(writer);
    return sinceMs !== undefined && this.#now() - sinceMs > this.#maxAheadMs + LONG_KNOWN_MS;
  }

  /** Before its first object a writer makes itself known, so that whoever reads by name knows all names. */
  async #makeKnown(): Promise<void> {
    const me = await this.writer();
    if (await this.#isLongKnown(me)) return;
    await this.store.put(WRITERS_PREFIX + me, Buffer.alloc(0), 'text/plain');
    for (let tries = 0; tries < REGISTER_TRIES; tries += 1) {
      if ((await this.writers()).includes(me)) return this.#sleep(WRITERS_MS);
      await this.#sleep(REGISTER_WAIT_MS);
    }
    throw new AutosyncError(
      'RECORDS_UNAVAILABLE',
      "The service user's container does not list what is in it.",
    );
  }
}
