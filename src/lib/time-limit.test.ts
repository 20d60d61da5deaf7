// Promises of waiting for a limited time.
import { expect, it } from 'vitest';
import { TimeLimit, untilAborted } from './time-limit.js';

const NEVER = new Promise<number>(() => undefined);

it('what comes in time is waited for', async () => {
  const limit = new TimeLimit(60_000);
  expect(await untilAborted(limit.signal, Promise.resolve(1))).toBe(1);
  await expect(untilAborted(limit.signal, Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  limit.end();
});

it('what does not is not', async () => {
  const limit = new TimeLimit(1);
  expect(await untilAborted(limit.signal, NEVER)).toBeUndefined();
  limit.end();
});

it('what is known already is known after that, too', async () => {
  const limit = new TimeLimit(60_000);
  limit.end();
  expect(await untilAborted(limit.signal, Promise.resolve(1))).toBe(1);
  expect(await untilAborted(limit.signal, NEVER)).toBeUndefined();
});
