// Shows that the simulator finds what it is for: bugs, planted one at a time, each of a kind that such code has had.
import fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import type * as Compare from '../../src/converge/compare.js';
import type * as Leftovers from '../../src/converge/leftovers.js';
import type * as RecordModule from '../../src/records/record.js';
import type * as RegisterModule from '../../src/records/register.js';
import type * as VersionModule from '../../src/records/version.js';
import type { Planted } from './cluster.js';
import { histories, readable, type Weather } from './history.js';
import { simulate } from './simulation.js';

const plant = vi.hoisted(() => ({ bug: '' }));

vi.mock('../../src/records/register.js', async (original) => {
  const real = await original<typeof RegisterModule>();
  const mergeRegisters: typeof real.mergeRegisters = (a, b) =>
    plant.bug === 'merge by arrival order' ? new Map([...a, ...b]) : real.mergeRegisters(a, b);
  return { ...real, mergeRegisters };
});

vi.mock('../../src/records/record.js', async (original) => {
  const real = await original<typeof RecordModule>();
  const renderRecord: typeof real.renderRecord = (record) => {
    const isDropped = plant.bug === 'tombstone dropped early' && real.lifeOf(record) === 'deleted';
    return real.renderRecord(isDropped ? real.EMPTY : record);
  };
  return { ...real, renderRecord };
});

vi.mock('../../src/converge/leftovers.js', async (original) => {
  const real = await original<typeof Leftovers>();
  const findNeverSeen: typeof real.findNeverSeen = (site, name, key, leftovers) => {
    if (plant.bug !== 'tombstone that deletes objects') return real.findNeverSeen(site, name, key, leftovers);
    for (const leftover of leftovers) leftover.isDeletedHere = true;
    return Promise.resolve(false);
  };
  return { ...real, findNeverSeen };
});

vi.mock('../../src/records/version.js', async (original) => {
  const real = await original<typeof VersionModule>();
  class VersionClock extends real.VersionClock {
    readonly #now: () => string;

    constructor(writer: string, now: () => number, maxAheadMs: number) {
      super(writer, now, maxAheadMs);
      this.#now = () => real.baselineVersion(now(), writer);
    }

    override next(after?: string): string {
      return plant.bug === 'clock going back' ? this.#now() : super.next(after);
    }
  }
  return { ...real, VersionClock };
});

vi.mock('../../src/converge/compare.js', async (original) => {
  const real = await original<typeof Compare>();
  const compare: typeof real.compare = (kind, record, observed, moment) =>
    plant.bug === 'emptiness taken for deletions'
      ? real.compare(kind, record, observed, { ...moment, isWiped: false })
      : real.compare(kind, record, observed, moment);
  return { ...real, compare };
});

afterEach(() => {
  plant.bug = '';
});

const HISTORIES = 600;

/** The first history, of those that `npm test` plays, that shows the bug. */
async function firstFound(weather: Weather, planted: Planted = {}): Promise<string> {
  const property = fc.asyncProperty(histories(weather), async (history) => {
    const { wrong } = await simulate(history, { planted });
    if (wrong.length > 0) throw new Error(`${wrong.join('\n')}\n${readable(history)}`);
  });
  const result = await fc.check(property, { numRuns: HISTORIES, seed: 1, endOnFailure: true });
  return result.failed ? String(result.errorInstance) : `not found in ${HISTORIES} histories`;
}

it('finds nothing where no bug is planted', async () => {
  const property = fc.asyncProperty(histories({ faults: true }), async (history) => {
    expect((await simulate(history)).wrong).toEqual([]);
  });
  await fc.assert(property, { numRuns: 20, seed: 1 });
});

const IN_THE_CODE: readonly (readonly [bug: string, weather: Weather, complaint: RegExp])[] = [
  [
    'merge by arrival order',
    { faults: true },
    /forgot|nobody set last|nobody made it|is gone|not the same|not quiet/,
  ],
  ['tombstone dropped early', { faults: true }, /forgot life|nobody made it|not the same|not quiet/],
  ['tombstone that deletes objects', { faults: true }, /object o\d is gone/],
  ['clock going back', { clocks: true }, /forgot|nobody set last|nobody made it|is gone/],
  ['emptiness taken for deletions', { faults: true, wipe: true }, /is gone/],
];

for (const [bug, weather, complaint] of IN_THE_CODE) {
  it(`finds: ${bug}`, async () => {
    plant.bug = bug;
    expect(await firstFound(weather)).toMatch(complaint);
  });
}

it('finds: one record object written by two processes', async () => {
  expect(await firstFound({ crowd: true }, { isWriterShared: true })).toMatch(/forgot/);
});

it('finds: a listing believed without a HEAD', async () => {
  expect(await firstFound({ faults: true }, { areListingsBelieved: true })).toMatch(
    /is gone|nobody set last/,
  );
});
