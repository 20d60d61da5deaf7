// What the answers for all large objects have in common: headers, conditions, ranges, and the body of joined parts.
// Knows which bytes are wanted; not what a manifest looks like.
import { randomBytes } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { removeHopByHop, type Framing } from '../../../http/head.js';
import { NameSet, type HeaderList } from '../../../http/headers.js';
import { MessageBody, type BodySource } from '../../../http/message-body.js';
import { textAnswer } from '../../answer.js';
import type { Exchange, IncomingRequest, Logger, OutgoingResponse } from '../../station.js';
import { joinParts, PartRefused, type Pieces, type ReadPart } from './joined-body.js';
import { conditionStatus } from './conditions.js';
import { contentRange, type Span } from './ranges.js';

export type { PartToRead, ReadPart } from './joined-body.js';

/** A manifest object as its cluster keeps it: read raw, not resolved. */
export interface Manifest {
  readonly account: string;
  /** Of its own answer: ETag and Content-Length are those of the manifest. */
  readonly headers: HeaderList;
}

/** One request for a large object, and the means to answer it. */
export interface LargeObjectRead {
  readonly exchange: Exchange;
  /** What is asked for: GET or HEAD, ranges and conditions. */
  readonly request: Pick<IncomingRequest, 'method' | 'headers'>;
  readonly readPart: ReadPart;
  /** Told of what broke off in the middle: the client sees only that its connection was cut. */
  readonly log: Logger;
}

/** What an answer says, but for its parts. */
export interface Outline {
  readonly status: 200 | 206;
  readonly headers: HeaderList;
  readonly framing: Framing;
}

const NOT_THE_LARGE_OBJECTS = new NameSet(['content-length', 'content-range', 'transfer-encoding']);
/** Swift's own words (common/swob.py). */
const UNSATISFIABLE = Buffer.from(
  '<html><h1>Requested Range Not Satisfiable</h1><p>The Range requested is not available.</p></html>',
);
/** Of a body that says nothing: without one, an answer would be given a length of 0. */
const NO_SOURCE: BodySource = { pause: () => undefined, resume: () => undefined };

/** Those of the manifest that hold for the large object too. */
export function keptHeaders(manifest: Manifest): HeaderList {
  const headers = manifest.headers.clone();
  removeHopByHop(headers);
  headers.retain((name) => !NOT_THE_LARGE_OBJECTS.has(name));
  return headers;
}

/** 304 or 412 where the request's conditions say so; undefined: it is to be answered. */
export function conditionalAnswer(asked: HeaderList, headers: HeaderList): OutgoingResponse | undefined {
  const status = conditionStatus(asked, headers);
  if (status === undefined) return undefined;
  const answered = headers.clone().set('Content-Length', '0');
  return { status, reason: STATUS_CODES[status] ?? '', headers: answered, body: undefined };
}

/** The manifest does not say what its object is. */
export function unusableManifest(exchange: Exchange, why: string): OutgoingResponse {
  return textAnswer(exchange, 409, `The manifest of this large object cannot be used: ${why}.`);
}

/** 416. @param lengthBytes of the whole object @param kept what else is said of the object */
export function unsatisfiable(exchange: Exchange, lengthBytes: number, kept?: HeaderList): OutgoingResponse {
  const { headers } = textAnswer(exchange, 416, '');
  headers.set('Content-Type', 'text/html; charset=UTF-8');
  for (const [name, value] of kept ?? []) headers.set(name, value);
  headers.set('Accept-Ranges', 'bytes').set('Content-Range', `bytes */${lengthBytes}`);
  return { status: 416, reason: 'Requested Range Not Satisfiable', headers, body: UNSATISFIABLE };
}

/** @param headers become the answer's @param lengthBytes undefined where nobody knows */
export function headAnswer(headers: HeaderList, lengthBytes: number | undefined): OutgoingResponse {
  if (lengthBytes !== undefined) headers.set('Content-Length', String(lengthBytes));
  return { status: 200, reason: 'OK', headers, body: new MessageBody({ kind: 'none' }, NO_SOURCE) };
}

/** 200 with all of it. @param headers become the answer's */
export function wholeOutline(headers: HeaderList, lengthBytes: number): Outline {
  headers.set('Content-Length', String(lengthBytes));
  return { status: 200, headers, framing: { kind: 'length', length: lengthBytes } };
}

/** 200 with all of it, of whatever length. @param headers become the answer's */
export function chunkedOutline(headers: HeaderList): Outline {
  headers.set('Transfer-Encoding', 'chunked');
  return { status: 200, headers, framing: { kind: 'chunked' } };
}

/** 206 with one range. @param headers become the answer's */
export function rangeOutline(headers: HeaderList, span: Span, lengthBytes: number): Outline {
  const outline = wholeOutline(headers, span.end - span.start);
  headers.set('Content-Range', contentRange(span, lengthBytes));
  return { ...outline, status: 206 };
}

/** 206 with several ranges (`multipart/byteranges`), and what comes before each of them and last. @param headers become the answer's */
export function rangesOutline(
  headers: HeaderList,
  spans: readonly Span[],
  lengthBytes: number,
): { readonly outline: Outline; readonly before: readonly Buffer[]; readonly last: Buffer } {
  const boundary = randomBytes(16).toString('hex');
  const type = headers.get('content-type') ?? '';
  const before = spans.map((span, i) =>
    Buffer.from(
      `${i === 0 ? '' : '\r\n'}--${boundary}\r\nContent-Type: ${type}\r\nContent-Range: ${contentRange(span, lengthBytes)}\r\n\r\n`,
      'latin1',
    ),
  );
  const last = Buffer.from(`\r\n--${boundary}--`);
  const answerBytes = [...spans.map(({ start, end }) => end - start), ...before.map(({ length }) => length)];
  headers.set('Content-Type', `multipart/byteranges;boundary=${boundary}`);
  const outline = wholeOutline(
    headers,
    answerBytes.reduce((a, b) => a + b, last.length),
  );
  return { outline: { ...outline, status: 206 }, before, last };
}

/** An answer with its parts, when the first of them has been opened; or Swift's refusal. @throws what `readPart` throws */
export async function answerWith(
  { exchange, readPart, log }: LargeObjectRead,
  { status, headers, framing }: Outline,
  pieces: Pieces,
): Promise<OutgoingResponse> {
  const onBroken = ({ message }: Error): void =>
    log.warn({ txn: exchange.id, path: exchange.request.target.split('?', 1)[0] }, message);
  try {
    const body = await joinParts(pieces, readPart, framing, onBroken);
    return { status, reason: STATUS_CODES[status] ?? '', headers, body };
  } catch (error) {
    if (!(error instanceof PartRefused)) throw error;
    return textAnswer(exchange, error.status, error.detail);
  }
}
