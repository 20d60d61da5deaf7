// The manifest of a Static Large Object as Swift stores it, and which bytes of which segments make a range. Pure.
import { createHash } from 'node:crypto';
import type { PartToRead, Piece } from './joined-body.js';
import type { Span } from './ranges.js';

interface InlineSegment {
  readonly data: Buffer;
}

interface ObjectSegment {
  readonly container: string;
  readonly object: string;
  /** Of the whole object, or of a nested large object all together. */
  readonly sizeBytes: number;
  /** What of it is in the large object. */
  readonly span: Span;
  /** As the manifest has it: only where it is not the whole. */
  readonly range: string | undefined;
  /** The ETag, without quotes. */
  readonly hash: string;
  /** It is an SLO itself. */
  readonly isLargeObject: boolean;
}

export type Segment = InlineSegment | ObjectSegment;

/** Undefined for what no Swift has written. */
export function parseSegments(manifest: Buffer): readonly Segment[] | undefined {
  let entries: unknown;
  try {
    entries = JSON.parse(manifest.toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(entries)) return undefined;
  const segments = entries.flatMap((entry: unknown) => parseSegment(entry) ?? []);
  return segments.length === entries.length ? segments : undefined;
}

/** Of the large object: over the segments' hashes, with their ranges. Without quotes. */
export function etagOf(segments: readonly Segment[]): string {
  const etag = createHash('md5');
  for (const segment of segments) {
    if ('data' in segment) etag.update(createHash('md5').update(segment.data).digest('hex'));
    else if (segment.range === undefined) etag.update(segment.hash);
    else etag.update(`${segment.hash}:${segment.range};`);
  }
  return etag.digest('hex');
}

/** Of the large object, in bytes. */
export function lengthOf(segments: readonly Segment[]): number {
  return segments.reduce((length, segment) => length + segmentBytes(segment), 0);
}

/** What has to be read for those bytes of the large object, in order. */
export function* piecesOf(account: string, segments: readonly Segment[], wanted: Span): Generator<Piece> {
  let at = 0;
  for (const segment of segments) {
    const span = cut(wanted, at, segmentBytes(segment));
    at += segmentBytes(segment);
    if (span === undefined) continue;
    if ('data' in segment) yield segment.data.subarray(span.start, span.end);
    else yield pieceOf(account, segment, span);
  }
}

/** What of some bytes lies in a segment; undefined: nothing. @param at where the segment begins, in bytes */
export function cut(wanted: Span, at: number, lengthBytes: number): Span | undefined {
  const start = Math.max(wanted.start - at, 0);
  const end = Math.min(wanted.end - at, lengthBytes);
  return start < end ? { start, end } : undefined;
}

/** As a part is asked for. @param span of the object, which has `sizeBytes` */
export function rangeOf({ start, end }: Span, sizeBytes: number): PartToRead['range'] {
  return start === 0 && end === sizeBytes ? undefined : [start, end - 1];
}

/** A nested large object may have been made anew since: Swift does not compare its ETag either. */
function pieceOf(account: string, segment: ObjectSegment, { start, end }: Span): Piece {
  const { container, object, sizeBytes, isLargeObject, hash } = segment;
  const range = rangeOf({ start: segment.span.start + start, end: segment.span.start + end }, sizeBytes);
  const etag = isLargeObject ? undefined : hash;
  const toRead = { account, container, object, range, etag, isLargeObject };
  return { toRead, lengthBytes: end - start };
}

function segmentBytes(segment: Segment): number {
  return 'data' in segment ? segment.data.length : segment.span.end - segment.span.start;
}

function parseSegment(entry: unknown): Segment | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const fields = entry as Readonly<Record<string, unknown>>;
  if (typeof fields['data'] === 'string') return { data: Buffer.from(fields['data'], 'base64') };
  const { name, hash } = fields;
  const isLargeObject = fields['sub_slo'] === true;
  const sizeBytes =
    (isLargeObject ? listedBytes(fields['content_type']) : undefined) ?? count(fields['bytes']);
  const [, container, object] = /^\/*([^/]+)\/(.+)$/s.exec(typeof name === 'string' ? name : '') ?? [];
  if (container === undefined || object === undefined || typeof hash !== 'string') return undefined;
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) return undefined;
  const range = typeof fields['range'] === 'string' ? fields['range'] : undefined;
  const span = range === undefined ? { start: 0, end: sizeBytes } : parseSpan(range);
  return span && { container, object, sizeBytes, span, range, hash, isLargeObject };
}

function count(value: unknown): number {
  return typeof value === 'number' || (typeof value === 'string' && value !== '') ? Number(value) : NaN;
}

/** Old manifests have the size of a nested one, as listings had it, with its type. */
function listedBytes(contentType: unknown): number | undefined {
  const match = typeof contentType === 'string' ? /;\s*swift_bytes=(\d+)/.exec(contentType) : null;
  return match === null ? undefined : Number(match[1]);
}

function parseSpan(range: string): Span | undefined {
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(range);
  if (match === null) return undefined;
  const [start, end] = [Number(match[1]), Number(match[2]) + 1];
  return start < end ? { start, end } : undefined;
}
