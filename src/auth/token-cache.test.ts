import { beforeEach, describe, expect, it } from 'vitest';
import { AutosyncError } from '../lib/errors.js';
import { TokenCache } from './token-cache.js';

let nowMs: number;
let issued: number;
let lifeMs: number;
let isDown: boolean;
let release: (() => void) | undefined;

beforeEach(() => {
  [nowMs, issued, lifeMs, isDown, release] = [0, 0, 3_600_000, false, undefined];
});

const cache = () =>
  new TokenCache(
    async () => {
      issued++;
      const number = issued;
      if (release !== undefined) await new Promise<void>((resolve) => (release = resolve));
      if (isDown) throw new AutosyncError('SERVICE_AUTH_FAILED', 'down');
      return { token: `t${number}`, expiresMs: nowMs + lifeMs, account: 'AUTH_x' };
    },
    () => nowMs,
  );
/** Lets background renewals come to their end. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('a cached token', () => {
  it('is fetched once for all callers, also for those that ask for the account', async () => {
    const tokens = cache();
    release = () => undefined;
    const waiting = [tokens.token(), tokens.account(), tokens.token()];
    await settle();
    release();
    expect(await Promise.all(waiting)).toEqual(['t1', 'AUTH_x', 't1']);
    expect(issued).toBe(1);
  });

  it.each([
    ['80 % of a short life', 100_000, 40_000],
    ['60 s before the end of a middling one', 200_000, 140_000],
    ['80 % of a long one', 3_600_000, 2_880_000],
  ])('is renewed at %s, in the background', async (_, life, dueMs) => {
    lifeMs = life;
    const tokens = cache();
    await tokens.token();
    nowMs = dueMs - 1;
    await tokens.token();
    await settle();
    expect(issued).toBe(1);
    nowMs = dueMs;
    expect(await tokens.token()).toBe('t1');
    await settle();
    expect(await tokens.token()).toBe('t2');
    expect(issued).toBe(2);
  });

  it('serves on while renewing fails, and is asked for anew after a second, not sooner', async () => {
    const tokens = cache();
    await tokens.token();
    isDown = true;
    nowMs = 3_000_000;
    for (let i = 0; i < 5; i++) {
      expect(await tokens.token()).toBe('t1');
      await settle();
    }
    expect(issued).toBe(2);
    nowMs += 1000;
    await tokens.token();
    await settle();
    expect(issued).toBe(3);
    nowMs = 3_600_000;
    await expect(tokens.token()).rejects.toMatchObject({ code: 'SERVICE_AUTH_FAILED' });
    isDown = false;
    nowMs += 1000;
    expect(await tokens.token()).toBe('t5');
  });

  it('is not asked for with every call when little of its life is left', async () => {
    lifeMs = 30_000;
    const tokens = cache();
    for (nowMs = 0; nowMs < 30_000; nowMs += 100) {
      lifeMs = 30_000 - nowMs;
      await tokens.token();
      await settle();
    }
    expect(issued).toBeLessThanOrEqual(7);
  });

  it('is replaced once when Swift refuses it, however many callers say so', async () => {
    const tokens = cache();
    const old = await tokens.token();
    tokens.invalidate(old);
    tokens.invalidate(old);
    expect(await Promise.all([tokens.token(), tokens.token()])).toEqual(['t2', 't2']);
    tokens.invalidate(old);
    expect(await tokens.token()).toBe('t2');
    expect(issued).toBe(2);
  });

  it('that could not be had is not asked for again within a second', async () => {
    isDown = true;
    const tokens = cache();
    for (nowMs of [0, 500, 999]) await expect(tokens.token()).rejects.toThrow(/down/);
    expect(issued).toBe(1);
    [nowMs, isDown] = [1000, false];
    expect(await tokens.token()).toBe('t2');
  });

  it('keeps the account known when the token is gone', async () => {
    const tokens = cache();
    tokens.invalidate(await tokens.token());
    isDown = true;
    expect(await tokens.account()).toBe('AUTH_x');
  });
});
