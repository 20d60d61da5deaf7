// Promises of the comparison of two dates that nobody shows.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { areTheirsNewer } from './newer-bytes.js';

const NOW = 176_425_000_000_000n;
const date = fc.bigInt(2n, NOW);

it('tells which is later, in some dozens of questions', async () => {
  await fc.assert(
    fc.asyncProperty(date, date, fc.bigInt(0n, 10_000_000n), async (one, other, ahead) => {
      let questions = 0;
      const probe = (bytes: bigint) => (ticks: bigint) => {
        questions += 1;
        return Promise.resolve(bytes >= ticks ? ('here' as const) : ('never-here' as const));
      };
      const upTo = other + ahead > NOW ? NOW : other + ahead;
      expect(await areTheirsNewer(probe(one), probe(other), upTo)).toBe(other > one);
      expect(questions).toBeLessThan(150);
    }),
  );
});

it('believes nobody who cannot tell', async () => {
  const never = () => Promise.resolve('never-here' as const);
  const unknown = () => Promise.resolve('unknown' as const);
  expect(await areTheirsNewer(never, unknown, NOW)).toBe(false);
  expect(await areTheirsNewer(unknown, never, NOW)).toBe(false);
});
