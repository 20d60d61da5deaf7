// Promises of the reader of bulk deletes' bodies.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BulkNames, type BulkName } from './bulk-names.js';
import { inPieces } from '../../test/support/pieces.js';

function read(body: string | Buffer, cuts: readonly number[] = []): BulkName[] {
  const found: BulkName[] = [];
  const names = new BulkNames((name) => found.push(name));
  inPieces(body, cuts, (piece) => names.push(piece));
  names.end();
  return found;
}

const inText = (body: string): string[] =>
  read(body).map(({ container, object }) => (object === undefined ? container : `${container}|${object}`));

describe('the names of a bulk delete', () => {
  it.each([
    ['a container and an object', '/c\n/c/o\n', ['c', 'c|o']],
    ['no slash in front, or several', 'c\n//c\nc/o', ['c', 'c', 'c|o']],
    ['slashes at the end of a container', '/c/\n/c//\n', ['c', 'c']],
    ['slashes in objects', '/c//o\n/c/a/b/\n', ['c|/o', 'c|a/b/']],
    ['CRLF, white space around, empty lines', ' /c \r\n\r\n\t/d\v\f\n\n', ['c', 'd']],
    ['percent-encoding, also of line ends and what is no hex', '/a%20b\n/c%0Ad/%zz+\n', ['a b', 'c\nd|%zz+']],
    ['UTF-8, raw or encoded', '/\u00e4/\u20ac\n/%C3%A4/%E2%82%AC', ['\u00e4|\u20ac', '\u00e4|\u20ac']],
    ['a # is no comment', '#c\n/c#d\n', ['#c', 'c#d']],
    ['nothing that Swift could not have: bytes that are no UTF-8, NUL, no name', '/%ff\n/a%00\n/\n//\n', []],
  ])('are read as Swift reads them: %s', (_, body, expected) => {
    expect(inText(body)).toEqual(expected);
  });

  it('are the same wherever the body is cut into chunks', () => {
    const unit = fc.constantFrom('/', '\n', '\r', ' ', '%', '2', '0', 'F', 'c', '\u00e4', '\u{1f600}');
    const body = fc.string({ unit, maxLength: 60 });
    fc.assert(
      fc.property(body, fc.array(fc.nat({ max: 200 }), { maxLength: 12 }), (text, cuts) => {
        expect(read(text, cuts)).toEqual(read(text));
      }),
    );
  });

  it('of any sort are found again', () => {
    const unit = fc.constantFrom(
      'a',
      '%',
      '2',
      'F',
      ' ',
      '\n',
      '\r',
      '\t',
      '.',
      '#',
      '+',
      '\x7f',
      '\u00e4',
      '\u{1f600}',
    );
    const part = fc.string({ unit, minLength: 1, maxLength: 20 });
    const name = fc.record({ container: part, object: fc.option(part, { nil: undefined }) });
    fc.assert(
      fc.property(fc.array(name, { maxLength: 8 }), (list) => {
        const lines = list.map(({ container, object }) => [container, object].flatMap((each) => each ?? []));
        expect(read(lines.map((each) => `/${each.map(encodeURIComponent).join('/')}`).join('\n'))).toEqual(
          list,
        );
      }),
    );
  });

  it('take no more memory than the longest line, and a line beyond all limits is left out', () => {
    expect(inText(`/a\n/${'x'.repeat(70_000)}\n/b`)).toEqual(['a', 'b']);
    const endless = new BulkNames(() => expect.unreachable());
    for (let i = 0; i < 100; i += 1) endless.push(Buffer.alloc(10_000, 'x'));
    endless.end();
  });
});
