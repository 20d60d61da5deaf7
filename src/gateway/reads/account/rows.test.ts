// Promises of how rows are read and written, against what Swift itself writes (test/functional/account-listing.test.ts asks a real one).
import { describe, expect, it } from 'vitest';
import { formatOf, parseJsonRows, parseXmlRows, renderRows } from './rows.js';

const JSON_BODY = Buffer.from(
  '[{"name": "a\\n\\"b\\\\", "count": 2, "bytes": 10, "last_modified": "2026-01-01T00:00:00.000000", "storage_policy": "gold"}, ' +
    '{"name": "\\u00fc\\ud83d\\ude00\\u007f", "count": 0, "bytes": 0, "last_modified": "2026-01-01T00:00:00.000000"}, {"subdir": "x-"}]',
);
const XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<account name="AUTH_&quot;&gt;">\n';
const XML_BODY = Buffer.from(
  `${XML_HEAD}<container><name>a&amp;&lt;&gt;"' \n\r</name><count>2</count><bytes>10</bytes>` +
    '<last_modified>2026-01-01T00:00:00.000000</last_modified></container>\n' +
    '<subdir name="&lt;&quot;&#10;&#13;&#09;\'" />\n</account>',
);

describe('rows', () => {
  it('of JSON are written again as they were read, also what newer releases say', () => {
    const rows = parseJsonRows(JSON_BODY)!;
    expect(rows.map(({ name, isSubdir, count, bytes }) => [name, isSubdir, count, bytes])).toEqual([
      ['a\n"b\\', false, 2, 10],
      ['ü😀\x7f', false, 0, 0],
      ['x-', true, 0, 0],
    ]);
    expect(renderRows(rows, 'json', JSON_BODY)).toEqual(JSON_BODY);
    expect(renderRows([], 'json', JSON_BODY).toString()).toBe('[]');
  });

  it('of XML are written again as they were read', () => {
    const rows = parseXmlRows(XML_BODY)!;
    expect(rows.map(({ name, isSubdir, count, bytes }) => [name, isSubdir, count, bytes])).toEqual([
      ['a&<>"\' \n\r', false, 2, 10],
      ['<"\n\r\t\'', true, 0, 0],
    ]);
    expect(renderRows(rows, 'xml', XML_BODY)).toEqual(XML_BODY);
    const empty = Buffer.from(`${XML_HEAD}</account>`);
    expect(parseXmlRows(empty)).toEqual([]);
    expect(renderRows(rows, 'xml', empty)).toEqual(XML_BODY);
  });

  it('of text are names', () => {
    const rows = parseJsonRows(JSON_BODY)!;
    expect(renderRows(rows, 'text', JSON_BODY).toString()).toBe('a\n"b\\\nü😀\x7f\nx-\n');
  });

  it.each(['', '{}', '[1]', '[null]', '[{"name": 1}]', '[{"name": "a", "count": "x"}]', '<html/>'])(
    'are none in %j',
    (text) => {
      expect(parseJsonRows(Buffer.from(text))).toBeUndefined();
      expect(parseXmlRows(Buffer.from(text))).toBeUndefined();
    },
  );
});

it.each([
  ['application/json; charset=utf-8', 'json'],
  ['application/xml; charset=utf-8', 'xml'],
  ['text/xml', 'xml'],
  ['text/plain; charset=utf-8', 'text'],
  ['text/html', undefined],
  [undefined, undefined],
])('the format of %s is %s', (type, format) => expect(formatOf(type)).toBe(format));
