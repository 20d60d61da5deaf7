import { expect, it } from 'vitest';
import { trimOf } from './trim.js';

it('takes these characters off both ends, and no others', () => {
  expect(trimOf(' \t a b \t', ' \t')).toBe('a b');
  expect(trimOf('"a"b""', '"')).toBe('a"b');
  expect(trimOf('   ', ' ')).toBe('');
  expect(trimOf('a\u00a0', ' ')).toBe('a\u00a0');
});

it('takes no longer for many of them inside', () => {
  const text = `a${' '.repeat(20_000_000)}b`;
  expect(trimOf(text, ' ')).toBe(text);
});
