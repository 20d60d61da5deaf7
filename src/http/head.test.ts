// Promises of the head parser: what is accepted means one thing only, and travels on as it came.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AutosyncError } from '../lib/errors.js';
import {
  connectionTokens,
  findHeadEnd,
  formatHead,
  parseRequestHead,
  parseResponseHead,
  removeHopByHop,
  responseFraming,
  type RequestHead,
  type ResponseHead,
} from './head.js';
import { HeaderList } from './headers.js';

function request(text: string): RequestHead {
  const buffer = Buffer.from(text, 'latin1');
  return parseRequestHead(buffer, findHeadEnd(buffer));
}

function response(text: string): ResponseHead {
  const buffer = Buffer.from(text, 'latin1');
  return parseResponseHead(buffer, findHeadEnd(buffer));
}

function code(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof AutosyncError ? error.code : String(error);
  }
  return 'accepted';
}

const HOST = 'Host: h\r\n';

describe('a request head is refused when it', () => {
  it.each([
    ['ends a line in LF alone', `GET / HTTP/1.1\n${HOST}\r\n`],
    ['ends a header in LF alone', `GET / HTTP/1.1\r\nHost: h\nX-A: 1\r\n\r\n`],
    ['begins with LF', `\nGET / HTTP/1.1\r\n${HOST}\r\n`],
    ['has a CR alone in a value', `GET / HTTP/1.1\r\n${HOST}X-A: 1\r2\r\n\r\n`],
    ['has a CR alone in a name', `GET / HTTP/1.1\r\n${HOST}X\rA: 1\r\n\r\n`],
    ['has a CR alone in the target', `GET /\rx HTTP/1.1\r\n${HOST}\r\n`],
    ['folds a header with a space', `GET / HTTP/1.1\r\n${HOST}X-A: 1\r\n 2\r\n\r\n`],
    ['folds a header with a tab', `GET / HTTP/1.1\r\n${HOST}X-A: 1\r\n\t2\r\n\r\n`],
    ['folds the first header', `GET / HTTP/1.1\r\n X-A: 1\r\n${HOST}\r\n`],
    ['has two Content-Lengths', `PUT / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`],
    [
      'has two equal Content-Lengths',
      `PUT / HTTP/1.1\r\n${HOST}Content-Length: 1\r\ncontent-length: 1\r\n\r\n`,
    ],
    ['has a list of Content-Lengths', `PUT / HTTP/1.1\r\n${HOST}Content-Length: 1, 1\r\n\r\n`],
    ['has a signed Content-Length', `PUT / HTTP/1.1\r\n${HOST}Content-Length: +1\r\n\r\n`],
    ['has a negative Content-Length', `PUT / HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`],
    ['has a hexadecimal Content-Length', `PUT / HTTP/1.1\r\n${HOST}Content-Length: 0x1\r\n\r\n`],
    ['has a Content-Length in Python spelling', `PUT / HTTP/1.1\r\n${HOST}Content-Length: 1_0\r\n\r\n`],
    ['has an empty Content-Length', `PUT / HTTP/1.1\r\n${HOST}Content-Length:\r\n\r\n`],
    [
      'has a Content-Length beyond 15 digits',
      `PUT / HTTP/1.1\r\n${HOST}Content-Length: 1000000000000000\r\n\r\n`,
    ],
    ['has both lengths', `PUT / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`],
    [
      'has both lengths, turned round',
      `PUT / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n`,
    ],
    [
      'has a Transfer-Encoding other than chunked',
      `PUT / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip\r\n\r\n`,
    ],
    [
      'has identity and chunked',
      `PUT / HTTP/1.1\r\n${HOST}Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n`,
    ],
    ['has an empty Transfer-Encoding', `PUT / HTTP/1.1\r\n${HOST}Transfer-Encoding:\r\n\r\n`],
    ['has a vertical tab about chunked', `PUT / HTTP/1.1\r\n${HOST}Transfer-Encoding: \x0bchunked\r\n\r\n`],
    ['has Transfer-Encoding in HTTP/1.0', `PUT / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`],
    ['has Transfer_Encoding', `PUT / HTTP/1.1\r\n${HOST}Transfer_Encoding: chunked\r\n\r\n`],
    ['has Content_Length', `PUT / HTTP/1.1\r\n${HOST}Content_Length: 5\r\n\r\n`],
    [
      'has content_length beside the real one',
      `PUT / HTTP/1.1\r\n${HOST}Content-Length: 5\r\ncontent_length: 6\r\n\r\n`,
    ],
    ['has no Host in HTTP/1.1', 'GET / HTTP/1.1\r\n\r\n'],
    ['has two Hosts', `GET / HTTP/1.1\r\n${HOST}host: h\r\n\r\n`],
    ['has a space before a colon', `PUT / HTTP/1.1\r\n${HOST}Content-Length : 1\r\n\r\n`],
    ['has a tab before a colon', `PUT / HTTP/1.1\r\n${HOST}X-A\t: 1\r\n\r\n`],
    ['has a space within a name', `GET / HTTP/1.1\r\n${HOST}X A: 1\r\n\r\n`],
    ['has an empty name', `GET / HTTP/1.1\r\n${HOST}: 1\r\n\r\n`],
    ['has a line without a colon', `GET / HTTP/1.1\r\n${HOST}X-A\r\n\r\n`],
    ['has a NUL in a value', `GET / HTTP/1.1\r\n${HOST}X-A: a\0b\r\n\r\n`],
    ['has an escape in a value', `GET / HTTP/1.1\r\n${HOST}X-A: \x1b[1m\r\n\r\n`],
    ['has a delete in a value', `GET / HTTP/1.1\r\n${HOST}X-A: \x7f\r\n\r\n`],
    ['has a NUL in a name', `GET / HTTP/1.1\r\n${HOST}X\0A: b\r\n\r\n`],
    ['has a NUL in the target', `GET /\0 HTTP/1.1\r\n${HOST}\r\n`],
    ['has two spaces in the request line', `GET  / HTTP/1.1\r\n${HOST}\r\n`],
    ['has a space in the target', `GET /a b HTTP/1.1\r\n${HOST}\r\n`],
    ['has a tab in the request line', `GET\t/ HTTP/1.1\r\n${HOST}\r\n`],
    ['has a space after the version', `GET / HTTP/1.1 \r\n${HOST}\r\n`],
    ['has no target', `GET HTTP/1.1\r\n${HOST}\r\n`],
    ['has no version', `GET /\r\n${HOST}\r\n`],
    ['has another version', `GET / HTTP/2.0\r\n${HOST}\r\n`],
    ['has HTTP/1.2', `GET / HTTP/1.2\r\n${HOST}\r\n`],
    ['has a version in lower case', `GET / http/1.1\r\n${HOST}\r\n`],
    ['has a method that is no token', `G(T / HTTP/1.1\r\n${HOST}\r\n`],
  ])('%s', (_, text) => {
    expect(code(() => request(text))).toBe('BAD_REQUEST');
  });

  it.each(['gzip, chunked', 'chunked, chunked', ','])(
    'has the codings %s, in the words of Swift',
    (codings) => {
      const text = `PUT / HTTP/1.1\r\n${HOST}Transfer-Encoding: ${codings}\r\n\r\n`;
      expect(code(() => request(text))).toBe('UNKNOWN_CODING');
    },
  );

  it('has 16 KiB of blanks before a control character, in no time', () => {
    const text = `GET / HTTP/1.1\r\n${HOST}X-A:${' '.repeat(16_384)}\x01\r\n\r\n`;
    const start = performance.now();
    expect(code(() => request(text))).toBe('BAD_REQUEST');
    expect(performance.now() - start).toBeLessThan(50);
  });
});

