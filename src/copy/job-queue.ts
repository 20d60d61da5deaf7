// The jobs that wait for one peer: bounded, one for each object, containers in turn. Pure.
import type { CopyJob } from './job.js';

export class JobQueue {
  readonly #max: number;
  /** By container, in the order of their turns; a Map keeps it. */
  readonly #waiting = new Map<string, Map<string, CopyJob>>();
  readonly #busy = new Set<string>();
  #size = 0;
  /** Jobs that found no room. */
  dropped = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  /** Of one object there is one job: it is as old as the first that was not done yet. False where there is no room. */
  add(job: CopyJob): boolean {
    const container = `${job.account}/${job.container}`;
    const jobs = this.#waiting.get(container) ?? new Map<string, CopyJob>();
    const known = jobs.get(job.object);
    if (known === undefined && this.#size >= this.#max) {
      this.dropped += 1;
      return false;
    }
    if (known === undefined) this.#size += 1;
    jobs.set(job.object, known === undefined ? job : merged(known, job));
    this.#waiting.set(container, jobs);
    return true;
  }

  /** The next one, whose object is nobody's at the moment; `done` gives it back. */
  take(): CopyJob | undefined {
    for (const [container, jobs] of this.#waiting) {
      for (const [object, job] of jobs) {
        if (this.#busy.has(`${container}/${object}`)) continue;
        this.#busy.add(`${container}/${object}`);
        jobs.delete(object);
        this.#size -= 1;
        // To the end of the line.
        this.#waiting.delete(container);
        if (jobs.size > 0) this.#waiting.set(container, jobs);
        return job;
      }
    }
    return undefined;
  }

  done({ account, container, object }: CopyJob): void {
    this.#busy.delete(`${account}/${container}/${object}`);
  }

  /** All that wait. */
  *jobs(): Generator<CopyJob> {
    for (const jobs of this.#waiting.values()) yield* jobs.values();
  }

  /** Milliseconds since 1970; undefined where nothing waits. */
  oldestMs(): number | undefined {
    let oldest: number | undefined;
    for (const jobs of this.#waiting.values())
      for (const { sinceMs } of jobs.values()) oldest = Math.min(oldest ?? Infinity, sinceMs);
    return oldest;
  }
}

function merged(known: CopyJob, job: CopyJob): CopyJob {
  const { bytes } = job.isMetadataOnly ? known : job;
  return {
    ...job,
    ...(bytes === undefined ? {} : { bytes }),
    sinceMs: Math.min(known.sinceMs, job.sinceMs),
    isMetadataOnly: known.isMetadataOnly && job.isMetadataOnly,
  };
}
