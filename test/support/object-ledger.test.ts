// The checker of object histories finds what it is to find: each case is a history, an end, and whether the one can have led to the other.
import { describe, expect, it } from 'vitest';
import { unexplained, type Deed, type HeldObject } from './object-ledger.js';

type How = Partial<Pick<Deed, 'cluster' | 'isTold' | 'bodies' | 'isFleeting'>>;

function deed(does: Deed['does'], mark: string, beganMs: number, endedMs: number, how: How = {}): Deed {
  const bodies = does === 'write' ? [mark] : [];
  return { name: 'o', cluster: 'one', does, bodies, mark, beganMs, endedMs, isTold: true, ...how };
}
const put = (mark: string, beganMs: number, endedMs: number, how?: How): Deed =>
  deed('write', mark, beganMs, endedMs, how);
const post = (mark: string, beganMs: number, endedMs: number, how?: How): Deed =>
  deed('describe', mark, beganMs, endedMs, how);
const gone = (beganMs: number, endedMs: number, how?: How): Deed => deed('delete', '', beganMs, endedMs, how);
const held = (body: string, mark = body): HeldObject => ({ body, mark });

const TWO: How = { cluster: 'two' };
const NOT_TOLD: How = { isTold: false };
const FLEETING: How = { isFleeting: true };

type Case = [promise: string, deeds: Deed[], end: HeldObject, isExplained: boolean];

function check([, deeds, end, isExplained]: Case): void {
  expect(unexplained(deeds, new Map([['o', end]]))).toHaveLength(isExplained ? 0 : 1);
}

describe('with PUT, COPY and DELETE, the end of an object', () => {
  it.each<Case>([
    ['is what the last one did', [put('a', 0, 1), put('b', 2, 3)], held('b'), true],
    ['is not what an earlier one did', [put('a', 0, 1), put('b', 2, 3)], held('a'), false],
    ['is not what an earlier one did elsewhere', [put('a', 0, 1, TWO), put('b', 2, 3)], held('a'), false],
    ['is not nothing after a PUT', [put('a', 0, 1)], undefined, false],
    ['is not there after a DELETE', [put('a', 0, 1), gone(2, 3)], held('a'), false],
    ['is not there after a DELETE elsewhere', [put('a', 0, 1), gone(2, 3, TWO)], held('a'), false],
    ['is either of two at once', [put('a', 0, 3), put('b', 2, 5, TWO)], held('a'), true],
    ['is not half of each of two at once', [put('a', 0, 3), put('b', 2, 5)], held('a', 'b'), false],
    ['is what nobody wrote', [put('a', 0, 1)], held('x'), false],
    ['may be what was not answered', [put('a', 0, 1), put('b', 2, Infinity, NOT_TOLD)], held('b'), true],
    ['need not be what was not answered', [put('a', 0, 1), put('b', 2, Infinity, NOT_TOLD)], held('a'), true],
    [
      'may be what was not answered, late',
      [put('b', 0, Infinity, NOT_TOLD), put('a', 2, 3)],
      held('b'),
      true,
    ],
    ['is not what was refused, late', [put('b', 0, 1, NOT_TOLD), put('a', 2, 3)], held('b'), false],
    ['is nothing where nothing was answered', [put('b', 0, Infinity, NOT_TOLD)], undefined, true],
    ['is any that a COPY may have found', [put('c', 0, 1, { bodies: ['a', 'b'] })], held('b', 'c'), true],
    ['is none that no COPY may have found', [put('c', 0, 1, { bodies: ['a'] })], held('b', 'c'), false],
  ])('%s', (...args) => check(args));
});

