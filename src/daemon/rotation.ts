// The rotating look at every container: which pass of how many comes next, and since when every one was looked at. Pure.

export interface Rotation {
  /** Passes in it. */
  readonly of: number;
  /** Which of them is next, from 0. */
  readonly next: number;
  /** When it began; ISO 8601. */
  readonly startedAt: string;
  /** Every container was looked at since then; undefined while that is not so. */
  readonly lookedSince?: string;
}

/** Which pass the next one is, where each container is looked at once in `of` passes. */
export function turnAfter(last: Rotation | undefined, of: number): number {
  return last?.of === of ? last.next : 0;
}

/** After a pass that went through to its end. @param startedAt of the pass */
export function rotated(last: Rotation | undefined, of: number, startedAt: string): Rotation {
  const turn = turnAfter(last, of);
  const began = turn === 0 ? startedAt : (last?.startedAt ?? startedAt);
  const lookedSince = turn === of - 1 ? began : last?.lookedSince;
  return {
    ...{ of, next: (turn + 1) % of, startedAt: began },
    ...(lookedSince === undefined ? {} : { lookedSince }),
  };
}
