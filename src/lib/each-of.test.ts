// A stream is worked through with a bound on what is under way, and ends at the first error.
import { expect, it } from 'vitest';
import { eachOf } from './each-of.js';

async function* numbers(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i += 1) yield await Promise.resolve(i);
}

it('works on each item once, and on no more than so many at a time', async () => {
  const done: number[] = [];
  let underWay = 0;
  let most = 0;
  await eachOf(numbers(20), 3, async (item) => {
    most = Math.max(most, (underWay += 1));
    await new Promise((resolve) => setTimeout(resolve, 1));
    underWay -= 1;
    done.push(item);
  });
  expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  expect(most).toBe(3);
});

it('begins no more after an error, and rejects with it when all that was begun has ended', async () => {
  let begun = 0;
  const all = eachOf(numbers(100), 2, async (item) => {
    begun += 1;
    await Promise.resolve();
    if (item === 4) throw new Error('four');
  });
  await expect(all).rejects.toThrow('four');
  expect(begun).toBeLessThan(8);
});

it('rejects with the error of the stream', async () => {
  async function* broken(): AsyncGenerator<number> {
    yield await Promise.resolve(1);
    throw new Error('broken off');
  }
  await expect(eachOf(broken(), 2, () => Promise.resolve())).rejects.toThrow('broken off');
});
