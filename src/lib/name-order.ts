// The order of Swift's listings: by the bytes of UTF-8, as SQLite compares them. Pure.

const SURROGATES_ON = /[\ud800-\uffff]/;

/** Negative: `a` stands first. */
export function compareNames(a: string, b: string): number {
  // Up to U+D7FF the order of JavaScript's code units is that of UTF-8.
  if (!SURROGATES_ON.test(a) && !SURROGATES_ON.test(b)) return a < b ? -1 : Number(a > b);
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
