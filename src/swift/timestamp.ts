// Swift's timestamps: seconds with five decimals (common/utils/timestamp.py). Pure.

const TICKS_PER_SECOND = 100_000n;

/** The least date that Swift takes of an object: whatever it has seen is as new (obj/server.py). */
export const FIRST_TICK = 1n;

/** `X-Timestamp` as a number of ticks of 10 µs; undefined for what is none. An offset (`_…`) is left out. */
export function parseTimestamp(text: string): bigint | undefined {
  const match = /^(\d{1,12})(?:\.(\d{1,9}))?(?:_[0-9a-f]{1,16})?$/.exec(text.trim());
  if (match === null) return undefined;
  return BigInt(match[1] as string) * TICKS_PER_SECOND + BigInt((match[2] ?? '').slice(0, 5).padEnd(5, '0'));
}

/** Ten digits, a point, five digits. */
export function formatTimestamp(ticks: bigint): string {
  const seconds = (ticks / TICKS_PER_SECOND).toString().padStart(10, '0');
  return `${seconds}.${(ticks % TICKS_PER_SECOND).toString().padStart(5, '0')}`;
}

/** `last_modified` of a listing (`2026-11-22T11:30:00.123450`, UTC) in ticks. */
export function parseListingTime(text: string): bigint | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?$/.exec(text);
  if (match === null) return undefined;
  const milliseconds = Date.parse(`${match[1] as string}Z`);
  if (Number.isNaN(milliseconds)) return undefined;
  return BigInt(milliseconds / 1000) * TICKS_PER_SECOND + BigInt((match[2] ?? '').padEnd(6, '0').slice(0, 5));
}

/** In milliseconds since 1970. */
export function timestampMs(ticks: bigint): number {
  return Number(ticks) / 100;
}
