// Hybrid logical timestamps: which of two changes is the newer, on whatever clusters and by whatever clocks they were made.
// Follows real time, never goes back, and never repeats. Pure but for the clock it is given.
import { AutosyncError } from '../lib/errors.js';

/** `<milliseconds, 14 digits>.<counter, 4 digits>.<writer>`: the greater text is the newer. */
export type Version = string;

const FORM = /^(\d{14})\.(\d{4})\.([\w.:@-]{1,100})$/;
const MAX_COUNTER = 9_999;

/** Milliseconds since 1970 of a version. */
export function versionMs(version: Version): number {
  return Number(version.slice(0, 14));
}

export function isVersion(text: unknown): text is Version {
  return typeof text === 'string' && FORM.test(text);
}

/** A version for what was there before anybody kept records: dated as Swift dates it, older than any change made through us later. */
export function baselineVersion(dateMs: number, writer: string): Version {
  return format(Math.max(0, Math.floor(dateMs)), 0, writer);
}

/** Makes versions: one for each writer. */
export class VersionClock {
  readonly #writer: string;
  readonly #now: () => number;
  readonly #maxAheadMs: number;
  #ms = 0;
  #counter = 0;

  /**
   * @param writer no other may make versions under that name at the same time
   * @param maxAheadMs versions further ahead of `now` than this are not believed
   */
  constructor(writer: string, now: () => number, maxAheadMs: number) {
    this.#writer = writer;
    this.#now = now;
    this.#maxAheadMs = maxAheadMs;
  }

  /** A version newer than all that this clock made or saw, and than `after`. */
  next(after?: Version): Version {
    if (after !== undefined) this.#raise(after);
    const nowMs = this.#now();
    if (nowMs > this.#ms) {
      this.#ms = nowMs;
      this.#counter = 0;
    } else if (this.#counter < MAX_COUNTER) {
      this.#counter += 1;
    } else {
      this.#ms += 1;
      this.#counter = 0;
    }
    return format(this.#ms, this.#counter, this.#writer);
  }

  /** Takes note of another's version. @throws AutosyncError `CLOCK_SKEW` for one too far ahead; a retry helps once clocks agree. */
  observe(version: Version): void {
    const aheadMs = versionMs(version) - this.#now();
    if (aheadMs > this.#maxAheadMs) {
      throw new AutosyncError('CLOCK_SKEW', `A change is dated ${Math.round(aheadMs / 1000)} s ahead.`);
    }
    this.#raise(version);
  }

  #raise(version: Version): void {
    const ms = versionMs(version);
    const counter = Number(version.slice(15, 19));
    if (ms < this.#ms || (ms === this.#ms && counter <= this.#counter)) return;
    this.#ms = ms;
    this.#counter = counter;
  }
}

function format(ms: number, counter: number, writer: string): Version {
  return `${String(ms).padStart(14, '0')}.${String(counter).padStart(4, '0')}.${writer}`;
}
