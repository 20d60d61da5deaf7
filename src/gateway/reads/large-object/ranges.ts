// Which bytes a Range header asks for, as Swift reads it (common/swob.py, Range). Pure.
import type { HeaderList } from '../../../http/headers.js';

/** Some bytes of a whole: from `start` up to, not with, `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** As it was asked for: one of the two may be open. */
export interface AskedRange {
  readonly first: number | undefined;
  /** Without `first`: how many bytes at the end. */
  readonly last: number | undefined;
}

const MAX_RANGES = 50;
const MAX_OVERLAPS = 2;
const MAX_RANGES_OUT_OF_ORDER = 7;

/** Undefined for what is to be ignored: no header, another unit, or one range that is none. */
export function parseRange(headers: HeaderList): readonly AskedRange[] | undefined {
  const list = /^bytes=(.*)$/i.exec(headers.getAll('range').join(',').replaceAll(' ', ''));
  if (list === null) return undefined;
  const ranges: AskedRange[] = [];
  for (const text of (list[1] as string).split(',')) {
    const match = /^(\d*)-(\d*)$/.exec(text);
    const [first, last] = [number(match?.[1]), number(match?.[2])];
    if (first === undefined && last === undefined) return undefined;
    if (first !== undefined && last !== undefined && last < first) return undefined;
    ranges.push({ first, last });
  }
  return ranges;
}

/** Those of the ranges that a whole of this length can satisfy; none: 416. So many, or so mixed up, that they are an attack: none. */
export function satisfiable(ranges: readonly AskedRange[], lengthBytes: number): readonly Span[] {
  const spans = ranges.flatMap((range) => spanOf(range, lengthBytes) ?? []);
  return spans.length > MAX_RANGES || hasOverlaps(spans) || isOutOfOrder(spans) ? [] : spans;
}

/** As in `Content-Range`. */
export function contentRange({ start, end }: Span, lengthBytes: number): string {
  return `bytes ${start}-${end - 1}/${lengthBytes}`;
}

function number(digits: string | undefined): number | undefined {
  return digits === undefined || digits === '' ? undefined : Number(digits);
}

function spanOf({ first, last }: AskedRange, length: number): Span | undefined {
  if (first === undefined)
    return last === 0 ? undefined : { start: Math.max(length - (last ?? 0), 0), end: length };
  if (first >= length) return undefined;
  return { start: first, end: last === undefined ? length : Math.min(last + 1, length) };
}

/** Equal ranges do not count, as in Swift. */
function hasOverlaps(spans: readonly Span[]): boolean {
  let overlaps = 0;
  for (const [i, a] of spans.entries())
    for (const b of spans.slice(i + 1)) {
      const isInside = (at: number, span: Span): boolean => span.start < at && at < span.end;
      if (isInside(b.start, a) || isInside(b.end, a) || isInside(a.start, b) || isInside(a.end, b))
        overlaps += 1;
    }
  return overlaps > MAX_OVERLAPS;
}

function isOutOfOrder(spans: readonly Span[]): boolean {
  if (spans.length <= MAX_RANGES_OUT_OF_ORDER) return false;
  return spans.some((span, i) => {
    const next = spans[i + 1] ?? span;
    return span.start > next.start || (span.start === next.start && span.end > next.end);
  });
}
