// Promises of the rotation: what it says was looked at, was; and a daemon that starts anew goes on where the last one was.
import { expect, it } from 'vitest';
import { rotated, turnAfter, type Rotation } from './rotation.js';

function passes(last: Rotation | undefined, of: number, ...starts: string[]): Rotation | undefined {
  return starts.reduce<Rotation | undefined>((rotation, startedAt) => rotated(rotation, of, startedAt), last);
}

it('every container was looked at since the last whole round began', () => {
  expect(passes(undefined, 3, 'a', 'b')?.lookedSince).toBeUndefined();
  expect(passes(undefined, 3, 'a', 'b', 'c')?.lookedSince).toBe('a');
  expect(passes(undefined, 3, 'a', 'b', 'c', 'd', 'e')?.lookedSince).toBe('a');
  expect(passes(undefined, 3, 'a', 'b', 'c', 'd', 'e', 'f')?.lookedSince).toBe('d');
});

it('a pass that looks at all is a round by itself', () => {
  expect(passes(undefined, 1, 'a', 'b')?.lookedSince).toBe('b');
});

it('goes on where it was, and begins anew where look_every has changed', () => {
  const two = passes(undefined, 3, 'a', 'b');
  expect(turnAfter(two, 3)).toBe(2);
  expect(turnAfter(two, 4)).toBe(0);
  expect(turnAfter(undefined, 3)).toBe(0);
  const whole = passes(passes(undefined, 1, 'a'), 3, 'b', 'c');
  expect([whole?.lookedSince, turnAfter(whole, 3)]).toEqual(['a', 2]);
});
