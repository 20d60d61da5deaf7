// Several clients who change the same few containers at random, at all gateways at once, and remember what they were told.
import { expect } from 'vitest';
import { Ledger, type Deed } from '../simulation/ledger.js';
import { clusters, freshUser, loginEverywhere, SwiftSession, type User } from '../support/clusters.js';
import { differencesAt, stateOf } from '../support/compare.js';
import { pass } from '../support/daemon.js';

const CONTAINERS = ['c1', 'c2', 'c3', 'c4'];
const SETTINGS = ['x-container-meta-colour', 'x-container-meta-shape', 'x-container-read'];
const KINDS = ['PUT', 'PUT', 'PUT', 'POST', 'POST', 'POST', 'POST', 'DELETE'] as const;
const CLIENTS_PER_GATEWAY = 2;
const MAX_PASSES = 3;
/** A DELETE that was meant and not done is over after two minutes. */
const LATER_MS = 130_000;

export class Crowd {
  readonly #user: User;
  readonly #ledger = new Ledger();
  readonly #random: () => number;
  #isOver = false;
  #clients: Promise<void>[] = [];

  private constructor(user: User, seed: number) {
    this.#user = user;
    this.#random = randomFrom(seed);
  }

  /** They begin at once. */
  static async gather(seed: number): Promise<Crowd> {
    const crowd = new Crowd(await freshUser(), seed);
    for (const { name, gatewayUrl } of clusters()) {
      for (let i = 0; i < CLIENTS_PER_GATEWAY; i += 1) crowd.#clients.push(crowd.#live(name, gatewayUrl));
    }
    return crowd;
  }

  get requests(): number {
    return this.#ledger.deeds.length;
  }

  get answered(): number {
    return this.#ledger.deeds.filter(({ end }) => end !== undefined).length;
  }

  /** They stop; the daemons pass until all clusters agree; says after how many passes, and what is wrong then. */
  async judge(): Promise<{ passes: number; containers: number; wrong: string[] }> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    const direct = await loginEverywhere(this.#user, 'proxy');
    const everyDifference = async (): Promise<string[]> =>
      (await Promise.all(CONTAINERS.map((name) => differencesAt(direct, name)))).flat();
    let passes = 0;
    let wrong: string[];
    do {
      passes += 1;
      for (const { name } of clusters()) await pass(name, this.#user, LATER_MS);
      wrong = await everyDifference();
      if (wrong.length > 0) console.log(`after pass ${passes}:`, wrong);
    } while (wrong.length > 0 && passes < MAX_PASSES);
    for (const name of CONTAINERS) {
      const state = await stateOf(Object.values(direct)[0]!, name);
      const held = state && { settings: new Map(Object.entries(state.settings)), objects: new Map() };
      held?.settings.delete('x-container-sync-key');
      wrong.push(...this.#ledger.check(name, held));
    }
    return { passes, containers: CONTAINERS.length, wrong };
  }

  async #live(cluster: string, url: string): Promise<void> {
    let session: SwiftSession | undefined;
    while (!this.#isOver) {
      try {
        session ??= await SwiftSession.login(url, this.#user);
      } catch {
        continue;
      }
      const status = await this.#change(cluster, session);
      // Tokens are in the cluster's memcached, which may have died.
      if (status === 401) session = undefined;
    }
  }

  async #change(cluster: string, session: SwiftSession): Promise<number | undefined> {
    const id = this.#ledger.deeds.length;
    const kind = this.#pick(KINDS);
    const settings = new Map<string, string>();
    if (kind !== 'DELETE') settings.set(this.#pick(SETTINGS), this.#random() < 0.2 ? '' : `v${id}`);
    const deed: Deed = {
      ...{ id, kind, cluster, container: this.#pick(CONTAINERS), settings, isDirect: false },
      ...{ startMs: Date.now(), startTurn: this.#ledger.turn(), end: undefined },
    };
    this.#ledger.deeds.push(deed);
    try {
      const answer = await session.request(kind, `/${deed.container}`, Object.fromEntries(settings));
      deed.end = {
        status: answer.status,
        ...{ ms: Date.now(), turn: this.#ledger.turn() },
        isUnrecorded: 'x-autosync-unrecorded' in answer.headers,
        behind: answer.headers['x-autosync-pending']?.split(', ') ?? [],
      };
      return answer.status;
    } catch {
      return undefined;
    }
  }

  #pick<T>(all: readonly T[]): T {
    return all[Math.floor(this.#random() * all.length)]!;
  }
}

/** What was judged is well. */
export function expectWell({ wrong, passes }: { wrong: readonly string[]; passes: number }): void {
  expect(wrong).toEqual([]);
  expect(passes).toBe(1);
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
