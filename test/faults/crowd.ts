// Several clients who change the same few containers at random, at all gateways at once, and remember what they were told.
import { expect } from 'vitest';
import { Ledger } from '../simulation/ledger.js';
import { Chance } from '../support/chance.js';
import { clusters, freshUser, loginEverywhere, type SwiftSession, type User } from '../support/clusters.js';
import { differencesAt } from '../support/compare.js';
import { pass } from '../support/daemon.js';
import { isTokenLost, loginWhenUp } from './client-login.js';
import { changeContainer, checkContainer } from './container-deed.js';

const CONTAINERS = ['c1', 'c2', 'c3', 'c4'];
const KINDS = ['PUT', 'PUT', 'PUT', 'POST', 'POST', 'POST', 'POST', 'DELETE'] as const;
const CLIENTS_PER_GATEWAY = 2;
const MAX_PASSES = 3;
/** A DELETE that was meant and not done is over after two minutes. */
const LATER_MS = 130_000;

export class Crowd {
  readonly #user: User;
  readonly #ledger = new Ledger();
  readonly #chance: Chance;
  #isOver = false;
  #clients: Promise<void>[] = [];

  private constructor(user: User, seed: number) {
    this.#user = user;
    this.#chance = new Chance(seed);
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
    for (const name of CONTAINERS)
      wrong.push(...(await checkContainer(this.#ledger, Object.values(direct)[0]!, name)));
    return { passes, containers: CONTAINERS.length, wrong };
  }

  async #live(cluster: string, url: string): Promise<void> {
    let session: SwiftSession | undefined;
    while (!this.#isOver) {
      session ??= await loginWhenUp(url, this.#user, () => this.#isOver);
      if (session === undefined) return;
      const what = { kind: this.#chance.pick(KINDS), cluster, container: this.#chance.pick(CONTAINERS) };
      if (isTokenLost(await changeContainer(this.#ledger, what, session, this.#chance))) session = undefined;
    }
  }
}

/** What was judged is well. */
export function expectWell({ wrong, passes }: { wrong: readonly string[]; passes: number }): void {
  expect(wrong).toEqual([]);
  expect(passes).toBe(1);
}
