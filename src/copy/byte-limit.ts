// How many bytes may go to one peer: a bucket that fills at the rate in force, and that all transfers to that peer draw from, in turn.
// Knows neither whose bytes they are nor how they travel.

interface Waiting {
  readonly bytes: number;
  readonly go: () => void;
}

/** What was not used goes by after so long: more than a late timer, less than anybody notices. */
const BURST_SECONDS = 0.25;
/** Whoever waits asks so often whether the rate has changed. */
const RECHECK_MS = 500;

export class ByteLimit {
  readonly #rate: () => number;
  readonly #now: () => number;
  /** Bytes that may go at once. Below 0: what went last was more than there was, and is waited for now. */
  #left = 0;
  #filledMs: number;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #throttledMs = 0;
  #throttledSinceMs = 0;

  /**
   * @param rate bytes a second, now; Infinity: no limit
   * @param now milliseconds that only ever grow
   */
  constructor(rate: () => number, now: () => number = () => performance.now()) {
    this.#rate = rate;
    this.#now = now;
    this.#filledMs = now();
  }

  /** Bytes a second in force; Infinity: no limit. */
  get bytesPerSecond(): number {
    return this.#rate();
  }

  /** For how long, in all, any transfer has waited for its turn. */
  get throttledSeconds(): number {
    const runningMs = this.#waiting.length === 0 ? 0 : this.#now() - this.#throttledSinceMs;
    return (this.#throttledMs + runningMs) / 1000;
  }

  /** Resolves when so many bytes may go. Those who ask in small pieces get their turns one after another. */
  take(bytes: number): Promise<void> {
    this.#fill();
    if (this.#waiting.length === 0 && this.#left > 0) {
      this.#left -= bytes;
      return Promise.resolve();
    }
    return new Promise((go) => {
      if (this.#waiting.length === 0) this.#throttledSinceMs = this.#now();
      this.#waiting.push({ bytes, go });
      this.#schedule();
    });
  }

  #fill(): void {
    const rate = this.#rate();
    const seconds = (this.#now() - this.#filledMs) / 1000;
    this.#filledMs = this.#now();
    this.#left = rate === Infinity ? Infinity : Math.min(this.#left + rate * seconds, rate * BURST_SECONDS);
  }

  #schedule(): void {
    const dueMs = (-this.#left / this.#rate()) * 1000;
    this.#timer ??= setTimeout(() => this.#serve(), Math.min(RECHECK_MS, Math.max(1, Math.ceil(dueMs))));
    this.#timer.unref();
  }

  #serve(): void {
    this.#timer = undefined;
    this.#fill();
    while (this.#left > 0) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#left -= next.bytes;
      next.go();
    }
    if (this.#waiting.length > 0) this.#schedule();
    else this.#throttledMs += this.#now() - this.#throttledSinceMs;
  }
}
