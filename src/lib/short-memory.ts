// What was found out a moment ago and need not be asked again: by key, for a short time, never more than so many.

export class ShortMemory<T> {
  readonly #ttlMs: number;
  readonly #max: number;
  readonly #monotonic: () => number;
  readonly #kept = new Map<string, { readonly value: T; readonly untilMs: number }>();

  constructor(ttlMs: number, max = 10_000, monotonic = (): number => performance.now()) {
    this.#ttlMs = ttlMs;
    this.#max = max;
    this.#monotonic = monotonic;
  }

  get(key: string): T | undefined {
    const kept = this.#kept.get(key);
    return kept !== undefined && kept.untilMs > this.#monotonic() ? kept.value : undefined;
  }

  set(key: string, value: T): void {
    if (this.#kept.size >= this.#max) this.#kept.clear();
    this.#kept.set(key, { value, untilMs: this.#monotonic() + this.#ttlMs });
  }

  drop(key: string): void {
    this.#kept.delete(key);
  }
}
