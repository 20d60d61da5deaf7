// Remembers nonces for a while, within bounds. Knows nothing of signatures.

/**
 * Best effort: one process's memory, which forgets the oldest when full. That is enough, as versions make a replayed change harmless.
 */
export class NonceMemory {
  readonly #maxEntries: number;
  /** Nonce to the time it may be forgotten, oldest first. */
  readonly #expiries = new Map<string, number>();

  /** @param options.maxEntries about 150 bytes each */
  constructor(options: { maxEntries?: number } = {}) {
    this.#maxEntries = options.maxEntries ?? 50_000;
  }

  /**
   * Remembers a nonce.
   *
   * @param keepMs for how long; give the same to every call
   * @returns false if it is known already
   */
  remember(nonce: string, nowMs: number, keepMs: number): boolean {
    for (const [oldest, expiresMs] of this.#expiries) {
      if (expiresMs > nowMs && this.#expiries.size < this.#maxEntries) break;
      this.#expiries.delete(oldest);
    }
    if (this.#expiries.has(nonce)) return false;
    this.#expiries.set(nonce, nowMs + keepMs);
    return true;
  }

  get size(): number {
    return this.#expiries.size;
  }
}
