// Promises of what is called proven equal: nothing that was not compared with every cluster of the placement.
import { expect, it } from 'vitest';
import { DESIRED } from '../records/record.js';
import { register } from '../records/register.js';
import { baselineVersion } from '../records/version.js';
import { provenOn } from './proven.js';

const [EARLY, LATE] = ['2026-05-01T00:00:00.000Z', '2026-05-02T00:00:00.000Z'];
const PROVEN = { print: 'x', at: { one: LATE, two: EARLY } };
const madeAt = (at: string) => ({
  desired: new Map([[DESIRED.life, register('present', baselineVersion(Date.parse(at), 'w'))]]),
});
const OLD = madeAt('2026-04-01T00:00:00.000Z');

it.each([
  ['by the cluster that was compared first', PROVEN, ['one', 'two'], OLD, EARLY],
  ['whatever the case of names', PROVEN, ['ONE'], OLD, LATE],
  ['not with a cluster that was not compared', PROVEN, ['one', 'three'], OLD, undefined],
  ['not if it was made anew since', PROVEN, ['one', 'two'], madeAt('2026-05-01T12:00:00.000Z'), undefined],
  ['not without a proof', undefined, ['one'], OLD, undefined],
  ['not where it is placed nowhere', PROVEN, [], OLD, undefined],
])('a container is proven equal %s', (_, proven, placement, record, expected) => {
  expect(provenOn(proven, placement, record)).toBe(expected);
});
