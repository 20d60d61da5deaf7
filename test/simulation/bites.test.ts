// Shows that the simulator finds what it is for: bugs, planted one at a time, each of a kind that such code has had.
import fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import type * as Leftovers from '../../src/converge/leftovers.js';
import type * as Marker from '../../src/records/marker.js';
import type * as RecordModule from '../../src/records/record.js';
import type * as RegisterModule from '../../src/records/register.js';
import type * as VersionModule from '../../src/records/version.js';
import type { Planted } from './cluster.js';
import {
  histories,
  readable,
  SETTINGS,
  UNTIL_IDLE,
  type Deed,
  type Setting,
  type Weather,
} from './history.js';
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
  const findNeverDeleted: typeof real.findNeverDeleted = (site, name, proof, leftovers) => {
    if (plant.bug !== 'tombstone that deletes objects')
      return real.findNeverDeleted(site, name, proof, leftovers);
    for (const leftover of leftovers) leftover.isDeleted = true;
    return Promise.resolve(false);
  };
  return { ...real, findNeverDeleted };
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

vi.mock('../../src/records/marker.js', async (original) => {
  const real = await original<typeof Marker>();
  const INTACT = { state: 'intact', sinceMs: 0 } as const;
  const isPlanted = (): boolean => plant.bug === 'emptiness taken for deletions';
  const readMarker: typeof real.readMarker = async (store) => (isPlanted() ? INTACT : real.readMarker(store));
  const renewMarker: typeof real.renewMarker = async (...args) =>
    isPlanted() ? INTACT : real.renewMarker(...args);
  return { ...real, readMarker, renewMarker };
});

afterEach(() => {
  plant.bug = '';
});

// A search, not a measurement: it takes what it takes.
vi.setConfig({ testTimeout: 600_000 });

const HISTORIES = 1_500;

/** What is wrong in the first history that shows the bug, and is well without it. */
async function firstFound(
  weather: Weather,
  planted: Planted = {},
  /** How all histories begin, for bugs that few show. */
  beginning: readonly (Deed & { readonly steps?: number })[] = [],
): Promise<string> {
  const first = beginning.map(({ steps = UNTIL_IDLE, ...deed }) => ({ deed, steps }));
  const property = fc.asyncProperty(histories(weather), async (rest) => {
    const history = { ...rest, events: [...first, ...rest.events] };
    const { wrong } = await simulate(history, { planted });
    if (wrong.length === 0) return;
    const { bug } = plant;
    plant.bug = '';
    const isWellWithout = (await simulate(history)).wrong.length === 0;
    plant.bug = bug;
    if (isWellWithout) throw new Error(`${wrong.join('\n')}\n${readable(history)}`);
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

const COMPLAINT = /forgot|nobody set last|nobody made it|is gone|not the same|not quiet/;

const IN_THE_CODE: readonly (readonly [bug: string, weather: Weather, complaint: RegExp])[] = [
  ['merge by arrival order', { faults: true }, COMPLAINT],
  ['tombstone dropped early', { faults: true }, COMPLAINT],
  ['tombstone that deletes objects', { faults: true }, /object o\d is gone/],
  ['emptiness taken for deletions', { faults: true, wipe: true }, /is gone/],
];

for (const [bug, weather, complaint] of IN_THE_CODE) {
  it(`finds: ${bug}`, async () => {
    plant.bug = bug;
    expect(await firstFound(weather)).toMatch(complaint);
  });
}

it('finds: one record object written by two processes', async () => {
  const change = (gateway: string, name: Setting['name']): Deed & { readonly steps: number } => {
    return { kind: 'POST', at: 0, gateway, container: 'c1', set: [{ name, isRemoval: false }], steps: 0 };
  };
  const found = await firstFound({ crowd: true }, { isWriterShared: true }, [
    { kind: 'PUT', at: 0, gateway: 'g0', container: 'c1', set: [] },
    change('g0', SETTINGS[0]),
    change('g1', SETTINGS[1]),
  ]);
  expect(found).toMatch(COMPLAINT);
});

it('finds: clock going back', async () => {
  plant.bug = 'clock going back';
  const set = [{ name: SETTINGS[0], isRemoval: false }];
  const found = await firstFound({ faults: true }, {}, [
    { kind: 'PUT', at: 0, gateway: 'g0', container: 'c1', set },
    { kind: 'clock', at: 0, process: 'g0', offsetMs: -20_000 },
  ]);
  expect(found).toMatch(COMPLAINT);
});

it('finds: a listing believed without a HEAD', async () => {
  const found = await firstFound({ faults: true }, { areListingsBelieved: true }, [
    { kind: 'PUT', at: 0, gateway: 'g0', container: 'c2', set: [] },
    { kind: 'lag', at: 0, ms: 4_000 },
    { kind: 'PUT', at: 0, gateway: 'g0', container: 'c1', set: [] },
    { kind: 'PUT object', at: 0, container: 'c1', object: 'o1' },
    { kind: 'container sync', at: 0 },
    { kind: 'audit', at: 0 },
  ]);
  expect(found).toMatch(COMPLAINT);
});
