// Counts what operators want to know of: refused peers, changes, pending answers. Knows nothing of how they are shown.

export class Counters {
  readonly #counts = new Map<string, number>();

  /** Adds one to `name`, e.g. `peer_refused:clock`. */
  add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  snapshot(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
