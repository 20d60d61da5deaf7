// The whole body of a bulk delete, read by the rules of Swift's middleware/bulk.py. Pure; knows nothing of what becomes of the names.
import { unescapeBytes } from './path.js';

export interface BulkBody {
  /** As Swift reads them, one to a line: bytes as latin1, percent-decoded. '' for an empty line, which Swift passes over and counts. */
  readonly names: readonly string[];
  readonly longestLineBytes: number;
}

/** What Python's `bytes.strip` takes off. */
const WHITE = /^[ \t\r\v\f]+|[ \t\r\v\f]+$/g;

export function readBulkBody(body: Buffer): BulkBody {
  const lines = body.toString('latin1').split('\n');
  const names = lines.map((line) => unescapeBytes(line.replace(WHITE, '')).toString('latin1'));
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
