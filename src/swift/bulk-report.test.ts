import { describe, expect, it } from 'vitest';
import { BulkReport } from './bulk-report.js';

function hasDeleted(text: string, step = 7): boolean {
  const report = new BulkReport();
  for (let at = 0; at < text.length; at += step) report.push(Buffer.from(text.slice(at, at + step)));
  return report.hasDeleted;
}

const TEXT = (count: number): string =>
  `Number Deleted: ${count}\nNumber Not Found: 1\nResponse Body: \nResponse Status: 200 OK\nErrors:\n`;
const JSON_TEXT = (count: number): string =>
  `{"Response Status": "200 OK", "Response Body": "", "Number Deleted": ${count}, "Number Not Found": 0, "Errors": []}`;
const XML = (count: number): string =>
  `<delete>\n<number_deleted>${count}</number_deleted>\n<number_not_found>0</number_not_found>\n</delete>\n`;

describe('a bulk delete’s answer says whether anything was deleted', () => {
  it.each([
    ['text', TEXT],
    ['JSON', JSON_TEXT],
    ['XML', XML],
  ])('in %s, also after long silence and with many names', (_, form) => {
    const silence = `<?xml version="1.0" encoding="UTF-8"?>\n${' '.repeat(9_000)}\r\n\r\n`;
    const names = 'c/o, 403 Forbidden\n'.repeat(999);
    for (const before of ['', silence])
      expect([hasDeleted(before + form(12) + names), hasDeleted(before + form(0) + names)]).toEqual([
        true,
        false,
      ]);
  });

  it('or says nothing yet, or something else', () => {
    for (const text of ['', ' ', '<html>Number</html>', TEXT(12).slice(0, 12)])
      expect(hasDeleted(text)).toBe(false);
  });
});
