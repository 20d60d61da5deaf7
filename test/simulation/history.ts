// What may happen: the events of a history, how fast-check makes and shrinks them, and how they read. Does nothing itself.
import fc from 'fast-check';
import { GATEWAYS, PROCESSES } from './cluster.js';
import type { Fate } from './network.js';

/** Names of clusters are taken modulo how many there are; names of containers and objects are few, so that they meet. */
export type Deed =
  | {
      readonly kind: 'PUT' | 'POST';
      readonly at: number;
      readonly gateway: string;
      readonly container: string;
      /** Which settings get a new value, and which are removed. */
      readonly set: readonly Setting[];
    }
  | { readonly kind: 'DELETE'; readonly at: number; readonly gateway: string; readonly container: string }
  | {
      readonly kind: 'PUT object' | 'DELETE object';
      readonly at: number;
      readonly container: string;
      readonly object: string;
    }
  /** Past the gateways. */
  | {
      readonly kind: 'direct PUT' | 'direct POST' | 'direct DELETE';
      readonly at: number;
      readonly container: string;
      readonly set: readonly Setting[];
    }
  | {
      readonly kind: 'container sync' | 'pending' | 'audit' | 'wipe' | 'lose containers';
      readonly at: number;
    }
  | { readonly kind: 'cut'; readonly at: number; readonly to: number }
  | { readonly kind: 'mend' }
  | { readonly kind: 'message'; readonly at: number; readonly to: number; readonly fate: Fate }
  | { readonly kind: 'kill'; readonly at: number; readonly process: string; readonly unheard: number }
  | { readonly kind: 'clock'; readonly at: number; readonly process: string; readonly offsetMs: number }
  | {
      readonly kind: 'trouble';
      readonly at: number;
      readonly process: string;
      readonly when: 'before' | 'after';
    }
  | { readonly kind: 'lag'; readonly at: number; readonly ms: number }
  | { readonly kind: 'wait'; readonly ms: number };

export interface Setting {
  readonly name: string;
  readonly isRemoval: boolean;
}

/** A deed, and how many steps of whatever is under way follow before the next one. */
export interface Event {
  readonly deed: Deed;
  readonly steps: number;
}

export interface History {
  readonly clusters: number;
  /** How wrong the clocks of the clusters' Swifts are. */
  readonly swiftOffsetsMs: readonly number[];
  readonly events: readonly Event[];
  /** In which order what is under way goes on; 0 is: what began first. */
  readonly picks: readonly number[];
}

export const SETTINGS = ['x-container-meta-colour', 'x-container-read'] as const;
export const UNTIL_IDLE = 100_000;

const at = fc.nat({ max: 2 });
const container = fc.constantFrom('c1', 'c2');
const gateway = fc.constantFrom(...GATEWAYS);
const process = fc.constantFrom(...PROCESSES);
const set = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom(...SETTINGS),
    isRemoval: fc.oneof(
      { arbitrary: fc.constant(false), weight: 3 },
      { arbitrary: fc.constant(true), weight: 1 },
    ),
  }),
  { selector: ({ name }) => name, maxLength: 2 },
);

function kinds<K extends string>(...all: readonly K[]): fc.Arbitrary<K> {
  return fc.constantFrom(...all);
}

const CLIENTS: fc.WeightedArbitrary<Deed>[] = [
  { weight: 8, arbitrary: fc.record({ kind: kinds('PUT'), at, gateway, container, set }) },
  { weight: 5, arbitrary: fc.record({ kind: kinds('POST'), at, gateway, container, set }) },
  { weight: 6, arbitrary: fc.record({ kind: kinds('DELETE'), at, gateway, container }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: kinds('PUT object', 'DELETE object'),
      at,
      container,
      object: kinds('o1', 'o2'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kinds('container sync', 'pending', 'audit'), at }) },
];

const waits = fc.record({
  kind: kinds('wait'),
  ms: fc.constantFrom(1_000, 10_000, 61_000, 130_000, 400_000),
});

const FAULTS: fc.WeightedArbitrary<Deed>[] = [
  { weight: 2, arbitrary: fc.record({ kind: kinds('cut'), at, to: at }) },
  { weight: 1, arbitrary: fc.record({ kind: kinds('mend') }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: kinds('message'),
      at,
      to: at,
      fate: kinds('lost', 'unanswered', 'late', 'twice'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: kinds('kill'), at, process, unheard: fc.nat({ max: 2 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: kinds('trouble'), at, process, when: kinds('before', 'after') }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kinds('lag'), at, ms: fc.constantFrom(0, 1_000, 4_000) }) },
  { weight: 2, arbitrary: waits },
];

const direct: fc.WeightedArbitrary<Deed> = {
  weight: 3,
  arbitrary: fc.record({
    kind: kinds('direct PUT', 'direct POST', 'direct DELETE'),
    at,
    container,
    set,
  }),
};

const clocks: fc.WeightedArbitrary<Deed> = {
  weight: 2,
  arbitrary: fc.record({
    kind: kinds('clock'),
    at,
    process,
    offsetMs: fc.constantFrom(-300_000, -40_000, -20_000, 0, 20_000, 40_000, 300_000),
  }),
};

const wipe: fc.WeightedArbitrary<Deed> = {
  weight: 1,
  arbitrary: fc.record({ kind: kinds('wipe', 'lose containers'), at }),
};

/** What a kind of history holds beyond clients' requests. */
export interface Weather {
  readonly faults?: boolean;
  readonly clocks?: boolean;
  readonly direct?: boolean;
  readonly wipe?: boolean;
  /** Requests come thick and fast. */
  readonly crowd?: boolean;
}

export function histories(weather: Weather): fc.Arbitrary<History> {
  const deeds = [...CLIENTS];
  if (weather.faults === true) deeds.push(...FAULTS);
  if (weather.clocks === true) deeds.push(clocks);
  if (weather.direct === true) deeds.push(direct);
  if (weather.wipe === true) deeds.push(wipe);
  const event = fc.record({
    deed: fc.oneof(...deeds),
    steps:
      weather.crowd === true
        ? fc.nat({ max: 6 })
        : fc.oneof(
            { weight: 2, arbitrary: fc.constant(UNTIL_IDLE) },
            { weight: 3, arbitrary: fc.nat({ max: 40 }) },
          ),
  });
  return fc.record({
    clusters: fc.constantFrom(2, 2, 3),
    swiftOffsetsMs:
      weather.clocks === true
        ? fc.array(fc.constantFrom(0, -5_000, 5_000), { minLength: 3, maxLength: 3 })
        : fc.constant([0, 0, 0]),
    events: fc.array(event, { minLength: 1, maxLength: 14, size: 'max' }),
    picks: fc.array(fc.nat({ max: 11 }), { maxLength: 40, size: 'max' }),
  });
}

/** One line for each event. */
export function readable({ clusters, swiftOffsetsMs, events, picks }: History): string {
  const lines = events.map(({ deed, steps }, i) => {
    const { kind, ...rest } = deed;
    const words = Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    return `${i}. ${kind} ${words.join(' ')}${steps >= UNTIL_IDLE ? '' : `  (then ${steps} steps)`}`;
  });
  return [
    `${clusters} clusters, Swift's clocks ${swiftOffsetsMs.join('/')} ms, picks [${picks.join(',')}]`,
    ...lines,
  ].join('\n');
}
