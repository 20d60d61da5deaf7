// One clock for all connections of a process: a sweep a second instead of a timer a request.

/** Something that may be overdue. */
export interface Watched {
  /** When it is overdue, in milliseconds of `Deadlines.now`; Infinity when nothing is waited for. */
  deadline: number;
  /** Called by the sweep after the deadline has passed. */
  expire(): void;
}

const SWEEP_MS = 500;

/** Watches deadlines, to half a second. The sweep does not keep the process alive. */
export class Deadlines {
  /** Monotonic milliseconds, renewed at each sweep: good enough to set deadlines by. */
  now = performance.now();
  readonly #watched = new Set<Watched>();
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS);
    this.#timer.unref();
  }

  add(watched: Watched): void {
    this.#watched.add(watched);
  }

  delete(watched: Watched): void {
    this.#watched.delete(watched);
  }

  #sweep(): void {
    this.now = performance.now();
    for (const watched of this.#watched) if (watched.deadline <= this.now) watched.expire();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#watched.clear();
  }
}
