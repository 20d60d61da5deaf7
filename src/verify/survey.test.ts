// Of each object: equal, only on some clusters, or in conflict, and then who wins.
import { expect, it } from 'vitest';
import type { ListedObject } from '../converge/object-member.js';
import { standingOf } from './survey.js';

function row(date: string, hash = 'h'): ListedObject {
  return { date, bytes: 1, mark: `${date} 1 ${hash} text/plain` };
}
const OLD = '2026-01-01T00:00:00.000000';
const NEW = '2026-01-01T00:00:00.000010';

it('takes for equal what all clusters have with the same bytes, type and date', () => {
  expect(standingOf(['one', 'two'].map((each) => [each, row(OLD)]))).toBe('equal');
});

it('names who has what others lack', () => {
  const rows = { one: row(OLD), two: undefined, three: row(OLD) };
  expect(standingOf(Object.entries(rows))).toEqual({
    kind: 'only',
    at: ['one', 'three'],
    newestAt: ['one', 'three'],
    date: OLD,
  });
});

it('lets the newest win where copies differ, also where only the date does', () => {
  for (const other of [row(NEW), row(NEW, 'other')])
    expect(standingOf(Object.entries({ one: row(OLD), two: other, three: undefined }))).toEqual({
      kind: 'conflict',
      at: ['one', 'two'],
      newestAt: ['two'],
      date: NEW,
    });
});

it('says that nobody wins where copies dated alike differ: Swift would replace neither', () => {
  expect(standingOf(Object.entries({ one: row(NEW), two: row(NEW, 'other'), three: row(OLD) }))).toEqual({
    kind: 'conflict',
    at: ['one', 'two', 'three'],
    newestAt: [],
    date: NEW,
  });
});
