// Promises of what the status makes of the copiers' reports.
import { describe, expect, it } from 'vitest';
import type { CopierStatus } from '../copy/copier.js';
import { lostWith, type CopierState } from '../copy/lag-report.js';
import { NOTHING_UNPROVEN } from '../copy/unproven.js';
import { copiesState } from './copies-state.js';

const NOW = 1_000_000;
const OBJECTIVE = { rule: '', share: 0.9, withinSeconds: 60, within: 9, late: 0 };

function report(peer: Partial<CopierStatus>, state: Partial<CopierState> = {}): CopierState {
  const status: CopierStatus = {
    ...{ peer: 'two', waiting: 0, underWay: 0, oldestSeconds: 0, bytesBehind: 0, containers: [] },
    ...{
      unproven: NOTHING_UNPROVEN,
      copied: 0,
      copiedBytes: 0,
      there: 0,
      dropped: 0,
      refused: 0,
      trouble: '',
    },
    ...{
      canary: { lagSeconds: undefined, measuredMs: undefined, trouble: '' },
      objectives: [OBJECTIVE],
      throttledSeconds: 0,
      ...peer,
    },
  };
  return { copier: 'h-1', atMs: NOW, isEnded: false, isSilent: false, peers: [status], ...state };
}

describe('objects at a peer', () => {
  it('are behind by what all copiers say together', () => {
    const reports = [
      report({ waiting: 2, oldestSeconds: 3, bytesBehind: 5 }),
      report({ underWay: 1, oldestSeconds: 9 }),
    ];
    expect(copiesState(reports, 'two', NOW)).toMatchObject({
      objects: 3,
      bytes: 5,
      lagSeconds: 9,
      codes: [],
    });
  });

  it('are behind for longer the older the report is, but not where nothing waited', () => {
    const old = { atMs: NOW - 20_000 };
    expect(copiesState([report({ waiting: 1, oldestSeconds: 45 }, old)], 'two', NOW)).toMatchObject({
      ...{ lagSeconds: 65, codes: ['COPIES_BEHIND'] },
    });
    expect(copiesState([report({}, old)], 'two', NOW)).toMatchObject({ lagSeconds: 0, codes: [] });
  });

  it('are behind since the first that was dropped, at once', () => {
    const unproven = { ...NOTHING_UNPROVEN, sinceMs: NOW - 5_000, jobs: 2 };
    expect(copiesState([report({ unproven }), report({})], 'two', NOW)).toMatchObject({
      ...{ unproven: 2, unprovenSeconds: 5, lagSeconds: 5, codes: ['COPIES_UNPROVEN'] },
    });
  });

  it('keep the objective by the copies of all copiers that run', () => {
    const late = { ...OBJECTIVE, within: 10, late: 1 };
    const archive = { ...OBJECTIVE, rule: 'archive', within: 1, late: 0 };
    const reports = [
      report({ objectives: [late, archive] }),
      report({}),
      report({ objectives: [late] }, { isEnded: true }),
    ];
    expect(copiesState(reports, 'two', NOW)?.objectives).toMatchObject([
      { rule: '', within: 19, late: 1, budgetLeft: expect.closeTo(0.5) as number },
      { rule: 'archive', within: 1, late: 0, budgetLeft: 1 },
    ]);
  });

  it('are not known where no copier speaks of it', () => {
    expect(copiesState([report({})], 'three', NOW)).toBeUndefined();
  });

  it('a canary that does not come is told after a minute', () => {
    const canary = { lagSeconds: 0.2, measuredMs: NOW - 61_000, trouble: '500' };
    expect(copiesState([report({ canary })], 'two', NOW)?.codes).toEqual(['CANARY_LOST']);
    expect(
      copiesState([report({ canary: { ...canary, measuredMs: NOW - 5_000 } })], 'two', NOW)?.codes,
    ).toEqual([]);
    const never = { lagSeconds: undefined, measuredMs: undefined, firstMs: NOW - 61_000, trouble: '500' };
    const well = { ...canary, measuredMs: NOW, trouble: '' };
    for (const reports of [
      [report({ canary: never })],
      [report({ canary: well }), report({ canary: never })],
    ])
      expect(copiesState(reports, 'two', NOW)?.codes).toEqual(['CANARY_LOST']);
  });
});

describe('a copier that did not end by itself', () => {
  it('may have lost anything since the oldest that it had', () => {
    expect(lostWith(report({ waiting: 1, oldestSeconds: 4 }), NOW + 9)).toEqual({
      ...{ firstMs: NOW - 4_000, lastMs: NOW + 9 },
    });
    expect(lostWith(report({}, { isEnded: true }), NOW)).toBeUndefined();
  });
});
