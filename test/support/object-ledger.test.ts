// The checker of object histories finds what it is to find.
import { describe, expect, it } from 'vitest';
import { unexplained, type Deed } from './object-ledger.js';

function deed(body: string | undefined, beganMs: number, endedMs: number, isTold = true): Deed {
  return { name: 'o', body, beganMs, endedMs, isTold };
}

describe('the end of an object', () => {
  it.each<[string, Deed[], string | undefined, boolean]>([
    ['is what the last one did', [deed('a', 0, 1), deed('b', 2, 3)], 'b', true],
    ['is not what an earlier one did', [deed('a', 0, 1), deed('b', 2, 3)], 'a', false],
    ['is not nothing after a PUT', [deed('a', 0, 1)], undefined, false],
    ['is not there after a DELETE', [deed('a', 0, 1), deed(undefined, 2, 3)], 'a', false],
    ['is either of two at once', [deed('a', 0, 3), deed('b', 2, 5)], 'a', true],
    ['is what nobody wrote', [deed('a', 0, 1)], 'x', false],
    ['may be what was not answered', [deed('a', 0, 1), deed('b', 2, Infinity, false)], 'b', true],
    ['need not be what was not answered', [deed('a', 0, 1), deed('b', 2, Infinity, false)], 'a', true],
    ['may be what was not answered, late', [deed('b', 0, Infinity, false), deed('a', 2, 3)], 'b', true],
    ['is nothing where nothing was answered', [deed('b', 0, Infinity, false)], undefined, true],
  ])('%s', (_, deeds, found, isExplained) => {
    expect(unexplained(deeds, new Map([['o', found]]))).toEqual(isExplained ? [] : ['o']);
  });
});
