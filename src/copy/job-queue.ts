// The jobs that wait for one peer: bounded, one for each object, containers in turn, segments before what they belong to. Pure.
import type { CopyJob } from './job.js';

/** From so many bytes on an object is large: others do not wait for it. */
const LARGE_BYTES = 8 * 1_048_576;

export function isLarge({ bytes = 0 }: CopyJob): boolean {
  return bytes >= LARGE_BYTES;
}

export class JobQueue {
  readonly #max: number;
  /** By container, in the order of their turns; a Map keeps it. */
  readonly #waiting = new Map<string, Map<string, CopyJob>>();
  /** What is being copied, by container and object. */
  readonly #busy = new Map<string, Map<string, CopyJob>>();
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

  /** The next one, whose object is nobody's at the moment; `done` gives it back. Without room for large ones, the next that is not. */
  take(hasRoomForLarge = true): CopyJob | undefined {
    for (const [container, jobs] of this.#waiting) {
      const segmentsMs = this.#oldestSegmentMs(container);
      for (const [object, job] of jobs) {
        const busy = this.#busy.get(container) ?? new Map<string, CopyJob>();
        if (busy.has(object) || segmentsMs <= job.sinceMs || (isLarge(job) && !hasRoomForLarge)) continue;
        this.#busy.set(container, busy.set(object, job));
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
    const name = `${account}/${container}`;
    const busy = this.#busy.get(name);
    busy?.delete(object);
    if (busy?.size === 0) this.#busy.delete(name);
  }

  /** Of those that clients keep beside the container (see ruleFor); Infinity for none. A manifest without its segments cannot be read. */
  #oldestSegmentMs(container: string): number {
    let oldest = Infinity;
    for (const name of [`${container}_segments`, `${container}+segments`]) {
      for (const { sinceMs } of this.#busy.get(name)?.values() ?? []) oldest = Math.min(oldest, sinceMs);
      // They come in the order of their time, nearly.
      for (const { sinceMs } of this.#waiting.get(name)?.values() ?? []) {
        oldest = Math.min(oldest, sinceMs);
        break;
      }
    }
    return oldest;
  }

  /** All that wait. */
  *jobs(): Generator<CopyJob> {
    for (const jobs of this.#waiting.values()) yield* jobs.values();
  }
}

export function hasPut({ hasPut: said, method }: CopyJob): boolean {
  return said ?? method !== 'POST';
}

function merged(known: CopyJob, job: CopyJob): CopyJob {
  const { bytes } = job.method === 'POST' ? known : job;
  return {
    ...job,
    ...(bytes === undefined ? {} : { bytes }),
    sinceMs: Math.min(known.sinceMs, job.sinceMs),
    looksFirst: known.looksFirst || job.looksFirst,
    hasPut: hasPut(known) || hasPut(job),
  };
}
