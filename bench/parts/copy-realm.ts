// Two clusters for the parts of the copy benchmark: what goes in through the gateway of one is copied, what goes straight to its Swift
// is left to container sync.
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalError } from '../../src/local/local-error.js';
import { LocalRealm } from '../../src/local/realm.js';
import { eachLimited } from '../../src/lib/each-limited.js';
import { SwiftSession } from '../../test/support/swift-client.js';
import type { Bench } from '../bench.js';

/** How an object gets to the other cluster. */
export const WAYS = ['copy jobs', 'container sync'] as const;
export type Way = (typeof WAYS)[number];

export const USER = { account: 'AUTH_test', user: 'test:tester', key: 'testing' };

export interface CopyRealm {
  readonly realm: LocalRealm;
  /** Where a client writes. */
  readonly writer: Readonly<Record<Way, SwiftSession>>;
  /** The Swift that it is to get to. */
  readonly reader: SwiftSession;
}

/** @param syncInterval of Swift's container sync, in seconds */
export async function startCopyRealm(bench: Bench, syncInterval: number): Promise<CopyRealm> {
  bench.say('two Swift clusters start');
  const realm = await LocalRealm.start({
    folder: bench.folder,
    clusters: 2,
    syncInterval,
    firstPort: 27_000,
    fresh: true,
  });
  const [one, two] = [realm.cluster('one'), realm.cluster('two')];
  return {
    realm,
    writer: {
      'copy jobs': await SwiftSession.login(one.gatewayUrl, USER),
      'container sync': await SwiftSession.login(one.proxyUrl, USER),
    },
    reader: await SwiftSession.login(two.proxyUrl, USER),
  };
}

/** Containers `PREFIX0` … on both clusters, synced. */
export async function makeContainers({ writer }: CopyRealm, prefix: string, count: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, index) => index);
  await eachLimited(numbers, 8, async (index) => {
    const { status } = await writer['copy jobs'].request('PUT', `/${prefix}${index}`);
    if (status !== 201 && status !== 202) throw new LocalError(`PUT of a container: ${status}`);
  });
}

/** Milliseconds until it is so; NaN where it is not within the time. */
export async function until(isSo: () => Promise<boolean>, limitMs: number, everyMs = 5): Promise<number> {
  const began = performance.now();
  while (performance.now() - began < limitMs) {
    if (await isSo()) return performance.now() - began;
    await sleep(everyMs);
  }
  return NaN;
}
