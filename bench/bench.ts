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
