// Promises of the pace: the limit holds, and trouble slows down for as long as it lasts.
import { expect, it } from 'vitest';
import { Pace } from './pace.js';

/** Requests one after the other for that long, each taking `tookMs`; how many there were. */
function run(pace: Pace, clock: { ms: number }, forMs: number, tookMs = 10, status = 200): number {
  const untilMs = clock.ms + forMs;
  let count = 0;
  for (; clock.ms < untilMs; count += 1) {
    clock.ms += pace.take(clock.ms) + tookMs;
    pace.learn(clock.ms, tookMs, status);
  }
  return count;
}

it('never goes faster than its limit in the long run, and waits for nothing after a pause', () => {
  const pace = new Pace(50);
  const clock = { ms: 0 };
  expect(run(pace, clock, 60_000)).toBeLessThanOrEqual(50 * (60 + 5) + 1);
  clock.ms += 10_000;
  expect(pace.take(clock.ms)).toBe(0);
});

it('without a limit waits for nothing', () => {
  const pace = new Pace(0);
  const clock = { ms: 0 };
  expect(run(pace, clock, 10_000)).toBe(1000);
});

it.each([503, 429, 498])(
  'slows down while answers are %i, ever more, and goes as before when they end',
  (status) => {
    const pace = new Pace(0);
    const clock = { ms: 0 };
    const usual = run(pace, clock, 10_000);
    const first = run(pace, clock, 10_000, 10, status);
    const second = run(pace, clock, 10_000, 10, status);
    expect(first).toBeLessThan(usual / 2);
    expect(second).toBeLessThan(first / 10);
    run(pace, clock, 120_000);
    expect(pace.spacingMs).toBe(0);
  },
);

it('slows down when requests take far longer than they did, not for one of them', () => {
  const pace = new Pace(100);
  const clock = { ms: 0 };
  run(pace, clock, 20_000);
  run(pace, clock, 1, 5_000);
  expect(pace.spacingMs).toBe(10);
  run(pace, clock, 60_000, 1_000);
  expect(pace.spacingMs).toBeGreaterThan(1_000);
  run(pace, clock, 120_000);
  expect(pace.spacingMs).toBe(10);
});

it('goes on at no less than one request in five seconds', () => {
  const pace = new Pace(50);
  const clock = { ms: 0 };
  run(pace, clock, 600_000, 10, 503);
  expect(pace.spacingMs).toBe(5_000);
});
