// How far a peer is behind, from the jobs that are not done yet: all of them, and by container. Pure.
import type { CopyJob } from './job.js';

export interface Backlog {
  readonly objects: number;
  /** Of what clients sent; a length that was not said counts as nothing. */
  readonly bytes: number;
  /** When the client had its answer to the oldest, in milliseconds since 1970; undefined for none. */
  readonly oldestMs: number | undefined;
}

export interface ContainerBacklog {
  readonly account: string;
  readonly container: string;
  readonly objects: number;
  readonly bytes: number;
  readonly oldestMs: number;
}

export interface Backlogs extends Backlog {
  /** Those whose oldest has waited longest, first. */
  readonly containers: readonly ContainerBacklog[];
}

/** @param max so many containers at most */
export function backlogOf(jobs: Iterable<CopyJob>, max: number): Backlogs {
  const byContainer = new Map<string, ContainerBacklog>();
  let [objects, bytes, oldestMs] = [0, 0, Infinity];
  for (const { account, container, sinceMs, bytes: length = 0 } of jobs) {
    objects += 1;
    bytes += length;
    oldestMs = Math.min(oldestMs, sinceMs);
    const name = `${account}/${container}`;
    const known = byContainer.get(name);
    byContainer.set(name, {
      account,
      container,
      objects: (known?.objects ?? 0) + 1,
      bytes: (known?.bytes ?? 0) + length,
      oldestMs: Math.min(known?.oldestMs ?? Infinity, sinceMs),
    });
  }
  const containers = [...byContainer.values()].sort((a, b) => a.oldestMs - b.oldestMs).slice(0, max);
  return { objects, bytes, oldestMs: oldestMs === Infinity ? undefined : oldestMs, containers };
}
