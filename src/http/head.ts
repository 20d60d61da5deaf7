// Reads and writes the heads of HTTP/1.1 messages, strictly: what two parsers could read differently is refused.
// Knows RFC 9112 and what Swift's WSGI server makes of header names; nothing of sockets.
import { AutosyncError } from '../lib/errors.js';
import { HeaderList } from './headers.js';

/** How the end of a message's body is found (RFC 9112, section 6.3). */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'close' };

export interface RequestHead {
  readonly method: string;
  /** The request target, byte for byte, as latin1 text. */
  readonly target: string;
  readonly version: '1.0' | '1.1';
  readonly headers: HeaderList;
  readonly framing: Framing;
}

export interface ResponseHead {
  readonly version: '1.0' | '1.1';
  readonly status: number;
  readonly reason: string;
  readonly headers: HeaderList;
}

const NO_BODY: Framing = { kind: 'none' };
const CHUNKED: Framing = { kind: 'chunked' };
const UNTIL_CLOSE: Framing = { kind: 'close' };

/** RFC 9110's token, and bytes above 0x7f: Swift takes UTF-8 in the names of metadata headers. */
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z\x80-\xff]+$/;
// eslint-disable-next-line no-control-regex -- control characters are exactly what it looks for
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/;
// eslint-disable-next-line no-control-regex
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([^\0-\x20\x7f]+) HTTP\/1\.([01])$/;
// eslint-disable-next-line no-control-regex
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: ([^\0-\x08\x0a-\x1f\x7f]*))?$/;
const DIGITS = /^[0-9]{1,15}$/;
const LONE_LINE_FEED = /(?:^|[^\r])\n/;

/** Where a head ends (the index behind its empty line), or -1 while it is incomplete. A line that ends in a bare LF is refused at once. */
export function findHeadEnd(buffer: Buffer, searchFrom = 0): number {
  const index = buffer.indexOf('\r\n\r\n', Math.max(0, searchFrom - 3), 'latin1');
  if (index >= 0) return index + 4;
  if (LONE_LINE_FEED.test(buffer.toString('latin1', searchFrom > 0 ? searchFrom - 1 : 0))) {
    throw new AutosyncError('BAD_REQUEST', 'A line ends in LF without CR.');
  }
  return -1;
}

/** Parses a request head (start line to empty line). Throws BAD_REQUEST; a retry does not help. */
export function parseRequestHead(buffer: Buffer, end: number): RequestHead {
  const lines = splitLines(buffer, end);
  const match = REQUEST_LINE.exec(lines[0] as string);
  if (match === null) throw new AutosyncError('BAD_REQUEST', 'The request line is malformed.');
  const version = match[3] === '0' ? '1.0' : '1.1';
  const headers = parseFields(lines);
  return {
    method: match[1] as string,
    target: match[2] as string,
    version,
    headers,
    framing: requestFraming(headers, version),
  };
}

/** Parses a response head. Throws BAD_ANSWER. */
export function parseResponseHead(buffer: Buffer, end: number): ResponseHead {
  try {
    const lines = splitLines(buffer, end);
    const match = STATUS_LINE.exec(lines[0] as string);
    if (match === null) throw new AutosyncError('BAD_ANSWER', 'The status line is malformed.');
    return {
      version: match[1] === '0' ? '1.0' : '1.1',
      status: Number(match[2]),
      reason: match[3] ?? '',
      headers: parseFields(lines),
    };
  } catch (error) {
    if (error instanceof AutosyncError && error.code === 'BAD_ANSWER') throw error;
    throw new AutosyncError('BAD_ANSWER', error instanceof AutosyncError ? error.detail : '', {
      cause: error,
    });
  }
}

/** RFC 9112, section 6.3, for a response to a request of that method. */
export function responseFraming(head: ResponseHead, method: string): Framing {
  if (method === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304) return NO_BODY;
  const encodings = head.headers.getAll('transfer-encoding');
  if (encodings.length > 0) {
    if (encodings.length === 1 && encodings[0]?.toLowerCase() === 'chunked') return CHUNKED;
    throw new AutosyncError('BAD_ANSWER', 'An unknown Transfer-Encoding.');
  }
  const lengths = head.headers.getAll('content-length');
  if (lengths.length === 0) return UNTIL_CLOSE;
  const length = lengths[0] as string;
  if (lengths.length > 1 || !DIGITS.test(length))
    throw new AutosyncError('BAD_ANSWER', 'A wrong Content-Length.');
  return { kind: 'length', length: Number(length) };
}

