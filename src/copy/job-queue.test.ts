// Promises of the queue of copies to one peer.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CopyJob } from './job.js';
import { JobQueue } from './job-queue.js';

function job(container: string, object: string, sinceMs = 0, looksFirst = false): CopyJob {
  return { account: 'a', container, object, sinceMs, looksFirst };
}

function drain(queue: JobQueue): string[] {
  const taken: string[] = [];
  for (let next = queue.take(); next !== undefined; next = queue.take())
    taken.push(`${next.container}/${next.object}`);
  return taken;
}

describe('jobs', () => {
  it('of a busy container do not keep another one’s waiting', () => {
    const queue = new JobQueue(100);
    for (const object of ['1', '2', '3']) queue.add(job('busy', object));
    queue.add(job('quiet', 'x'));
    expect(drain(queue)).toEqual(['busy/1', 'quiet/x', 'busy/2', 'busy/3']);
  });

  it('for one object are one, as old as the first, that looks first if any of them does', () => {
    const queue = new JobQueue(100);
    queue.add(job('c', 'o', 5, true));
    queue.add(job('c', 'o', 9, false));
    expect(queue.size).toBe(1);
    expect(queue.take()).toEqual({ ...job('c', 'o', 5, true), hasPut: true });
  });

  it('for an object that is being copied wait until that is done', () => {
    const queue = new JobQueue(100);
    queue.add(job('c', 'o', 1));
    const first = queue.take()!;
    queue.add(job('c', 'o', 2));
    expect(queue.take()).toBeUndefined();
    queue.done(first);
    expect(queue.take()).toEqual(job('c', 'o', 2));
  });

  it('for large objects leave room for others', () => {
    const queue = new JobQueue(100);
    for (const object of ['1', '2']) queue.add({ ...job('c', object), bytes: 1e9 });
    queue.add({ ...job('c', 'small'), bytes: 10 });
    expect(queue.take(false)?.object).toBe('small');
    expect(queue.take(false)).toBeUndefined();
    expect(queue.take(true)?.object).toBe('1');
  });

  it.each(['film_segments', 'film+segments'])('for what has segments in %s come after them', (segments) => {
    const queue = new JobQueue(100);
    queue.add(job('film', 'earlier', 1));
    queue.add(job(segments, 'part', 2));
    queue.add(job('film', 'manifest', 3));
    expect([queue.take(), queue.take(), queue.take()].map((each) => each?.object)).toEqual([
      'earlier',
      'part',
      undefined,
    ]);
    queue.done(job(segments, 'part'));
    // Segments of a later upload do not hold it up.
    queue.add(job(segments, 'part', 4));
    expect(queue.take()?.object).toBe('manifest');
  });

  it('beyond the limit are dropped and counted; those of objects that wait already are not', () => {
    const queue = new JobQueue(1);
    queue.add(job('c', '1'));
    queue.add(job('c', '2'));
    queue.add(job('c', '1'));
    expect([queue.size, queue.dropped]).toEqual([1, 1]);
  });

  it('are each taken once, whatever the order', () => {
    const jobs = fc.array(fc.tuple(fc.constantFrom('c', 'd', 'e'), fc.constantFrom('1', '2', '3', '4')));
    fc.assert(
      fc.property(jobs, (names) => {
        const queue = new JobQueue(1_000);
        for (const [container, object] of names) queue.add(job(container, object));
        const taken = drain(queue);
        expect(taken.sort()).toEqual([...new Set(names.map((name) => name.join('/')))].sort());
        expect([queue.size, [...queue.jobs()]]).toEqual([0, []]);
      }),
    );
  });
});
