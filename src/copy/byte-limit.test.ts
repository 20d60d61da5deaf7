// Promises of the limit for the bytes to one peer, by a clock of the test's own.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ByteLimit } from './byte-limit.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Takes pieces of that size, one after the other, for ever; says how many bytes it had by now. */
function transfer(limit: ByteLimit, pieceBytes = 16_384): () => number {
  let bytes = 0;
  const go = async (): Promise<void> => {
    for (;;) {
      await limit.take(pieceBytes);
      bytes += pieceBytes;
    }
  };
  void go();
  return () => bytes;
}

it.each([64_000, 1_000_000, 50_000_000])('lets %d bytes a second go, within a few percent', async (rate) => {
  const limit = new ByteLimit(() => rate);
  const taken = transfer(limit);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(taken() / (20 * rate)).toBeGreaterThan(0.97);
  expect(taken() / (20 * rate)).toBeLessThan(1.03);
});

it('is shared by all transfers alike, and a small one does not wait for large ones', async () => {
  const limit = new ByteLimit(() => 1_000_000);
  const large = [transfer(limit), transfer(limit), transfer(limit)];
  await vi.advanceTimersByTimeAsync(9_000);
  const small = vi.fn();
  void limit.take(1_000).then(small);
  await vi.advanceTimersByTimeAsync(200);
  expect(small).toHaveBeenCalledOnce();
  await vi.advanceTimersByTimeAsync(800);
  for (const taken of large) expect(taken() / (10_000_000 / 3)).toBeCloseTo(1, 1);
});

it('changes within a second, for those that wait as well', async () => {
  let rate = 64_000;
  const limit = new ByteLimit(() => rate);
  const taken = transfer(limit);
  await vi.advanceTimersByTimeAsync(5_000);
  const before = taken();
  rate = 1_000_000;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(taken() - before).toBeGreaterThan(1_000_000);
  rate = 64_000;
  await vi.advanceTimersByTimeAsync(1_000);
  const after = taken();
  await vi.advanceTimersByTimeAsync(10_000);
  expect((taken() - after) / 640_000).toBeCloseTo(1, 1);
});

it('does not hand out later what nobody took', async () => {
  const limit = new ByteLimit(() => 100_000);
  await vi.advanceTimersByTimeAsync(60_000);
  const taken = transfer(limit, 1_000);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(taken()).toBeLessThan(130_000);
});

it('without a limit waits for nothing, and does so from one moment to the next', async () => {
  let rate = 64_000;
  const limit = new ByteLimit(() => rate);
  void limit.take(100_000_000);
  void limit.take(100_000_000);
  const waiting = vi.fn();
  void limit.take(1).then(waiting);
  rate = Infinity;
  await vi.advanceTimersByTimeAsync(500);
  expect(waiting).toHaveBeenCalledOnce();
  await limit.take(1e12);
});

it('says for how long it made anybody wait', async () => {
  const limit = new ByteLimit(() => 100_000);
  await vi.advanceTimersByTimeAsync(10_000);
  await limit.take(100_000);
  expect(limit.throttledSeconds).toBe(0);
  void limit.take(100_000);
  void limit.take(1);
  await vi.advanceTimersByTimeAsync(500);
  expect(limit.throttledSeconds).toBeCloseTo(0.5);
  await vi.advanceTimersByTimeAsync(9_500);
  // A quarter of the first was there; then the other was due.
  expect(limit.throttledSeconds).toBeCloseTo(1.75, 1);
});
