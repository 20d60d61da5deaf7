// Promises of the walk through several sorted streams, against a plain model.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeJoin, type Sorted } from './merge-join.js';
import { compareNames } from './name-order.js';

const name = fc.string({ unit: fc.constantFrom('a', 'b', '-', '/', 'é', '\uffff', '😀'), maxLength: 4 });

async function* stream(keys: readonly string[]): Sorted<string> {
  for (const key of keys) yield await Promise.resolve([key, `value of ${key}`] as const);
}

describe('the order of names', () => {
  it('is that of the bytes of UTF-8, for any names', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        const bytes = Buffer.compare(Buffer.from(a), Buffer.from(b));
        expect(Math.sign(compareNames(a, b))).toBe(bytes);
      }),
    );
  });
});

describe('several streams', () => {
  it('give each key once, in order, with what every stream has of it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uniqueArray(name), { maxLength: 4 }), async (lists) => {
        const sorted = lists.map((list) => [...list].sort(compareNames));
        const found: [string, (string | undefined)[]][] = [];
        for await (const { key, values } of mergeJoin(sorted.map(stream))) found.push([key, [...values]]);
        const keys = [...new Set(lists.flat())].sort(compareNames);
        const expected = keys.map((key) => [
          key,
          lists.map((list) => (list.includes(key) ? `value of ${key}` : undefined)),
        ]);
        expect(found).toEqual(expected);
      }),
    );
  });

  it('end with the error of the one that fails, and are all closed', async () => {
    let isClosed = false;
    async function* endless(): Sorted<string> {
      try {
        for (let i = 0; ; i += 1) yield await Promise.resolve([`a${i}`, ''] as const);
      } finally {
        isClosed = true;
      }
    }
    async function* failing(): Sorted<string> {
      yield await Promise.resolve(['a0', ''] as const);
      throw new Error('gone');
    }
    const walk = async (): Promise<void> => {
      for await (const { key } of mergeJoin([endless(), failing()])) expect(key).toMatch(/^a/);
    };
    await expect(walk()).rejects.toThrow('gone');
    expect(isClosed).toBe(true);
  });
});
