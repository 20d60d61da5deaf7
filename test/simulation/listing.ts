// A listing of the model Swift, which shows each change a while after it was made. Knows nothing of what is listed.
import { compareNames } from '../../src/lib/name-order.js';

export interface Row {
  readonly ticks: number;
  readonly contentType: string;
}

interface Late {
  readonly atMs: number;
  readonly name: string;
  /** Undefined: deleted. */
  readonly row: Row | undefined;
}

/** What a listing shows: each change a while after it was made. */
export class Listing {
  readonly #rows = new Map<string, Row>();
  #late: Late[] = [];
  #sorted: [string, Row][] = [];

  note(name: string, row: Row | undefined, atMs: number): void {
    this.#late.push({ atMs, name, row });
  }

  at(nowMs: number): [string, Row][] {
    if (this.#late.length === 0) return this.#sorted;
    for (const { atMs, name, row } of this.#late) {
      if (atMs > nowMs) continue;
      if (row === undefined) this.#rows.delete(name);
      else this.#rows.set(name, row);
    }
    this.#late = this.#late.filter(({ atMs }) => atMs > nowMs);
    this.#sorted = [...this.#rows].sort(([a], [b]) => compareNames(a, b));
    return this.#sorted;
  }
}
