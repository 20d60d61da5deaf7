// How fast the daemon may go: a limit of its own, and slower when what it works with slows down. Pure: the time comes in.

/** A pause goes by unused for so long at most: then it is given away (as Swift's rate_buffer). */
const BUFFER_MS = 5_000;
const LONGEST_SPACING_MS = 5_000;
const FIRST_SPACING_MS = 20;
/** Between two changes of the spacing. */
const ADAPT_MS = 1_000;
/** A request is slow that takes so many times the usual, and at least so long. */
const SLOW_TIMES = 4;
const SLOW_MS = 250;
/** Unavailable, too many requests, and Swift's own ratelimit. */
const OVERLOADED: ReadonlySet<number> = new Set([503, 429, 498]);

export class Pace {
  /** Between two requests, at the limit; 0 for none. */
  readonly #leastSpacingMs: number;
  #spacingMs: number;
  #nextMs = -Infinity;
  #adaptedMs = -Infinity;
  /** How long a request takes, over the last few hundred; undefined before the first. */
  #usualMs: number | undefined;
  /** Which share of the last few requests was slow. */
  #slowShare = 0;

  /** @param perSecond 0: as fast as it goes */
  constructor(perSecond: number) {
    this.#leastSpacingMs = perSecond === 0 ? 0 : 1000 / perSecond;
    this.#spacingMs = this.#leastSpacingMs;
  }

  /** What is between two requests now, in milliseconds. */
  get spacingMs(): number {
    return this.#spacingMs;
  }

  /** Takes a turn; says how long to wait for it, in milliseconds. */
  take(nowMs: number): number {
    const isSlowed = this.#spacingMs > this.#leastSpacingMs;
    const turnMs = Math.max(this.#nextMs, nowMs - (isSlowed ? 0 : BUFFER_MS));
    this.#nextMs = turnMs + this.#spacingMs;
    return Math.max(0, turnMs - nowMs);
  }

  /** What came of a request. @param status undefined: no answer */
  learn(nowMs: number, tookMs: number, status: number | undefined): void {
    const usualMs = this.#usualMs ?? tookMs;
    const isSlow = tookMs > Math.max(SLOW_MS, SLOW_TIMES * usualMs);
    this.#slowShare += ((isSlow ? 1 : 0) - this.#slowShare) / 16;
    // One that is far off counts as slow, no more: what is usual changes slowly.
    this.#usualMs = usualMs + (Math.min(tookMs, SLOW_TIMES * usualMs + 1) - usualMs) / 256;
    if (nowMs - this.#adaptedMs < ADAPT_MS) return;
    if (status === undefined || OVERLOADED.has(status) || this.#slowShare > 0.5) this.#slowDown(nowMs);
    else if (this.#spacingMs > this.#leastSpacingMs) this.#speedUp(nowMs);
  }

  #slowDown(nowMs: number): void {
    this.#adaptedMs = nowMs;
    this.#spacingMs = Math.min(LONGEST_SPACING_MS, Math.max(FIRST_SPACING_MS, 2 * this.#spacingMs));
  }

  #speedUp(nowMs: number): void {
    this.#adaptedMs = nowMs;
    const spacingMs = 0.8 * this.#spacingMs;
    this.#spacingMs = spacingMs < Math.max(1, this.#leastSpacingMs) ? this.#leastSpacingMs : spacingMs;
  }
}
