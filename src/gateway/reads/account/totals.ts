// How many containers, objects and bytes there are: in Swift's headers of an account, and added up. Pure.
import type { HeaderList } from '../../../http/headers.js';

/** Beyond 2^53 bytes, too. */
export interface Totals {
  readonly containers: bigint;
  readonly objects: bigint;
  readonly bytes: bigint;
}

export const NOTHING: Totals = { containers: 0n, objects: 0n, bytes: 0n };

const HEADERS = {
  containers: 'X-Account-Container-Count',
  objects: 'X-Account-Object-Count',
  bytes: 'X-Account-Bytes-Used',
} as const;

/** @returns undefined where they are not all there */
export function totalsIn(headers: HeaderList): Totals | undefined {
  const containers = numberIn(headers, HEADERS.containers);
  const objects = numberIn(headers, HEADERS.objects);
  const bytes = numberIn(headers, HEADERS.bytes);
  if (containers === undefined || objects === undefined || bytes === undefined) return undefined;
  return { containers, objects, bytes };
}

/** Writes them in place of those that are there. */
export function setTotals(headers: HeaderList, { containers, objects, bytes }: Totals): void {
  headers.set(HEADERS.containers, String(containers));
  headers.set(HEADERS.objects, String(objects));
  headers.set(HEADERS.bytes, String(bytes));
}

export function sumOf(a: Totals, b: Totals): Totals {
  return {
    containers: a.containers + b.containers,
    objects: a.objects + b.objects,
    bytes: a.bytes + b.bytes,
  };
}

export function isSameTotals(a: Totals, b: Totals): boolean {
  return a.containers === b.containers && a.objects === b.objects && a.bytes === b.bytes;
}

function numberIn(headers: HeaderList, name: string): bigint | undefined {
  const text = headers.get(name) ?? '';
  return /^\d+$/.test(text) ? BigInt(text) : undefined;
}
