// Promises of the sums of what waits to be copied.
import { expect, it } from 'vitest';
import { backlogOf } from './backlog.js';
import type { CopyJob } from './job.js';

const job = (container: string, sinceMs: number, bytes?: number): CopyJob => ({
  ...{ account: 'a', container, object: 'o', sinceMs, looksFirst: false },
  ...(bytes === undefined ? {} : { bytes }),
});

it('nothing waiting is nothing behind', () => {
  expect(backlogOf([], 5)).toEqual({ objects: 0, bytes: 0, oldestMs: undefined, containers: [] });
});

it('the numbers are of all containers, the names of those that have waited longest', () => {
  expect(backlogOf([job('c', 9, 1), job('d', 3), job('d', 7, 4), job('e', 8)], 2)).toEqual({
    ...{ objects: 4, bytes: 5, oldestMs: 3 },
    containers: [
      { account: 'a', container: 'd', objects: 2, bytes: 4, oldestMs: 3 },
      { account: 'a', container: 'e', objects: 1, bytes: 0, oldestMs: 8 },
    ],
  });
});
