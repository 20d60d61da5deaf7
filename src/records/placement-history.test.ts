import { describe, expect, it } from 'vitest';
import { leftPlacement, type Left } from './placement-history.js';
import { DESIRED, type Record } from './record.js';
import { mergeRegister, register, type Register } from './register.js';
import { baselineVersion } from './version.js';

const KNOWN = ['one', 'two', 'three', 'four', 'five'];

/** The placements that the record had, one after the other, made at 1, 2, 3 … */
function recordOf(...placements: readonly string[]): Pick<Record, 'desired'> {
  const registers = placements.map((each, i): Register => register(each, baselineVersion(i + 1, 'w')));
  return { desired: new Map([[DESIRED.placement, registers.reduce(mergeRegister)]]) };
}

function left(cluster: string, ...placements: readonly string[]): Left | undefined {
  return leftPlacement(recordOf(...placements), cluster, KNOWN);
}

describe('a cluster left a placement', () => {
  it('when it was last in it, whatever changed after that', () => {
    expect(left('two', 'one, two', 'one')).toEqual({ sinceMs: 2, together: ['one'] });
    expect(left('two', 'two', 'one', 'one, three')).toEqual({ sinceMs: 2, together: [] });
    const toAndFro = ['two', 'one', 'three, two', 'three', 'four, one'];
    expect(left('two', ...toAndFro)).toEqual({ sinceMs: 4, together: ['three'] });
    const others = ['one', 'two', 'three', 'four'];
    expect(left('five', KNOWN.join(', '), 'one')).toEqual({ sinceMs: 2, together: others });
  });

  it('before there was one, where it was never in it or that is not known', () => {
    const sinceMs = 1;
    expect(left('two', 'one')).toEqual({ sinceMs, together: [] });
    expect(left('two', 'one', 'three')).toEqual({ sinceMs, together: [] });
    expect(left('two', 'five, four, three, two, one', 'one', 'three')).toEqual({ sinceMs, together: [] });
  });

  it('nobody knows when, where the record remembers no more', () => {
    const changes = ['one', 'three', 'one', 'three', 'one', 'three', 'one', 'three'];
    expect(left('two', ...changes)?.sinceMs).toBe(1);
    expect(left('two', 'two', ...changes)?.sinceMs).toBe(2);
    expect(left('two', ...changes, 'one')).toBeUndefined();
    expect(leftPlacement({ desired: new Map() }, 'two', KNOWN)).toBeUndefined();
  });
});
