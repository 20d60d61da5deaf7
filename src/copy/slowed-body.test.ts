// Promises of a body that is let through slowly: it is the same, and breaks off where it did.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { collectBody, MessageBody } from '../http/message-body.js';
import { ByteLimit } from './byte-limit.js';
import { slowedBody } from './slowed-body.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const LENGTH = 500_000;
const BYTES = Buffer.from(Array.from({ length: LENGTH }, (_, i) => (i * 7) % 251));

/** A body fed as a connection does: the next bytes in the same memory, and only when it is asked for more. */
function source(lengthBytes = LENGTH) {
  const memory = Buffer.alloc(65_536);
  let [at, isPaused, isGone] = [0, false, false];
  const flow = (): void => {
    while (!isPaused && !isGone && at < lengthBytes) {
      const size = BYTES.copy(memory, 0, at, at + memory.length);
      at += size;
      body.feed(memory.subarray(0, size));
    }
  };
  const body = new MessageBody(
    { kind: 'length', length: LENGTH },
    {
      pause: () => (isPaused = true),
      resume: () => {
        isPaused = false;
        flow();
      },
      settled: () => (isGone = true),
    },
  );
  return { body, flow, read: () => at, isGone: () => isGone };
}

describe('a slowed body', () => {
  it('arrives unharmed, takes its time, and its source is read no faster', async () => {
    const { body, flow, read } = source();
    const slowed = slowedBody(body, new ByteLimit(() => 100_000), LENGTH);
    flow();
    const arrived = vi.fn();
    const collected = collectBody(slowed, LENGTH);
    void collected.then(arrived);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(read()).toBeLessThan(400_000);
    expect(arrived).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(3_500);
    expect((await collected).equals(BYTES)).toBe(true);
  });

  it('waits for a consumer that is slower, and uses its memory until it is given back', async () => {
    const { body, flow } = source();
    const slowed = slowedBody(body, new ByteLimit(() => Infinity), LENGTH);
    flow();
    const taken: Buffer[] = [];
    const ended = vi.fn();
    slowed.consume({
      data: (chunk) => {
        setTimeout(() => {
          taken.push(Buffer.from(chunk));
          slowed.resume();
        }, 10);
        return false;
      },
      end: ended,
      error: (error) => expect.unreachable(String(error)),
    });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(ended).toHaveBeenCalledOnce();
    expect(Buffer.concat(taken).equals(BYTES)).toBe(true);
  });

  it('breaks off where its source does', async () => {
    const { body, flow } = source();
    const slowed = slowedBody(body, new ByteLimit(() => 100_000), LENGTH);
    flow();
    const collected = collectBody(slowed, LENGTH).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1_000);
    body.fail(new Error('gone'));
    expect(await collected).toEqual(new Error('gone'));
  });

  it.each(['before', 'while'])(
    'lets its source go where nobody wants it any more, %s it flows',
    async (when) => {
      const { body, flow, isGone } = source();
      const slowed = slowedBody(body, new ByteLimit(() => 100_000), LENGTH);
      flow();
      if (when === 'while') void collectBody(slowed, LENGTH);
      await vi.advanceTimersByTimeAsync(1_000);
      slowed.abandon();
      expect(isGone()).toBe(true);
      await vi.advanceTimersByTimeAsync(10_000);
    },
  );
});
