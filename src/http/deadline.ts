// One clock for all connections of a process: a sweep twice a second instead of a timer a request.
import type { Socket } from 'node:net';

/** Something that may be overdue. */
export interface Watched {
  /** When it is overdue, in milliseconds of `Deadlines.now`; Infinity when nothing is waited for. */
  deadline: number;
  /** Called by the sweep after the deadline has passed. */
  expire(): void;
}

export const NEVER = Number.POSITIVE_INFINITY;
const SWEEP_MS = 500;

/** Watches deadlines: never early, and up to a second late. The sweep does not keep the process alive. */
export class Deadlines {
  /**
   * Monotonic milliseconds, renewed at each sweep: good enough to set deadlines by. Time in which this process stood
   * still (suspended, or busy) does not count: what the others sent meanwhile is there, but not read yet.
   */
  now = 0;
  readonly #watched = new Set<Watched>();
  readonly #timer: NodeJS.Timeout;
  #lastSweep = performance.now();

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
    const time = performance.now();
    this.now += Math.min(time - this.#lastSweep, SWEEP_MS);
    this.#lastSweep = time;
    // A deadline was set by a `now` that may have been as old as one sweep.
    const overdue = this.now - SWEEP_MS;
    for (const watched of this.#watched) if (watched.deadline <= overdue) watched.expire();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#watched.clear();
  }
}

/**
 * A number that changes whenever the other side takes some of what was written, also in the middle of a large write.
 * Node's own socket timeout looks at the same field (net.js, _onTimeout).
 */
export function writeProgress(socket: Socket): number {
  const { _handle } = socket as { _handle?: { readonly writeQueueSize?: number } | null };
  return socket.bytesWritten - (_handle?.writeQueueSize ?? 0);
}
