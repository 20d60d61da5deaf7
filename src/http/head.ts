// Reads and writes the heads of HTTP/1.1 messages, strictly: what two parsers could read differently is refused.
// Knows RFC 9112 and what Swift's WSGI server makes of header names; nothing of sockets.
import { AutosyncError } from '../lib/errors.js';
import { HeaderList, isSameName, NameSet } from './headers.js';

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

const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([^\0-\x20\x7f]+) HTTP\/1\.([01])$/;

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: ([^\0-\x08\x0a-\x1f\x7f]*))?$/;
const DIGITS = /^[0-9]{1,15}$/;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;

/** RFC 9110's token, and bytes above 0x7f: Swift takes UTF-8 in the names of metadata headers. */
const IS_NAME = table((code) => /[!#$%&'*+\-.^_`|~0-9A-Za-z\x80-\xff]/.test(String.fromCharCode(code)));
const IS_VALUE = table((code) => code === TAB || (code >= SPACE && code !== 0x7f));

/** 1 for the bytes that pass the test. */
function table(test: (code: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (test(code) ? 1 : 0));
}

/**
 * Where a head ends (the index behind its empty line), or -1 while it is incomplete: then look on from where the buffer
 * ended. A line that ends in a bare LF is refused at once.
 */
export function findHeadEnd(buffer: Buffer, searchFrom = 0): number {
  const index = buffer.indexOf('\r\n\r\n', Math.max(0, searchFrom - 3), 'latin1');
  if (index >= 0) return index + 4;
  for (let i = buffer.indexOf(LF, searchFrom); i >= 0; i = buffer.indexOf(LF, i + 1)) {
    if (buffer[i - 1] !== CR) throw new AutosyncError('BAD_REQUEST', 'A line ends in LF without CR.');
  }
  return -1;
}

/** Parses a request head (start line to empty line). Throws BAD_REQUEST; a retry does not help. */
export function parseRequestHead(buffer: Buffer, end: number): RequestHead {
  const text = buffer.toString('latin1', 0, end);
  const lineEnd = text.indexOf('\r\n');
  const match = REQUEST_LINE.exec(text.slice(0, lineEnd));
  if (match === null) throw new AutosyncError('BAD_REQUEST', 'The request line is malformed.');
  const version = match[3] === '0' ? '1.0' : '1.1';
  const headers = parseFields(buffer, text, lineEnd + 2);
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
  const text = buffer.toString('latin1', 0, end);
  const lineEnd = text.indexOf('\r\n');
  const match = STATUS_LINE.exec(text.slice(0, lineEnd));
  if (match === null) throw new AutosyncError('BAD_ANSWER', 'The status line is malformed.');
  return {
    version: match[1] === '0' ? '1.0' : '1.1',
    status: Number(match[2]),
    reason: match[3] ?? '',
    headers: parseFields(buffer, text, lineEnd + 2),
  };
}

/** RFC 9112, section 6.3, for a response to a request of that method. */
export function responseFraming(head: ResponseHead, method: string): Framing {
  if (method === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304) return NO_BODY;
  const { headers } = head;
  const length = headers.get('content-length');
  const encoding = headers.get('transfer-encoding');
  if (encoding !== undefined) {
    const isAlone = length === undefined && headers.getAll('transfer-encoding').length === 1;
    if (isAlone && encoding.toLowerCase() === 'chunked' && head.version === '1.1') return CHUNKED;
    throw new AutosyncError('BAD_ANSWER', 'Its Transfer-Encoding can be read in two ways.');
  }
  if (length === undefined) return UNTIL_CLOSE;
  if (!DIGITS.test(length) || headers.getAll('content-length').length > 1) {
    throw new AutosyncError('BAD_ANSWER', 'Its Content-Length is not one number.');
  }
  return { kind: 'length', length: Number(length) };
}

function requestFraming(headers: HeaderList, version: '1.0' | '1.1'): Framing {
  let length: string | undefined;
  let encoding: string | undefined;
  let hostCount = 0;
  const raw = headers.raw;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    if (isSameName(name, 'content-length')) {
      refuseAlias(name);
      if (length !== undefined)
        throw new AutosyncError('BAD_REQUEST', 'There is more than one Content-Length.');
      length = value;
    } else if (isSameName(name, 'transfer-encoding')) {
      refuseAlias(name);
      if (encoding !== undefined)
        throw new AutosyncError('BAD_REQUEST', 'There is more than one Transfer-Encoding.');
      encoding = value;
    } else if (isSameName(name, 'host')) {
      hostCount += 1;
    }
  }
  if (hostCount > 1 || (hostCount === 0 && version === '1.1')) {
    throw new AutosyncError('BAD_REQUEST', 'There must be exactly one Host.');
  }
  if (encoding !== undefined) {
    // Swift's own answer to two codings (common/swob.py, message_length).
    if (encoding.includes(',') && length === undefined)
      throw new AutosyncError('UNKNOWN_CODING', 'Transfer-Encoding must be chunked, alone.');
    if (length !== undefined || version === '1.0' || encoding.toLowerCase() !== 'chunked') {
      throw new AutosyncError('BAD_REQUEST', 'Transfer-Encoding must be chunked, alone, in HTTP/1.1.');
    }
    return CHUNKED;
  }
  if (length === undefined) return NO_BODY;
  if (!DIGITS.test(length)) throw new AutosyncError('BAD_REQUEST', 'Content-Length is not a number.');
  return { kind: 'length', length: Number(length) };
}

/** Swift's WSGI server takes `Transfer_Encoding` for `Transfer-Encoding`; others do not. */
function refuseAlias(name: string): void {
  if (name.includes('_'))
    throw new AutosyncError('BAD_REQUEST', `A header named ${name} can be read in two ways.`);
}

/** Reads field lines from `at` to the empty line. Buffer and text are the same: bytes are quicker to look at, text to cut. */
function parseFields(bytes: Buffer, text: string, at: number): HeaderList {
  const raw: string[] = [];
  const end = text.length - 2;
  while (at < end) {
    let i = at;
    while (IS_NAME[bytes[i] as number] === 1) i += 1;
    if (i === at || bytes[i] !== COLON) throw malformedLine(bytes[at]);
    const name = text.slice(at, i);
    i += 1;
    while (isBlank(bytes[i])) i += 1;
    const start = i;
    while (IS_VALUE[bytes[i] as number] === 1) i += 1;
    if (bytes[i] !== CR || bytes[i + 1] !== LF) {
      throw new AutosyncError('BAD_REQUEST', `The value of ${name} has a control character.`);
    }
    at = i + 2;
    // Not String.trim: it would take U+00A0 off as well, which here is half of a UTF-8 character.
    while (i > start && isBlank(bytes[i - 1])) i -= 1;
    raw.push(name, text.slice(start, i));
  }
  return new HeaderList(raw);
}

function isBlank(code: number | undefined): boolean {
  return code === SPACE || code === TAB;
}

function malformedLine(firstByte: number | undefined): AutosyncError {
  const what = isBlank(firstByte) ? 'folded' : 'malformed';
  return new AutosyncError('BAD_REQUEST', `A header line is ${what}.`);
}

/** A request's head as it goes onto the wire. */
export function formatRequestHead(method: string, target: string, headers: HeaderList): string {
  return formatHead(`${method} ${target} HTTP/1.1`, asciiNamesFirst(headers));
}

const NON_ASCII = /[^\0-\x7f]/;

/**
 * Python's header parser takes all that follows a header with a non-ASCII name for the message's body. Swift reads on
 * there, but loses what looks like a part of a multipart body (swift/common/http_protocol.py, get_environ): a hidden
 * Content-Length would let a client smuggle requests past us. So such names go last; all else keeps its order.
 */
function asciiNamesFirst(headers: HeaderList): HeaderList {
  const { raw } = headers;
  let i = 0;
  while (i < raw.length && !NON_ASCII.test(raw[i] as string)) i += 2;
  if (i >= raw.length) return headers;
  const ordered = headers.clone();
  ordered.removeWhere((name) => NON_ASCII.test(name));
  for (const [name, value] of headers) if (NON_ASCII.test(name)) ordered.add(name, value);
  return ordered;
}

/** Header fields as text, with the empty line behind them. */
export function formatHead(startLine: string, headers: HeaderList, extra = ''): string {
  let text = `${startLine}\r\n`;
  const raw = headers.raw;
  for (let i = 0; i < raw.length; i += 2) text += `${raw[i] as string}: ${raw[i + 1] as string}\r\n`;
  return `${text}${extra}\r\n`;
}
/** Meant for one connection only (RFC 9110, section 7.6.1), not for who is behind it. */
const HOP_BY_HOP = new NameSet([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'upgrade',
]);
/** What a Connection header may name without effect: the message could not be read, or be told apart, without them. */
const NEVER_DROPPED = new NameSet(['content-length', 'transfer-encoding', 'host', 'trailer']);

/**
 * Removes the headers that are meant for one connection only, in place, those that Connection names included.
 * Transfer-Encoding and Trailer stay: a chunked body travels on with the chunks it came in.
 */
export function removeHopByHop(headers: HeaderList): void {
  const { raw } = headers;
  let i = 0;
  while (i < raw.length && !HOP_BY_HOP.has(raw[i] as string)) i += 2;
  if (i >= raw.length) return;
  const tokens = connectionTokens(headers).filter(
    (token) => !HOP_BY_HOP.has(token) && !NEVER_DROPPED.has(token),
  );
  const named = new NameSet(tokens);
  headers.retain((name) => !HOP_BY_HOP.has(name) && !named.has(name));
}

/** The tokens of all Connection headers, in lower case. */
export function connectionTokens({ raw }: HeaderList): string[] {
  const tokens: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    if (!isSameName(raw[i] as string, 'connection')) continue;
    for (const part of (raw[i + 1] as string).split(',')) {
      const token = part.trim().toLowerCase();
      if (token !== '') tokens.push(token);
    }
  }
  return tokens;
}
