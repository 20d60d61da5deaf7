// What every part of the benchmarks is given.

export interface Bench {
  /** Fewer and shorter rounds. */
  readonly isQuick: boolean;
  /** An empty folder of the part's own. */
  readonly folder: string;
  /** `performance.now()` from which no further round begins. */
  readonly deadline: number;
  /** Says what is being measured. */
  readonly say: (what: string) => void;
}

/** From when on no further round of the next measurement begins, so that as many as are `left` all get their share. */
export function shareOfTime(bench: Bench, left: number): number {
  const now = performance.now();
  return now + (bench.deadline - now) / left;
}
