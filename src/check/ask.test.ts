// Promises of reading a server's clock from its Date.
import { describe, expect, it } from 'vitest';
import { judgeClock, readClock } from './ask.js';
import { About } from './finding.js';

const NOW = Date.parse('2026-11-22T12:00:00.000Z');
const judge = (date: string | undefined, startMs: number, endMs: number) =>
  judgeClock(new About('peer two'), 'peer-clock', 'its gateway', readClock(date, startMs, endMs), 30_000);
const at = (ms: number) => new Date(ms).toUTCString();

describe("a server's clock", () => {
  it('is right when its Date is this second, wherever in it we are', () => {
    for (const offset of [0, 400, 999])
      expect(judge(at(NOW), NOW + offset, NOW + offset).severity).toBe('ok');
  });

  it('is given the time that the answer took', () => {
    expect(judge(at(NOW), NOW - 3_000, NOW + 3_000).severity).toBe('ok');
    expect(judge(at(NOW + 3_000), NOW - 3_000, NOW + 3_000).severity).toBe('ok');
    expect(judge(at(NOW + 9_000), NOW - 3_000, NOW + 3_000).severity).toBe('warning');
  });

  it('a few seconds off is a warning, in seconds and with the direction', () => {
    expect(judge(at(NOW + 5_000), NOW, NOW).message).toBe("its gateway: clock 5.5 s ahead of this host's");
    expect(judge(at(NOW - 5_000), NOW, NOW)).toMatchObject({
      severity: 'warning',
      message: "its gateway: clock 4.5 s behind this host's",
    });
  });

  it('off by more than max_clock_skew is an error that names the limit', () => {
    expect(judge(at(NOW - 40_000), NOW, NOW)).toMatchObject({
      severity: 'error',
      message: expect.stringContaining('max_clock_skew is 30 s') as string,
    });
  });

  it('is not known without a Date, or with one that is none', () => {
    for (const date of [undefined, 'soon']) expect(judge(date, NOW, NOW).severity).toBe('skipped');
  });
});
