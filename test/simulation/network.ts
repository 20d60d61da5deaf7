// The ways between simulated clusters, and what goes wrong on them.

export type Fate = 'lost' | 'unanswered' | 'late' | 'twice';

/** What goes wrong between the clusters. */
export class Network {
  readonly #cut = new Set<string>();
  readonly #fates = new Map<string, Fate[]>();

  cut(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`);
  }

  /** What becomes of the next request on that way. */
  doom(from: string, to: string, fate: Fate): void {
    const way = `${from}>${to}`;
    this.#fates.set(way, [...(this.#fates.get(way) ?? []), fate]);
  }

  mend(): void {
    this.#cut.clear();
    this.#fates.clear();
  }

  isCut(from: string, to: string): boolean {
    return this.#cut.has(`${from}>${to}`);
  }

  take(from: string, to: string): Fate | undefined {
    return this.#fates.get(`${from}>${to}`)?.shift();
  }
}
