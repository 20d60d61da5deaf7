// The manifest of a static large object as a client puts it, held against what its segments are (Swift's middleware/slo.py). Whatever
// else is wrong with it Swift says itself. Pure.
import { HeaderList } from '../../../http/headers.js';
import { problem, type Problem } from '../../../swift/bulk-answer.js';
import { isSuccess } from '../../../swift/swift-client.js';
import { parseRange, satisfiable } from '../../reads/large-object/ranges.js';
import type { OutgoingResponse } from '../../station.js';

/** As much as Swift takes by default. */
export const MAX_MANIFEST_BYTES = 8 * 1024 * 1024;

const OPTIONAL_KEYS = { data: new Set<string>(), path: new Set(['range', 'etag', 'size_bytes']) } as const;

type Fields = Readonly<Record<string, unknown>>;

/** One object that a manifest names. */
export interface NamedSegment {
  /** As the client wrote it. */
  readonly path: string;
  readonly container: string;
  readonly object: string;
}

export interface ClientManifest {
  readonly entries: readonly unknown[];
  /** Each once. */
  readonly segments: readonly NamedSegment[];
  /** How many entries name an object. */
  readonly namedCount: number;
}

/** What a HEAD said of a segment. */
export type Found = Pick<OutgoingResponse, 'status' | 'reason' | 'headers'>;

/** A manifest whose segments are all there. */
export interface CheckedManifest {
  /** As a client would put it, with each segment's ETag and size. */
  readonly toPut: Buffer;
  /** As Swift keeps it. */
  readonly stored: Buffer;
}

/**
 * Text: why it is refused. What is checked is also what is sent on, written anew: two readers of JSON need not agree on what a client wrote.
 */
export function parseManifest(bytes: Buffer): ClientManifest | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return 'Manifest must be valid JSON.';
  }
  if (!Array.isArray(parsed)) return 'Manifest must be a list.';
  const entries = parsed as readonly unknown[];
  const segments = new Map<string, NamedSegment>();
  for (const [index, entry] of entries.entries()) {
    const path = pathOf(entry);
    // Python would make other bytes of half a character than we do.
    if (/\p{Surrogate}|\0/u.test(path ?? '')) return `Index ${index}: "path" must be valid UTF-8`;
    const [, container, object] = /^\/*([^/]+)\/(.+)$/s.exec(path ?? '') ?? [];
    if (path !== undefined && container !== undefined && object !== undefined)
      segments.set(path, { path, container, object });
  }
  const namedCount = entries.filter((entry) => pathOf(entry) !== undefined).length;
  return { entries, segments: [...segments.values()], namedCount };
}

/** @param found what a HEAD said, by the segment's path */
export function checkManifest(
  { entries }: ClientManifest,
  found: ReadonlyMap<string, Found>,
): CheckedManifest | readonly Problem[] {
  const problems: Problem[] = [];
  const checked = entries.map((entry, index) => {
    const path = pathOf(entry) ?? '';
    const answer = found.get(path);
    if (answer === undefined) return { toPut: entry, stored: entry };
    const mayBeEmpty = index === entries.length - 1;
    const segment = { path, entry: entry as Fields, mayBeEmpty, answer };
    if (isSuccess(answer.status)) return checkSegment(segment, (what) => problems.push(problem(path, what)));
    problems.push(problem(path, `${answer.status} ${answer.reason}`));
    return { toPut: entry, stored: {} };
  });
  if (problems.length > 0) return problems;
  const json = (values: unknown): Buffer => Buffer.from(JSON.stringify(values));
  return {
    toPut: json(checked.map(({ toPut }) => toPut)),
    stored: json(checked.map(({ stored }) => stored)),
  };
}

/** What Swift refuses in any case, so that nobody else stores it either; undefined where there is nothing. @param self where the manifest goes */
export function faultIn(
  { entries, segments }: ClientManifest,
  self: Pick<NamedSegment, 'container' | 'object'>,
): string | undefined {
  const isSelf = (path: string): boolean => {
    const segment = segments.find((each) => each.path === path);
    return segment?.container === self.container && segment.object === self.object;
  };
  for (const [index, entry] of entries.entries()) {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
      return `Index ${index}: not a JSON object`;
    const kind = (['data', 'path'] as const).find((key) => key in entry);
    if (kind === undefined) return `Index ${index}: expected keys to include one of 'data' or 'path'`;
    const odd = Object.keys(entry).filter((key) => key !== kind && !OPTIONAL_KEYS[kind].has(key));
    if (odd.length > 0)
      return `Index ${index}: extraneous keys ${odd
        .sort()
        .map((key) => JSON.stringify(key))
        .join(', ')}`;
    const path = pathOf(entry);
    if (kind === 'path' && !segments.some((each) => each.path === path))
      return `Index ${index}: path does not refer to an object. Path must be of the form /container/object.`;
    if (path !== undefined && isSelf(path))
      return `Index ${index}: manifest must not include itself as a segment`;
  }
  return undefined;
}

/** Of an entry that names an object; undefined for bytes, and for what Swift refuses. */
function pathOf(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null || 'data' in entry || !('path' in entry)) return undefined;
  return typeof entry.path === 'string' ? entry.path : undefined;
}

interface Segment {
  readonly path: string;
  readonly entry: Fields;
  readonly mayBeEmpty: boolean;
  readonly answer: Found;
}

function checkSegment(
  { path, entry, mayBeEmpty, answer: { headers } }: Segment,
  complain: (what: string) => void,
): { readonly toPut: Fields; readonly stored: Fields } {
  const sizeBytes = Number(headers.get('content-length') ?? NaN);
  const hash = (headers.get('etag') ?? '').replaceAll('"', '');
  const span = spanOf(entry['range'], sizeBytes);
  if (span === 'none') complain('Unsatisfiable Range');
  const [start, end] = span === 'none' ? [0, sizeBytes] : span;
  if (end - start < 1 && !mayBeEmpty) complain('Too small; each segment must be at least 1 byte.');
  const { size_bytes: wantedBytes, etag } = entry;
  if (wantedBytes !== undefined && wantedBytes !== null && Number(wantedBytes) !== sizeBytes)
    complain('Size Mismatch');
  if (etag !== undefined && etag !== null && etag !== hash) complain('Etag Mismatch');
  const isWhole = start === 0 && end === sizeBytes;
  return {
    toPut: { ...entry, etag: hash, size_bytes: sizeBytes },
    stored: {
      name: `/${path.replace(/^\/+/, '')}`,
      bytes: sizeBytes,
      hash,
      content_type: headers.get('content-type')?.split(';', 1)[0],
      last_modified: dateOf(headers.get('last-modified')),
      ...(isWhole ? {} : { range: `${start}-${end - 1}` }),
      ...(headers.get('x-static-large-object')?.toLowerCase() === 'true' ? { sub_slo: true } : {}),
    },
  };
}

function spanOf(range: unknown, sizeBytes: number): readonly [number, number] | 'none' {
  if (typeof range !== 'string' || range === '') return [0, sizeBytes];
  const asked = parseRange(HeaderList.from([['Range', `bytes=${range}`]]));
  const [span] = asked === undefined ? [] : satisfiable(asked, sizeBytes);
  return span === undefined ? 'none' : [span.start, span.end];
}

/** As Swift writes it there: `2026-11-27T02:03:04.000000`. */
function dateOf(header: string | undefined): string {
  const date = new Date(header ?? NaN);
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString().replace('Z', '000');
}