describe('a request head is accepted with', () => {
  it.each([
    '/a/../b',
    '/%2e%2e/%2E',
    '//',
    '/v1//a',
    '*',
    'http://other.example/v1/a?b=c',
    '/a?b=c#d',
    '/caf\xc3\xa9/\xff\x85\xa0',
    '/"<>\\^`{|}',
    '/%zz%',
  ])('the target %s, byte for byte', (target) => {
    expect(request(`GET ${target} HTTP/1.1\r\n${HOST}\r\n`).target).toBe(target);
  });

  it('UTF-8 in names and values, and blanks about values taken off', () => {
    const { headers } = request(
      `POST / HTTP/1.1\r\n${HOST}X-Object-Meta-Caf\xc3\xa9:\t \xe2\x98\xba\xa0 \t\r\nX-Empty:\r\n\r\n`,
    );
    expect(headers.raw.slice(2)).toEqual(['X-Object-Meta-Caf\xc3\xa9', '\xe2\x98\xba\xa0', 'X-Empty', '']);
  });

  it.each([
    ['no body', '', { kind: 'none' }],
    ['a length', 'Content-Length: 10\r\n', { kind: 'length', length: 10 }],
    ['a length of 0', 'Content-Length: 0\r\n', { kind: 'length', length: 0 }],
    ['chunks', 'Transfer-Encoding: Chunked\r\n', { kind: 'chunked' }],
  ])('%s', (_, fields, framing) => {
    expect(request(`PUT / HTTP/1.1\r\n${HOST}${fields}\r\n`).framing).toEqual(framing);
  });

  it('no Host in HTTP/1.0', () => {
    expect(request('GET / HTTP/1.0\r\n\r\n').version).toBe('1.0');
  });
});

