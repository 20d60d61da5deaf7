// Promises of the reader of whole bodies of bulk deletes.
import { describe, expect, it } from 'vitest';
import { isObjectName, quoteBytes, readBulkBody } from './bulk-body.js';

describe('the body of a bulk delete', () => {
  it.each([
    ['one name to a line, white space around taken off', ' /c/o \r\nc\n', ['/c/o', 'c']],
    ['empty lines count, but for the last', '\n/c\n\n', ['', '/c', '']],
    ['percent-encoding, as bytes', '/c%20%C3%A4/%ff\n', ['/c \u00c3\u00a4/\u00ff']],
    ['nothing', '', []],
  ])('is read as Swift reads it: %s', (_, body, names) => {
    expect(readBulkBody(Buffer.from(body))?.names).toEqual(names);
  });

  it('tells the longest line, as it came', () => {
    expect(readBulkBody(Buffer.from('a\n%20%20\nbb'))?.longestLineBytes).toBe(6);
  });

  it('is not read where it has more lines than any Swift takes', () => {
    expect(readBulkBody(Buffer.alloc(1_000_000, '\n'))).toBeUndefined();
  });

  it('names objects by a slash inside', () => {
    expect(['/c/o', 'c/o', '/c//o'].every(isObjectName)).toBe(true);
    expect(['/c', 'c/', '//c//', '/', ''].some(isObjectName)).toBe(false);
  });

  it('is quoted as Python quotes, byte for byte', () => {
    expect(quoteBytes('/c ~_.-/\u00c3\u00a4\u00ff?\n')).toBe('/c%20~_.-/%C3%A4%FF%3F%0A');
  });
});
