// What a copier is told: that something happened to an object here. What is to be done about it, it finds out for itself.

export interface CopyJob {
  readonly account: string;
  readonly container: string;
  readonly object: string;
  /** When the client had its answer: milliseconds since 1970. */
  readonly sinceMs: number;
  /** The request changed no bytes: where the peer has them, they need not travel again. */
  readonly isMetadataOnly: boolean;
  /** What the client did: a PUT if not said. A job that stands for several has the last. */
  readonly method?: 'PUT' | 'POST' | 'DELETE';
  /** What the client sent, where it said how long that is. */
  readonly bytes?: number;
}

/** Who takes jobs. Never fails, and never waits: what it cannot take, container sync brings. */
export interface CopyJobs {
  add(job: CopyJob): void;
}