function requestFraming(headers: HeaderList, version: '1.0' | '1.1'): Framing {
  let length: string | undefined;
  let encoding: string | undefined;
  let hosts = 0;
  const raw = headers.raw;
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    const value = raw[i + 1] as string;
    if (name === 'content-length') {
      if (length !== undefined)
        throw new AutosyncError('BAD_REQUEST', 'There is more than one Content-Length.');
      length = value;
    } else if (name === 'transfer-encoding') {
      if (encoding !== undefined)
        throw new AutosyncError('BAD_REQUEST', 'There is more than one Transfer-Encoding.');
      encoding = value;
    } else if (name === 'host') {
      hosts += 1;
    } else if (name.includes('_')) {
      refuseAlias(name);
    }
  }
  if (hosts > 1 || (hosts === 0 && version === '1.1')) {
    throw new AutosyncError('BAD_REQUEST', 'There must be exactly one Host.');
  }
  if (encoding !== undefined) {
    if (length !== undefined || version === '1.0' || encoding.toLowerCase() !== 'chunked') {
      throw new AutosyncError('BAD_REQUEST', 'Transfer-Encoding must be chunked, alone, in HTTP/1.1.');
    }
    return CHUNKED;
  }
  if (length === undefined) return NO_BODY;
  if (!DIGITS.test(length)) throw new AutosyncError('BAD_REQUEST', 'Content-Length is not a number.');
  return length === '0' ? NO_BODY : { kind: 'length', length: Number(length) };
}

/** Swift's WSGI server reads `_` in a header name as `-` (eventlet/wsgi.py, get_environ), so `Transfer_Encoding` would frame the body there and not here. */
function refuseAlias(name: string): void {
  const meant = name.replaceAll('_', '-');
  if (meant === 'transfer-encoding' || meant === 'content-length' || meant === 'host' || meant === 'expect') {
    throw new AutosyncError('BAD_REQUEST', `A header named ${name} could be taken for ${meant}.`);
  }
}

function splitLines(buffer: Buffer, end: number): string[] {
  return buffer.toString('latin1', 0, end - 4).split('\r\n');
}

function parseFields(lines: readonly string[]): HeaderList {
  const raw: string[] = [];
  for (let i = 1; i < lines.length; i += 1) {
    const line = lines[i] as string;
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    if (!FIELD_NAME.test(name)) {
      const isFolded = line.startsWith(' ') || line.startsWith('\t');
      throw new AutosyncError(
        'BAD_REQUEST',
        isFolded ? 'A header line is folded.' : 'A header line is malformed.',
      );
    }
    const value = trimBlanks(line, colon + 1);
    if (CONTROL.test(value))
      throw new AutosyncError('BAD_REQUEST', `The value of ${name} has a control character.`);
    raw.push(name, value);
  }
  return new HeaderList(raw);
}

/** Takes only spaces and tabs off (String.trim would take U+00A0 as well, which is half of a UTF-8 character here). */
function trimBlanks(line: string, from: number): string {
  let start = from;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start += 1;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end -= 1;
  return line.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Header fields as text, with the empty line behind them. */
export function formatHead(startLine: string, headers: HeaderList, extra = ''): string {
  let text = `${startLine}\r\n`;
  const raw = headers.raw;
  for (let i = 0; i < raw.length; i += 2) text += `${raw[i] as string}: ${raw[i + 1] as string}\r\n`;
  return `${text}${extra}\r\n`;
}

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'upgrade',
]);
/** What a Connection header may name without effect: the message could not be read, or be told apart, without them. */
const NEVER_DROPPED = new Set(['content-length', 'transfer-encoding', 'host', 'trailer']);

/**
 * Removes the headers that are meant for one connection only (RFC 9110, section 7.6.1), in place. Transfer-Encoding and
 * Trailer stay: a chunked body travels on with the chunks it came in.
 */
export function removeHopByHop(headers: HeaderList): void {
  let isSeen = false;
  const raw = headers.raw;
  for (let i = 0; i < raw.length && !isSeen; i += 2)
    isSeen = HOP_BY_HOP.has((raw[i] as string).toLowerCase());
  if (!isSeen) return;
  const named = connectionTokens(headers).filter((token) => !NEVER_DROPPED.has(token));
  headers.removeWhere((name) => HOP_BY_HOP.has(name) || named.includes(name));
}

/** The tokens of all Connection headers, in lower case. */
export function connectionTokens(headers: HeaderList): string[] {
  return headers
    .getAll('connection')
    .flatMap((value) => value.split(','))
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '');
}
