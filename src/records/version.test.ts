// Promises of hybrid logical timestamps.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baselineVersion, isVersion, VersionClock, versionMs } from './version.js';

const NOW = 1_795_359_186_797;

describe('the versions of one clock', () => {
  it('rise for ever, whatever the host’s clock does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -100_000, max: 100_000 }), { maxLength: 200 }), (steps) => {
        let now = NOW;
        const clock = new VersionClock('one.h.0', () => now, 60_000);
        let last = '';
        for (const step of steps) {
          now += step;
          const version = clock.next();
          expect(isVersion(version)).toBe(true);
          expect(version > last).toBe(true);
          last = version;
        }
      }),
    );
  });

  it('rise beyond the counter’s end as well', () => {
    const clock = new VersionClock('one.h.0', () => NOW, 60_000);
    let last = '';
    for (let i = 0; i < 25_000; i += 1) {
      const version = clock.next();
      expect(version > last).toBe(true);
      last = version;
    }
    expect(versionMs(last) - NOW).toBeLessThan(5);
  });

  it('are newer than what was seen of others, and than what they are to follow', () => {
    const clock = new VersionClock('one.h.0', () => NOW, 60_000);
    const theirs = new VersionClock('two.h.0', () => NOW + 50_000, 60_000).next();
    clock.observe(theirs);
    expect(clock.next() > theirs).toBe(true);
    const far = baselineVersion(NOW + 10_000_000, 'two.h.0');
    expect(clock.next(far) > far).toBe(true);
  });

  it('are those of the host’s clock where nothing else was seen', () => {
    expect(versionMs(new VersionClock('one.h.0', () => NOW, 0).next())).toBe(NOW);
  });
});

describe('a version from another cluster', () => {
  it('is refused when it is further ahead than max_clock_skew, and leaves the clock as it was', () => {
    const clock = new VersionClock('one.h.0', () => NOW, 60_000);
    expect(() => clock.observe(baselineVersion(NOW + 60_001, 'two.h.0'))).toThrow('max_clock_skew');
    expect(versionMs(clock.next())).toBe(NOW);
  });

  it('is taken up to there, and from any past', () => {
    const clock = new VersionClock('one.h.0', () => NOW, 60_000);
    clock.observe(baselineVersion(NOW + 60_000, 'two.h.0'));
    clock.observe(baselineVersion(0, 'two.h.0'));
    expect(versionMs(clock.next())).toBe(NOW + 60_000);
  });
});

it.each(['', '1.2.x', `${'1'.repeat(14)}.0001.`, `${'1'.repeat(14)}.0001.a b`, 5, undefined])(
  '%j is no version',
  (text) => {
    expect(isVersion(text)).toBe(false);
  },
);
