import { expect, it } from 'vitest';
import { NonceMemory } from './nonce-memory.js';

it('knows a nonce until its time is over', () => {
  const memory = new NonceMemory();
  expect(memory.remember('a', 0, 100)).toBe(true);
  expect(memory.remember('a', 99, 100)).toBe(false);
  expect(memory.remember('a', 100, 100)).toBe(true);
});

it('stays within its bounds and forgets the oldest first', () => {
  const memory = new NonceMemory({ maxEntries: 3 });
  for (const nonce of ['a', 'b', 'c', 'd']) memory.remember(nonce, 0, 100);
  expect(memory.size).toBe(3);
  expect(memory.remember('d', 1, 100)).toBe(false);
  expect(memory.remember('a', 1, 100)).toBe(true);
});

it('lets go of everything that is over', () => {
  const memory = new NonceMemory();
  for (let i = 0; i < 1000; i++) memory.remember(String(i), i, 100);
  memory.remember('x', 5000, 100);
  expect(memory.size).toBe(1);
});
