import { expect, it } from 'vitest';
import { Turns } from './turns.js';

it('work on one thing is done one after the other, and on another at once', async () => {
  const turns = new Turns();
  const done: string[] = [];
  let end: () => void = () => undefined;
  const first = turns.take('a', () => new Promise<void>((resolve) => (end = resolve)));
  const second = turns.take('a', (hasWaited) => Promise.resolve(done.push(`a ${hasWaited}`)));
  await turns.take('b', (hasWaited) => Promise.resolve(done.push(`b ${hasWaited}`)));
  end();
  await Promise.all([first, second]);
  expect(done).toEqual(['b false', 'a true']);
});

it('work that fails keeps nobody waiting', async () => {
  const turns = new Turns();
  const failing = turns.take('a', () => Promise.reject(new Error('no')));
  const next = turns.take('a', () => Promise.resolve('yes'));
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('yes');
  expect(await turns.take('a', (hasWaited) => Promise.resolve(hasWaited))).toBe(false);
});
