// Promises of the chunk scanner.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AutosyncError } from '../lib/errors.js';
import { ChunkScanner } from './chunk-scanner.js';

/** Feeds the text in the pieces that the cuts make; says what was inside and where the body ended. */
function scan(text: string, cuts: readonly number[] = []): { data: string; end: number; isDone: boolean } {
  let data = '';
  const scanner = new ChunkScanner((piece) => (data += piece.toString('latin1')));
  const bytes = Buffer.from(text, 'latin1');
  const places = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  let at = 0;
  for (const place of places) {
    if (scanner.isDone) break;
    at += scanner.scan(bytes.subarray(at, place), 0);
    expect(at === place || scanner.isDone).toBe(true);
  }
  return { data, end: at, isDone: scanner.isDone };
}

function isRefused(text: string, cuts: readonly number[] = []): boolean {
  try {
    scan(text, cuts);
    return false;
  } catch (error) {
    return error instanceof AutosyncError && error.code === 'BAD_REQUEST';
  }
}

const cuts = fc.array(fc.nat({ max: 300 }), { maxLength: 8 });
const chunk = fc
  .record({
    data: fc.string({ unit: fc.constantFrom('a', '\r', '\n', '0', ';'), minLength: 1, maxLength: 40 }),
    zeros: fc.nat({ max: 3 }),
    isUpper: fc.boolean(),
    extension: fc.constantFrom('', ';', ';a', ';a="b;c"', '; \t\xff'),
  })
  .map(({ data, zeros, isUpper, extension }) => {
    const hex = data.length.toString(16);
    const size = '0'.repeat(zeros) + (isUpper ? hex.toUpperCase() : hex);
    return { data, text: `${size}${extension}\r\n${data}\r\n` };
  });
const trailers = fc.constantFrom('', 'A: b\r\n', 'A: b\r\nC:\r\n');

describe('a chunked body', () => {
  it('decodes to the same data wherever it is cut, and ends where it ends', () => {
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 5 }), trailers, cuts, (chunks, trailer, places) => {
        const text = `${chunks.map((each) => each.text).join('')}0\r\n${trailer}\r\n`;
        const result = scan(`${text}GET / HTTP/1.1`, places);
        expect(result).toEqual({
          data: chunks.map(({ data }) => data).join(''),
          end: text.length,
          isDone: true,
        });
      }),
      { numRuns: 1000 },
    );
  });

  it('of arbitrary bytes is read or refused, wherever it is cut, with the same result', () => {
    const byte = fc.constantFrom(...Array.from('0123aFx;\r\n \t:-+_\0'));
    fc.assert(
      fc.property(fc.string({ unit: byte, maxLength: 30 }), cuts, (text, places) => {
        const isWrong = isRefused(text);
        expect(isRefused(text, places)).toBe(isWrong);
        if (!isWrong) expect(scan(text, places)).toEqual(scan(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('says where the trailers begin, also when only they are in a piece', () => {
    const scanner = new ChunkScanner();
    scanner.scan(Buffer.from('1\r\na\r\n0\r\nA: b\r'), 0);
    expect(scanner.trailersAt).toBe(9);
    scanner.scan(Buffer.from('\n\r'), 0);
    expect(scanner.trailersAt).toBe(0);
    scanner.scan(Buffer.from('\nGET'), 0);
    expect(scanner).toMatchObject({ isDone: true, trailersAt: 0 });
  });

  it.each([
    ['a size with a sign', '+1\r\na\r\n'],
    ['a size with 0x', '0x1\r\na\r\n'],
    ['a size with _', '1_0\r\n'],
    ['a blank before a size', ' 1\r\na\r\n'],
    ['a blank behind a size', '1 \r\na\r\n'],
    ['no size', '\r\n'],
    ['an extension without a size', ';a\r\n'],
    ['a size that ends in LF', '1\na\r\n'],
    ['an extension that ends in LF', '1;a\na\r\n'],
    ['a CR within an extension', '1;a\rb\r\n'],
    ['data longer than the size', '1\r\nab\r\n'],
    ['data that ends in LF', '1\r\na\n'],
    ['data without an end', '1\r\na1\r\n'],
    ['a folded trailer', '0\r\nA: b\r\n c\r\n\r\n'],
    ['a trailer that ends in LF', '0\r\nA: b\n\r\n'],
    ['a NUL in a trailer', '0\r\nA: \0\r\n\r\n'],
    ['an end in LF', '0\r\n\n'],
    ['a size of 14 digits', '11111111111111\r\n'],
    ['5 KiB of extension', `1;${'a'.repeat(5000)}\r\n`],
    ['20 KiB of trailers', `0\r\n${'A: b\r\n'.repeat(5000)}\r\n`],
  ])('is refused for %s', (_, text) => {
    expect(isRefused(text)).toBe(true);
  });
});