describe('the end of a head', () => {
  it('is found wherever the pieces are cut, and never before', () => {
    const head = `GET / HTTP/1.1\r\n${HOST}X: \r\n\r\n`;
    const bytes = Buffer.from(`${head}\nbody\n`);
    let searched = 0;
    for (let length = 1; length <= bytes.length; length += 1) {
      const end = findHeadEnd(bytes.subarray(0, length), searched);
      if (length >= head.length) {
        expect(end).toBe(head.length);
        break;
      }
      expect(end).toBe(-1);
      searched = length;
    }
  });

  it('is not waited for once a line ended in LF alone, however the pieces are cut', () => {
    const bytes = Buffer.from('GET / HTTP/1.1\nHost');
    for (let cut = 1; cut < 15; cut += 1) {
      expect(findHeadEnd(bytes.subarray(0, cut))).toBe(-1);
      expect(code(() => findHeadEnd(bytes, cut))).toBe('BAD_REQUEST');
    }
  });
});

const tokenCharacter = fc.constantFrom(
  ...Array.from(
    "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz\x80\xc3\xa9\xff",
  ),
);
const anyCharacter = fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte));
const mostlyFine = (fine: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ arbitrary: fine, weight: 200 }, { arbitrary: anyCharacter, weight: 1 });
const fields = fc.array(
  fc.tuple(
    fc.oneof(
      fc
        .string({ unit: mostlyFine(tokenCharacter), minLength: 1, maxLength: 12 })
        .filter((name) => !name.includes(':')),
      fc.constantFrom('Content-Length', 'Transfer-Encoding', 'content_length', 'Connection', 'X-A'),
    ),
    fc.oneof(
      fc.string({
        unit: mostlyFine(fc.constantFrom(...Array.from('\t ~!azAZ09:,;\x80\xa0\xff'))),
        maxLength: 12,
      }),
      fc.constantFrom('0', '5', 'chunked', 'close'),
    ),
  ),
  { maxLength: 6 },
);

