// Promises of the reader of forms' bodies.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormFiles, formBoundary, type FormFile } from './form-files.js';
import { inPieces } from '../../test/support/pieces.js';

function read(body: string | Buffer, cuts: readonly number[] = [], boundary = 'B'): FormFile[] {
  const found: FormFile[] = [];
  const files = new FormFiles(boundary, (file) => found.push(file));
  inPieces(body, cuts, (piece) => files.push(piece));
  files.end();
  return found;
}

const part = (disposition: string, data: string): string =>
  `--B\r\nContent-Disposition: ${disposition}\r\n\r\n${data}\r\n`;
const file = (filename: string, data: string): string =>
  part(`form-data; name="file"; filename="${filename}"`, data);

describe('the files of a form', () => {
  it.each<[string, string, readonly (readonly [string, number])[]]>([
    [
      'fields and two files',
      `${part('form-data; name="a"', '1')}${file('x', 'abc')}${file('y', '')}--B--`,
      [
        ['x', 3],
        ['y', 0],
      ],
    ],
    ['empty lines in front', `\r\n\r\n${file('x', 'a')}--B--\r\n`, [['x', 1]]],
    ['what follows the end', `${file('x', 'a')}--B--\r\n${file('y', 'a')}`, [['x', 1]]],
    [
      'no end',
      `${file('x', 'abc')}--B\r\nContent-Disposition: form-data; filename=y\r\n\r\nab`,
      [
        ['x', 3],
        ['y', 2],
      ],
    ],
    [
      'another spelling',
      '--B\r\nX: y\r\ncontent-disposition:form-data;filename=a b.txt;name=f\r\n\r\nab\r\n--B--',
      [['a b.txt', 2]],
    ],
    ['UTF-8, folders, percent signs', `${file('ä/%20€', 'a')}--B--`, [['ä/%20€', 1]]],
    ['boundaries within the data that are none', `${file('x', 'a--B\n--B\r--B\r\n-B')}--B--`, [['x', 16]]],
    ['an empty name', `${file('', 'a')}--B--`, []],
    ['no form-data', `${part('attachment; filename="x"', 'a')}--B--`, []],
    [
      'a name on a line of its own, which Swift does not see',
      `${part('form-data; name="f";\r\n filename="x"', 'a')}--B--`,
      [],
    ],
    ['a head without a body', '--B\r\nContent-Disposition: form-data; filename="x"\r\n--B--', [['x', 0]]],
    ['a head that ends with all', '--B\r\nContent-Disposition: form-data; filename="x"', [['x', 0]]],
    ['another boundary', '--C\r\n', []],
    ['text in front', `text\r\n${file('x', 'a')}--B--`, []],
    ['nothing', '', []],
  ])('are read as Swift reads them: %s', (_, body, expected) => {
    expect(read(body)).toEqual(expected.map(([filename, bytes]) => ({ filename, bytes })));
  });

  it('are the same wherever the body is cut into chunks', () => {
    const unit = fc.constantFrom('\r\n', '\r', '\n', '-', '--B', '\r\n--B', 'B', 'x', 'ä', file('n', 'd'));
    const body = fc.array(unit, { maxLength: 30 }).map((pieces) => `--B\r\n${pieces.join('')}`);
    fc.assert(
      fc.property(body, fc.array(fc.nat({ max: 500 }), { maxLength: 20 }), (text, cuts) => {
        expect(read(text, cuts)).toEqual(read(text));
      }),
    );
  });

  it('of any names and lengths are found again', () => {
    const name = fc.string({
      unit: fc.constantFrom('a', '%', ' ', '/', '.', ';', '=', 'ä', '\u{1f600}'),
      minLength: 1,
    });
    const data = fc
      .string({ unit: fc.constantFrom('\r', '\n', '-', 'B', 'x') })
      .filter((text) => !`\r\n${text}`.includes('\r\n--B'));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, data), { maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 9 }),
        (files, cuts) => {
          const body = `${files.map(([filename, content]) => file(filename, content)).join('')}--B--\r\n`;
          expect(read(body, cuts)).toEqual(
            files.map(([filename, content]) => ({ filename, bytes: content.length })),
          );
        },
      ),
    );
  });

  it('take no memory for their data, nor for a head without end', () => {
    const endless = new FormFiles('B', () => expect.unreachable());
    endless.push(Buffer.from('--B\r\nContent-Disposition: form-data; filename='));
    for (let i = 0; i < 100; i += 1) endless.push(Buffer.alloc(10_000, 'x'));
    endless.end();
  });
});

it.each([
  ['multipart/form-data; boundary=abc', 'abc'],
  ['multipart/form-data;charset=utf-8;boundary="a b"', 'a b'],
  ['multipart/form-data', undefined],
  ['multipart/mixed; boundary=abc', undefined],
  ['Multipart/Form-Data; boundary=abc', undefined],
  ['text/plain', undefined],
  ['', undefined],
])('the boundary of %s is %s', (type, boundary) => {
  expect(formBoundary(type)).toBe(boundary);
});
