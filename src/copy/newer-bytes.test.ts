// Promises of the comparison of two dates that nobody shows.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { whoseBytesAreNewer } from './newer-bytes.js';

const NOW = 176_425_000_000_000n;
const date = fc.bigInt(2n, NOW);

it('tells which is later, in some dozens of questions', async () => {
  await fc.assert(
    fc.asyncProperty(date, date, fc.bigInt(0n, 10_000_000n), async (one, other, ahead) => {
      const later = one > other ? one : other;
      let questions = 0;
      const probe = (bytes: bigint) => (ticks: bigint) => {
        questions += 1;
        return Promise.resolve(bytes >= ticks ? ('here' as const) : ('never-here' as const));
      };
      const upTo = later + ahead;
      expect(await whoseBytesAreNewer(probe(one), probe(other), upTo)).toBe(
        other > one ? 'theirs' : other < one ? 'ours' : 'neither',
      );
      expect(questions).toBeLessThan(150);
    }),
  );
});

it('believes nobody who cannot tell', async () => {
  const never = () => Promise.resolve('never-here' as const);
  const unknown = () => Promise.resolve('unknown' as const);
  expect(await whoseBytesAreNewer(never, unknown, NOW)).toBe('unknown');
  expect(await whoseBytesAreNewer(unknown, never, NOW)).toBe('unknown');
});
