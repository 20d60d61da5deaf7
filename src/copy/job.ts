// What a copier is told: that something happened to an object here. What is to be done about it, it finds out for itself.

export interface CopyJob {
  readonly account: string;
  readonly container: string;
  readonly object: string;
  /** When the client had its answer: milliseconds since 1970. */
  readonly sinceMs: number;
  /** A POST is among what the client did: the peer may have the bytes already, or newer ones. */
  readonly looksFirst: boolean;
  /** A PUT is among it; by `method` if not said. */
  readonly hasPut?: boolean;
  /** What the client did: a PUT if not said. A job that stands for several has the last. */
  readonly method?: 'PUT' | 'POST' | 'DELETE';
  /** What the client sent, where it said how long that is. */
  readonly bytes?: number;
}

/** What came of a job at one peer. */
export interface CopyOutcome {
  readonly cluster: string;
  readonly isDone: boolean;
  /** In a few words, for people. */
  readonly detail: string;
}

export interface CopyJobs {
  /** Never fails, and never waits: what it cannot take, container sync brings. */
  add(job: CopyJob): void;
  /** The same, and resolves when each peer has it, or is in trouble. Rejects when that is not known in time. */
  copy(job: CopyJob, timeoutMs: number): Promise<readonly CopyOutcome[]>;
}
