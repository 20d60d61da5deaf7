// How many bytes a second may be sent, by the time of day: `50 MB/s; 08:00-18:00 10 MB/s`. Pure: the time comes in.
import type { Parsed, ValueType } from './option.js';

/** A part of every day. */
export interface BandwidthWindow {
  /** Minutes since midnight. */
  readonly from: number;
  /** Not part of it. Up to 1440; less than `from` where it goes over midnight. */
  readonly to: number;
  /** Infinity: no limit. */
  readonly bytesPerSecond: number;
}

export interface BandwidthPlan {
  /** Outside all windows. Infinity: no limit. */
  readonly bytesPerSecond: number;
  /** No two of them have a minute in common. */
  readonly windows: readonly BandwidthWindow[];
}

/** With less, a transfer stands still for longer than Swift's client_timeout. */
export const LEAST_BYTES_PER_SECOND = 64_000;
const DAY_MINUTES = 24 * 60;

/** Bytes a second by unit, as it is to be written: a b for bits, a B for bytes would be mistaken for each other. */
const UNITS: Readonly<Record<string, number>> = {
  ...{ 'B/s': 1, 'KB/s': 1e3, 'MB/s': 1e6, 'GB/s': 1e9 },
  ...{ 'KiB/s': 2 ** 10, 'MiB/s': 2 ** 20, 'GiB/s': 2 ** 30 },
  ...{ 'kbit/s': 1e3 / 8, 'Mbit/s': 1e6 / 8, 'Gbit/s': 1e9 / 8 },
};
const RATE_FIX = 'Write it such as 10 MB/s, 500 KB/s or 100 Mbit/s, or unlimited.';
const WINDOW_FIX = 'Write windows such as 08:00-18:00 10 MB/s, with semicolons between.';

/** @returns bytes a second in force at that time of the host's own clock; Infinity: no limit */
export function rateAt({ bytesPerSecond, windows }: BandwidthPlan, at: Date): number {
  const minute = at.getHours() * 60 + at.getMinutes();
  return windows.find((window) => isIn(window, minute))?.bytesPerSecond ?? bytesPerSecond;
}

function isIn({ from, to }: BandwidthWindow, minute: number): boolean {
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

/** `RATE; HH:MM-HH:MM RATE; …`: the rate outside the windows may be missing. */
export const bandwidth: ValueType<BandwidthPlan> = {
  words: 'RATE; HH:MM-HH:MM RATE; …',
  range: 'RATE from 64 KB/s, or unlimited, the same as 0',
  suffix: '',
  parse: (text) => {
    const parts = text.split(/[;\n]/).map((part) => part.trim());
    const isBaseGiven = !/^\d+:/.test(parts[0] ?? '');
    const base = parseRate(isBaseGiven ? (parts.shift() ?? '') : 'unlimited');
    if ('wrong' in base) return base;
    const windows: BandwidthWindow[] = [];
    for (const part of parts) {
      const window = parseWindow(part);
      if ('wrong' in window) return window;
      const common = commonMinute([...windows, window.value]);
      if (common !== undefined)
        return {
          wrong: `has two windows for ${clock(common)}: "${part}"`,
          fix: 'End one where the other begins.',
        };
      windows.push(window.value);
    }
    return { value: { bytesPerSecond: base.value, windows } };
  },
};

function parseWindow(part: string): Parsed<BandwidthWindow> {
  const [, fromText, toText, rateText = ''] = /^(\d+:\d+) ?- ?(\d+:\d+)\s+(.+)$/.exec(part) ?? [];
  if (fromText === undefined || toText === undefined)
    return { wrong: `has what is no window: "${part}"`, fix: WINDOW_FIX };
  const [from, to] = [parseClock(fromText), parseClock(toText)];
  if (from === undefined || to === undefined || from === DAY_MINUTES)
    return { wrong: `has what is no time of day: "${part}"`, fix: 'Write times from 00:00 to 24:00.' };
  if (from === to)
    return { wrong: `has a window that is empty: "${part}"`, fix: 'For the whole day write 00:00-24:00.' };
  const rate = parseRate(rateText);
  return 'wrong' in rate
    ? rate
    : { value: { from, to: to === 0 ? DAY_MINUTES : to, bytesPerSecond: rate.value } };
}

function parseClock(text: string): number | undefined {
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})$/.exec(text) ?? [];
  const [h, m] = [Number(hours ?? NaN), Number(minutes ?? NaN)];
  return m < 60 && h * 60 + m <= DAY_MINUTES ? h * 60 + m : undefined;
}

function clock(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':');
}

/** In bytes a second; Infinity for no limit. A number alone is bytes a second. */
function parseRate(text: string): Parsed<number> {
  if (/^(?:unlimited|0)$/i.test(text)) return { value: Infinity };
  if (/^pause$/i.test(text)) {
    return {
      wrong: 'has a pause, and there is none',
      fix: "Write a low rate, such as 64 KB/s: Swift's own container sync would send the objects meanwhile.",
    };
  }
  const [, number, unit = 'B/s'] = /^(\d{1,15}(?:\.\d{1,6})?)(?: ?([a-z]+\/s))?$/i.exec(text) ?? [];
  const bytes = Math.floor(Number(number ?? NaN) * (UNITS[unit] ?? NaN));
  if (Number.isNaN(bytes)) {
    const isBitsOrBytes = /[kmg]b(?:ps|\/s)?$/i.test(text);
    return {
      wrong: `has what is no rate: "${text}"`,
      fix: isBitsOrBytes
        ? 'Write KB/s, MB/s or GB/s for bytes, kbit/s, Mbit/s or Gbit/s for bits.'
        : RATE_FIX,
    };
  }
  if (bytes >= LEAST_BYTES_PER_SECOND) return { value: bytes };
  return { wrong: `has a rate below 64 KB/s: "${text}"`, fix: 'Write 64 KB/s or more, or unlimited.' };
}

function commonMinute(windows: readonly BandwidthWindow[]): number | undefined {
  // Two that meet do so where one of them begins.
  return windows
    .map(({ from }) => from)
    .find((from) => windows.filter((each) => isIn(each, from)).length > 1);
}
