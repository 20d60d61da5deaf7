// The whole body of a bulk delete, read by the rules of Swift's middleware/bulk.py. Pure; knows nothing of what becomes of the names.
import { trimOf } from '../lib/trim.js';
import { unescapeBytes } from './path.js';

export interface BulkBody {
  /** As Swift reads them, one to a line: bytes as latin1, percent-decoded. '' for an empty line, which Swift passes over and counts. */
  readonly names: readonly string[];
  readonly longestLineBytes: number;
}

const LF = 0x0a;
/** Swift takes 10,000, unless it is configured otherwise. */
const MAX_LINES = 100_000;
/** What Python's `bytes.strip` takes off. */
export const WHITE = ' \t\r\v\f';

/** Undefined where it is of more lines than any Swift takes. */
export function readBulkBody(body: Buffer): BulkBody | undefined {
  let count = 0;
  for (let at = body.indexOf(LF); at >= 0; at = body.indexOf(LF, at + 1))
    if (++count > MAX_LINES) return undefined;
  const lines = body.toString('latin1').split('\n');
  const names = lines.map((line) => unescapeBytes(trimOf(line, WHITE)).toString('latin1'));
  if (names.at(-1) === '') names.pop();
  return { names, longestLineBytes: lines.reduce((longest, { length }) => Math.max(longest, length), 0) };
}

/** Objects go before containers, so that these are empty. */
export function isObjectName(name: string): boolean {
  return /[^/]\/+[^/]/.test(name);
}

/** As Python's `quote` writes it: bytes as latin1, percent-encoded but for slashes. */
export function quoteBytes(name: string): string {
  return name.replace(
    /[^\w.~/-]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
