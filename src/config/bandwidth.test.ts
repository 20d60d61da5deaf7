// Promises of what `copy_bandwidth` means, and of what is said of one that means nothing.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bandwidth, rateAt, type BandwidthPlan } from './bandwidth.js';

function plan(text: string): BandwidthPlan {
  const parsed = bandwidth.parse(text);
  if ('wrong' in parsed) throw new Error(parsed.wrong);
  return parsed.value;
}

const at = (hours: number, minutes = 0): Date => new Date(2026, 5, 1, hours, minutes);

describe('a rate', () => {
  it.each([
    ['50 MB/s', 50_000_000],
    ['1.5MB/s', 1_500_000],
    ['1 GB/s', 1e9],
    ['64 KB/s', 64_000],
    ['1 MiB/s', 1_048_576],
    ['100 Mbit/s', 12_500_000],
    ['250000', 250_000],
    ['70000 B/s', 70_000],
    ['0', Infinity],
    ['Unlimited', Infinity],
  ])('%s is %d bytes a second', (text, rate) => {
    expect(rateAt(plan(text), at(12))).toBe(rate);
  });
});

describe('windows', () => {
  it('hold from their first minute up to their last, by the clock of the host', () => {
    const day = plan('50 MB/s; 08:00-18:00 10 MB/s; 22:00-06:00 unlimited');
    const rates = [at(7, 59), at(8), at(17, 59), at(18), at(22), at(0), at(5, 59), at(6)];
    expect(rates.map((time) => rateAt(day, time) / 1e6)).toEqual([
      ...[50, 10, 10, 50, Infinity, Infinity, Infinity, 50],
    ]);
  });

  it('without a rate of its own for the rest of the day leave that without limit', () => {
    const day = plan('8:00 - 18:00 10 MB/s');
    expect([rateAt(day, at(9)), rateAt(day, at(19))]).toEqual([10e6, Infinity]);
  });

  it('may end at midnight, in either spelling, and stand on lines of their own', () => {
    for (const text of ['1 MB/s; 20:00-24:00 2 MB/s', '1 MB/s\n20:00-00:00 2 MB/s'])
      expect([rateAt(plan(text), at(23, 59)), rateAt(plan(text), at(0))], text).toEqual([2e6, 1e6]);
    expect(rateAt(plan('00:00-24:00 2 MB/s'), at(0))).toBe(2e6);
  });

  it('give every minute of the day the rate of the part that it lies in', () => {
    const cuts = fc.uniqueArray(fc.nat({ max: 1439 }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(cuts, fc.nat({ max: 1439 }), (unsorted, minute) => {
        const edges = unsorted.sort((a, b) => a - b);
        const text = (m: number): string => `${Math.floor(m / 60)}:${String(m % 60).padStart(2, '0')}`;
        // From each edge to the next, around midnight at last: so every minute has one.
        const windows = edges.map((edge, i) => {
          const next = edges[(i + 1) % edges.length]!;
          return `${text(edge)}-${text(next)} ${i + 1} MB/s`;
        });
        const last = edges.filter((edge) => edge <= minute).length;
        const expected = last === 0 ? edges.length : last;
        expect(rateAt(plan(windows.join('; ')), at(0, minute))).toBe(expected * 1e6);
      }),
    );
  });
});

describe('what means nothing', () => {
  it.each([
    ['fast', 'no rate', 'such as 10 MB/s'],
    ['10', 'below 64 KB/s', '64 KB/s or more'],
    ['10 MB', 'no rate', 'MB/s or GB/s for bytes'],
    ['10 Mb/s', 'no rate', 'Mbit/s or Gbit/s for bits'],
    ['1 MB/s; 08:00-09:00 pause', 'a pause', 'container sync'],
    ['1 MB/s; 08:00-18:00', 'no window', '08:00-18:00 10 MB/s'],
    ['1 MB/s; 2 MB/s', 'no window', '08:00-18:00 10 MB/s'],
    ['1 MB/s;', 'no window', '08:00-18:00 10 MB/s'],
    ['1 MB/s; 08:00-25:00 2 MB/s', 'no time of day', '00:00 to 24:00'],
    ['1 MB/s; 08:60-09:00 2 MB/s', 'no time of day', '00:00 to 24:00'],
    ['08:00-08:00 1 MB/s', 'empty', '00:00-24:00'],
    ['08:00-12:00 1 MB/s; 11:00-13:00 2 MB/s', 'two windows for 11:00', 'End one where'],
    ['22:00-06:00 1 MB/s; 05:00-07:00 2 MB/s', 'two windows for 05:00', 'End one where'],
    ['08:00-09:00 1 MB/s; 07:00-10:00 2 MB/s', 'two windows for 08:00', 'End one where'],
  ])('%s is refused, with what to write', (text, wrong, fix) => {
    const parsed = bandwidth.parse(text);
    expect(parsed).toMatchObject({
      wrong: expect.stringContaining(wrong) as string,
      fix: expect.stringContaining(fix) as string,
    });
  });
});