describe('any head', () => {
  it('that is accepted is written as the same fields in the same order, and read so again', () => {
    let acceptedCount = 0;
    const property = fc.property(fields, (drawn) => {
      const text = `PUT /o HTTP/1.1\r\n${HOST}${drawn.map(([n, v]) => `${n}:${v}\r\n`).join('')}\r\n`;
      let head: RequestHead;
      try {
        head = request(text);
      } catch (error) {
        expect(['BAD_REQUEST', 'UNKNOWN_CODING']).toContain((error as AutosyncError).code);
        return;
      }
      acceptedCount += 1;
      const expected = drawn.flatMap(([name, value]) => [name, value.replace(/^[\t ]+|[\t ]+$/g, '')]);
      expect(head.headers.raw).toEqual(['Host', 'h', ...expected]);
      const again = request(formatHead(`${head.method} ${head.target} HTTP/1.1`, head.headers));
      expect(again).toEqual(head);
    });
    fc.assert(property, { numRuns: 1000 });
    expect(acceptedCount).toBeGreaterThan(100);
  });

  it('of arbitrary bytes is parsed or refused, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const text = `${Buffer.from(bytes).toString('latin1')}\r\n\r\n`;
        expect(['accepted', 'BAD_REQUEST']).toContain(code(() => request(text)));
        expect(['accepted', 'BAD_ANSWER', 'BAD_REQUEST']).toContain(code(() => response(text)));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a response head', () => {
  it('may have an empty reason phrase, with or without the space before it', () => {
    expect(response('HTTP/1.1 200 \r\n\r\n')).toMatchObject({ status: 200, reason: '' });
    expect(response('HTTP/1.1 200\r\n\r\n')).toMatchObject({ status: 200, reason: '' });
    expect(response('HTTP/1.0 404 Not  Found\xe9\r\n\r\n')).toMatchObject({
      version: '1.0',
      reason: 'Not  Found\xe9',
    });
  });

  it.each([
    'HTTP/1.1 99 X',
    'HTTP/1.1 2000 X',
    'HTTP/2 200 X',
    'ICY 200 OK',
    'HTTP/1.1 200 a\x01',
    'HTTP/1.1  200 OK',
  ])('is no answer with the status line %j', (line) => {
    expect(code(() => response(`${line}\r\n\r\n`))).toBe('BAD_ANSWER');
  });

  it.each([
    ['GET', 200, 'Content-Length: 3', { kind: 'length', length: 3 }],
    ['GET', 200, 'Transfer-Encoding: chunked', { kind: 'chunked' }],
    ['GET', 200, 'X: 1', { kind: 'close' }],
    ['HEAD', 200, 'Content-Length: 3', { kind: 'none' }],
    ['HEAD', 200, 'Transfer-Encoding: chunked', { kind: 'none' }],
    ['GET', 204, 'X: 1', { kind: 'none' }],
    ['GET', 304, 'Content-Length: 3', { kind: 'none' }],
  ])('to %s with %i and %s frames its body', (method, status, field, framing) => {
    expect(responseFraming(response(`HTTP/1.1 ${status} X\r\n${field}\r\n\r\n`), method)).toEqual(framing);
  });

  it.each([
    ['both lengths', 'HTTP/1.1 200 X\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 X\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n'],
    ['a length that is none', 'HTTP/1.1 200 X\r\nContent-Length: x\r\n\r\n'],
    ['another coding', 'HTTP/1.1 200 X\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'],
    ['chunks in HTTP/1.0', 'HTTP/1.0 200 X\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ])('with %s is no answer', (_, text) => {
    expect(code(() => responseFraming(response(text), 'GET'))).toBe('BAD_ANSWER');
  });
});

describe('hop-by-hop headers', () => {
  it('go, with those that Connection names, and the rest keeps its order', () => {
    const headers = new HeaderList([
      ...['X-A', '1', 'Connection', 'keep-alive, X-Secret', 'x_secret', '2', 'Keep-Alive', 'timeout=5'],
      ...[
        'TE',
        'trailers',
        'Upgrade',
        'h2c',
        'Proxy-Authorization',
        'x',
        'connection',
        'x-b',
        'X-B',
        '3',
        'X-C',
        '4',
      ],
    ]);
    removeHopByHop(headers);
    expect(headers.raw).toEqual(['X-A', '1', 'X-C', '4']);
  });

  it('never take with them what the message cannot be read without', () => {
    const raw = ['Host', 'h', 'Content-Length', '1', 'Transfer-Encoding', 'chunked', 'Trailer', 'x'];
    const headers = new HeaderList([
      'Connection',
      'Host, content_length, Transfer-Encoding, trailer',
      ...raw,
    ]);
    removeHopByHop(headers);
    expect(headers.raw).toEqual(raw);
  });

  it('are the tokens of all Connection headers', () => {
    const headers = new HeaderList(['Connection', 'Close,, X', 'connection', ' y ']);
    expect(connectionTokens(headers)).toEqual(['close', 'x', 'y']);
  });
});
