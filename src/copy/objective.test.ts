// Promises of how the objective is counted.
import { expect, it } from 'vitest';
import { budgetLeft, ObjectiveWindow, ObjectiveWindows, shareOf } from './objective.js';

const OBJECTIVE = { rule: '', share: 0.9, withinSeconds: 60 };
const DAY_MS = 24 * 3_600_000;

it('no copies keep it', () => {
  const state = new ObjectiveWindow(OBJECTIVE).state(0, DAY_MS);
  expect([shareOf(state), budgetLeft(state)]).toEqual([1, 1]);
});

it('what came late, was given up, or is too late already, uses up what may be late', () => {
  const window = new ObjectiveWindow(OBJECTIVE);
  window.add(60, 0, 17);
  window.add(61, 0);
  expect(budgetLeft(window.state(0, 0))).toBeCloseTo(4 / 9);
  window.add(Infinity, 0);
  const state = window.state(1, 0);
  expect([state.within, state.late, shareOf(state)]).toEqual([17, 3, 0.85]);
  expect(budgetLeft(state)).toBeCloseTo(-0.5);
});

it('a day later it is forgotten', () => {
  const window = new ObjectiveWindow(OBJECTIVE);
  window.add(99, 0);
  expect(window.state(0, DAY_MS - 1).late).toBe(1);
  expect(window.state(0, DAY_MS).late).toBe(0);
});

it('each rule counts the copies of its own containers', () => {
  const archive = { rule: 'archive', share: 0.99, withinSeconds: 3_600 };
  const name = (container: string) => ({ account: 'a', container });
  const windows = new ObjectiveWindows(({ container }) => (container === 'old' ? archive : OBJECTIVE));
  windows.add(name('c'), 10, 0);
  windows.add(name('old'), 100, 0, 2);
  const waiting = [
    [name('c'), 59],
    [name('c'), 61],
    [name('old'), 61],
  ] as const;
  expect(windows.state(waiting, 0)).toEqual([
    { ...OBJECTIVE, within: 1, late: 1 },
    { ...archive, within: 2, late: 0 },
  ]);
});
