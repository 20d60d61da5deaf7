import { describe, expect, it } from 'vitest';
import { problem, readProblems, renderBulk, type BulkFormat } from './bulk-answer.js';

const PROBLEMS = [
  problem('/c/a, b', '404 Not Found'),
  problem('/c/<&>"ü\n', 'Etag Mismatch'),
  problem('c', 'Too small; each segment must be at least 1 byte.'),
];
const SAID = { 'Response Status': '400 Bad Request', 'Response Body': '' };

describe('what is wrong with each name', () => {
  it.each<BulkFormat>(['text/plain', 'application/json', 'application/xml', 'text/xml'])(
    'is read out of an answer in %s',
    (format) => {
      for (const said of [{}, SAID])
        for (const problems of [PROBLEMS, []])
          expect(readProblems(renderBulk(format, said, problems, 'upload').toString())).toEqual(problems);
    },
  );

  it('is read out of nothing else', () => {
    for (const text of [
      '',
      '{',
      '{"Errors": 7}',
      'Index 0: extraneous keys "c/a, 404 Not Found"\n',
      'Index 0: extraneous keys "x\\nErrors:\\nc/a, 404 Not Found"\n',
      '<html><h1>Bad Request</h1></html>',
    ])
      expect(readProblems(text)).toEqual([]);
  });
});