describe('with POST as well, the end of an object', () => {
  it.each<Case>([
    ['has the metadata of the last POST', [put('a', 0, 1), post('m', 2, 3)], held('a', 'm'), true],
    ['has not lost an acknowledged POST', [put('a', 0, 1), post('m', 2, 3)], held('a'), false],
    [
      'has not lost one to an older POST',
      [put('a', 0, 1), post('m', 2, 3), post('n', 4, 5, TWO)],
      held('a', 'm'),
      false,
    ],
    [
      'has no POST’s metadata after a PUT',
      [put('a', 0, 1), post('m', 2, 3), put('b', 4, 5)],
      held('b', 'm'),
      false,
    ],
    [
      'has the bytes of the cluster’s last PUT',
      [put('a', 0, 1), put('b', 2, 3), post('m', 4, 5)],
      held('a', 'm'),
      false,
    ],
    [
      'may have bytes that had not come yet',
      [put('a', 0, 1), put('b', 2, 3, TWO), post('m', 4, 5)],
      held('a', 'm'),
      true,
    ],
    [
      'may have bytes that came under the POST',
      [put('a', 0, 1), put('b', 2, 3, TWO), post('m', 4, 5)],
      held('b', 'm'),
      true,
    ],
    [
      'has no bytes from after the POST',
      [put('a', 0, 1), post('m', 2, 3), put('b', 4, 5, TWO)],
      held('b', 'm'),
      false,
    ],
    [
      'has no bytes that its cluster replaced',
      [put('a', 0, 1, TWO), put('b', 2, 3), post('m', 4, 5)],
      held('a', 'm'),
      false,
    ],
    [
      'may have older bytes that a POST elsewhere brought',
      [put('a', 0, 1), put('b', 2, 3), post('m', 4, 5, TWO), post('n', 6, 7)],
      held('a', 'n'),
      true,
    ],
    [
      'is there where a POST had not heard of a DELETE',
      [put('a', 0, 1), gone(2, 3, TWO), post('m', 4, 5)],
      held('a', 'm'),
      true,
    ],
    ['is not nothing after a POST', [put('a', 0, 1), gone(2, 3, TWO), post('m', 4, 5)], undefined, false],
    [
      'is not there after a DELETE',
      [put('a', 0, 1), post('m', 2, 3), gone(4, 5, TWO)],
      held('a', 'm'),
      false,
    ],
    [
      'may be without a POST that was not answered',
      [put('a', 0, 1), post('m', 2, Infinity, NOT_TOLD)],
      held('a'),
      true,
    ],
  ])('%s', (...args) => check(args));
});

it('says of each name what is wrong', () => {
  const deeds = [put('a', 0, 1), { ...put('b', 0, 1), name: 'p' }];
  const found = new Map([
    ['o', held('a')],
    ['p', held('a')],
  ]);
  expect(unexplained(deeds, found)).toEqual([
    "p: 'a' with the metadata of 'a', after one of write 'b' at one from 0 to 1, told as done",
  ]);
});

describe('with X-Delete-At as well, the end of an object', () => {
  it.each<Case>([
    ['is nothing once it expired', [put('a', 0, 1, FLEETING)], undefined, true],
    ['is not what expired', [put('a', 0, 1, FLEETING)], held('a'), false],
    ['is not what was there before it', [put('a', 0, 1, TWO), put('b', 2, 3, FLEETING)], held('a'), false],
    ['is what was written afterwards', [put('a', 0, 1, FLEETING), put('b', 2, 3)], held('b'), true],
    ['is not nothing after a later PUT', [put('a', 0, 1, FLEETING), put('b', 2, 3)], undefined, false],
    ['is what a POST made stay', [put('a', 0, 1, FLEETING), post('m', 2, 3)], held('a', 'm'), true],
    ['is not nothing after a POST', [put('a', 0, 1, FLEETING), post('m', 2, 3)], undefined, false],
    [
      'is an older one that a POST elsewhere described',
      [put('a', 0, 1, TWO), put('b', 2, 3, FLEETING), post('m', 4, 5, TWO)],
      held('a', 'm'),
      true,
    ],
  ])('%s', (...args) => check(args));
});
