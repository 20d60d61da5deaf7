// Which clusters are fenced, as this cluster's records say it: read again when it was read a while ago.
import { AutosyncError } from '../lib/errors.js';
import type { Logger } from '../lib/logger.js';
import { fenceAfterMs, fencedIn, REALM } from '../records/fence.js';
import type { Keeper } from '../records/keeper.js';
import { clusterLabel } from '../records/names.js';

const FRESH_MS = 5_000;

export class Fence {
  readonly #records: Keeper | undefined;
  readonly #rememberedMs: number;
  readonly #log: Logger;
  #fenced: ReadonlyMap<string, number> = new Map();
  #readAtMs = -Infinity;
  #reading: Promise<void> | undefined;

  /**
   * @param records undefined: nobody is ever fenced
   * @param reclaimAgeMs how long Swift remembers deletions
   */
  constructor(records: Keeper | undefined, reclaimAgeMs: number, log: Logger) {
    this.#records = records;
    this.#rememberedMs = fenceAfterMs(reclaimAgeMs);
    this.#log = log;
  }

  /** Before anything is asked of it. Where records cannot be read, what was known before still holds. */
  async load(): Promise<void> {
    if (this.#records === undefined || performance.now() - this.#readAtMs < FRESH_MS) return;
    this.#reading ??= this.#read(this.#records).finally(() => (this.#reading = undefined));
    await this.#reading;
  }

  /** What is known from elsewhere. */
  learn(fenced: ReadonlyMap<string, number>): void {
    this.#fenced = fenced;
    this.#readAtMs = performance.now();
  }

  isFenced(cluster: string): boolean {
    return this.#fenced.has(clusterLabel(cluster));
  }

  /** Labels, sorted. */
  get clusters(): readonly string[] {
    return [...this.#fenced.keys()].sort();
  }

  /** What `doubtfulUntilMs` says of the cluster that was the last to go; undefined where none is fenced. */
  get untilMs(): number | undefined {
    return this.#fenced.size === 0 ? undefined : this.doubtfulUntilMs(Math.max(...this.#fenced.values()));
  }

  /**
   * Objects up to this date (milliseconds since 1970) that only one side has may have been deleted on the other: they had come there
   * before the cluster was away, or were written so long ago that even a later deletion may be forgotten.
   *
   * @param awayMs since when it was away
   */
  doubtfulUntilMs(awayMs: number): number {
    return Math.max(awayMs, Date.now() - this.#rememberedMs);
  }

  async #read(records: Keeper): Promise<void> {
    try {
      this.learn(fencedIn((await records.read(REALM)).desired));
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
      this.#readAtMs = performance.now();
      this.#log.warn({ code: error.code }, `who is fenced is not known: ${error.message}`);
    }
  }
}
