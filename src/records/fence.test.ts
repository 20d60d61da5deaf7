// Promises of the fence: who is taken to have been away for too long, by whom, and from when on objects are its own.
import { describe, expect, it } from 'vitest';
import { callRoll, fenceAfterMs, fencedIn, lift, silenceMs, type Word } from './fence.js';
import { EMPTY, mergeRecords, type Record } from './record.js';
import { VersionClock } from './version.js';

const DAY = 86_400_000;
const LIMIT = fenceAfterMs(7 * DAY);
const BEGIN = 1_795_000_000_000;

/** Clusters that note who answers them, each with a record of its own; time is in days. */
class World {
  readonly records = new Map<string, Record>();
  readonly #names: readonly string[];
  day = 0;

  constructor(...names: readonly string[]) {
    this.#names = names;
    for (const name of names) this.records.set(name, EMPTY);
  }

  /** A pass of that cluster's daemon, in which these answer. */
  pass(mine: string, ...answering: readonly string[]): void {
    const words = new Map(answering.map((name) => [name, this.#word(name)] as const));
    let record = this.records.get(mine)!;
    for (const { desired } of words.values()) record = mergeRecords(record, { ...EMPTY, desired });
    const others = this.#names.filter((name) => name !== mine);
    const roll = { mine, others, words, nowMs: this.#nowMs, limitMs: LIMIT };
    this.records.set(mine, mergeRecords(record, callRoll(record, roll, this.#clock(mine))));
  }

  /** All of them, each answering all others of them. */
  passes(...names: readonly string[]): void {
    for (const name of names) this.pass(name, ...names.filter((each) => each !== name));
  }

  /** From one day to another, one pass a day. */
  days(from: number, to: number, ...names: readonly string[]): void {
    for (this.day = from; this.day <= to; this.day += 1) this.passes(...names);
  }

  lift(at: string, cluster: string): void {
    const record = this.records.get(at)!;
    this.records.set(
      at,
      mergeRecords(record, { ...EMPTY, desired: lift(record.desired, cluster, this.#clock(at)) }),
    );
  }

  /** Who is fenced, as that cluster knows it, and until which day objects may have come there. */
  fenced(at: string): { [cluster: string]: number } {
    const fenced = [...fencedIn(this.records.get(at)!.desired)];
    return Object.fromEntries(fenced.map(([name, untilMs]) => [name, (untilMs - BEGIN) / DAY]));
  }

  #word(name: string): Word {
    const record = this.records.get(name)!;
    const silences = this.#names.map((each) => [each, silenceMs(record, each, name, this.#nowMs)] as const);
    const known = silences.filter((each): each is readonly [string, number] => each[1] !== undefined);
    return { desired: record.desired, silences: new Map(known) };
  }

  #clock(name: string): VersionClock {
    return new VersionClock(`${name}.h.0`, () => this.#nowMs, 0);
  }

  get #nowMs(): number {
    return BEGIN + this.day * DAY;
  }
}

it('a day before Swift forgets, or a seventh of a short time, it is too late', () => {
  expect([fenceAfterMs(7 * DAY), fenceAfterMs(30 * DAY), fenceAfterMs(7_000)]).toEqual([
    6 * DAY,
    29 * DAY,
    6_000,
  ]);
});

describe('of three clusters', () => {
  it('the one that nobody hears of is fenced by the others while it is away, and by itself when it looks', () => {
    const world = new World('one', 'two', 'three');
    world.days(0, 1, 'one', 'two', 'three');
    world.days(2, 7, 'one', 'two');
    expect(world.fenced('one')).toEqual({});
    world.days(8, 8, 'one', 'two');
    expect(world.fenced('one')).toEqual({ three: 2 });
    world.pass('three');
    expect(world.fenced('three')).toEqual({ three: 1 });
    world.passes('one', 'two', 'three');
    for (const name of ['one', 'two', 'three']) expect(world.fenced(name)).toEqual({ three: 2 });
  });

  it('the one whose daemon did not run finds out by itself, with nobody to ask', () => {
    const world = new World('one', 'two', 'three');
    world.days(0, 1, 'one', 'two', 'three');
    world.day = 8;
    world.pass('three');
    expect(world.fenced('three')).toEqual({ three: 1 });
  });

  it('two that do not hear of each other are not fenced as long as the third hears of both', () => {
    const world = new World('one', 'two', 'three');
    world.passes('one', 'two', 'three');
    for (world.day = 1; world.day < 20; world.day += 1) {
      world.pass('one', 'two');
      world.pass('three', 'two');
      world.pass('two', 'one', 'three');
    }
    expect(world.fenced('two')).toEqual({});
  });

  it('one that never was there is not fenced', () => {
    const world = new World('one', 'two', 'three');
    world.days(0, 20, 'one', 'two');
    expect(world.fenced('one')).toEqual({});
  });

  it('one that was let in again is not fenced for how long it had been away', () => {
    const world = new World('one', 'two', 'three');
    world.days(0, 1, 'one', 'two', 'three');
    world.days(2, 9, 'one', 'two');
    world.passes('three', 'one', 'two');
    world.lift('one', 'three');
    world.passes('two', 'three', 'one', 'two', 'three');
    for (const name of ['one', 'two', 'three']) expect(world.fenced(name)).toEqual({});
    world.days(10, 20, 'one', 'two', 'three');
    expect(world.fenced('one')).toEqual({});
  });
});

describe('of two clusters', () => {
  it('the one that is away is fenced by the other', () => {
    const world = new World('one', 'two');
    world.days(0, 1, 'one', 'two');
    world.days(2, 9, 'one');
    expect(world.fenced('one')).toEqual({ two: 2 });
  });

  it('both are fenced where both were at work and did not hear of each other', () => {
    const world = new World('one', 'two');
    world.days(0, 1, 'one', 'two');
    for (world.day = 2; world.day < 9; world.day += 1) for (const name of ['one', 'two']) world.pass(name);
    world.passes('one', 'two');
    expect(world.fenced('one')).toEqual({ one: 2, two: 2 });
  });
});
