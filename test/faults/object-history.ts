// Where a history of objects begins and ends: clients with containers of their own, and whether all clusters hold in the end what these were told.
import { join } from 'node:path';
import { expect, type TestContext } from 'vitest';
import type { LocalRealm } from '../../src/local/realm.js';
import { waitFor } from '../support/clusters.js';
import { autosync } from '../support/daemon.js';
import { SwiftSession } from '../support/swift-client.js';
import { note } from './notes.js';
import { ObjectCrowd, type CrowdOptions } from './object-crowd.js';

const OWNER = { account: 'AUTH_test', user: 'test:tester', key: 'testing' };
const SETTLE_MS = 400_000;

/** With containers of their own, which are everywhere. */
export async function gatherCrowd(
  realm: LocalRealm,
  what: string,
  seed: number,
  more: Pick<CrowdOptions, 'shareToken'> = {},
): Promise<ObjectCrowd> {
  const containers = [`${what}-1`, `${what}-2`];
  const session = await SwiftSession.login(realm.cluster('one').gatewayUrl, OWNER);
  for (const container of containers) {
    const { status, headers } = await session.request('PUT', `/${container}`);
    expect([status, headers['x-autosync-pending']]).toEqual([201, undefined]);
  }
  return new ObjectCrowd({ places: realm.clusters, user: OWNER, containers, seed, ...more });
}

/** Ends it, and waits until all clusters say that they hold the same; then each is held against what clients were told. */
export async function judgeCrowd(
  realm: LocalRealm,
  crowd: ObjectCrowd,
  { table, what }: { readonly table: 'objects' | 'failover'; readonly what: string },
  context: TestContext,
): Promise<void> {
  await crowd.end();
  const [conf = '', ...others] = realm.clusters.map(({ swiftDir }) => join(swiftDir, 'autosync.conf'));
  let last = '';
  const isSaid = async (...command: readonly string[]): Promise<boolean> => {
    const run = await autosync(...command);
    last = run.stdout + run.stderr;
    return run.code === 0;
  };
  const isSame = async (): Promise<boolean> => {
    for (const each of [conf, ...others]) if (!(await isSaid('status', '--conf', each))) return false;
    return isSaid('verify', OWNER.account, '--deep', '--grace', '0', '--conf', conf);
  };
  await waitFor('status is OK at each cluster, and verify --deep finds nothing', isSame, SETTLE_MS).catch(
    (error: unknown) => {
      throw new Error(`${String(error)}\n${last}`);
    },
  );
  const wrong: string[] = [];
  for (const cluster of realm.clusters)
    wrong.push(...(await crowd.wrongAt(cluster)).map((line) => `${cluster.name}: ${line}`));
  if (wrong.length > 0)
    for (const container of crowd.containers)
      console.log((await autosync('explain', `${OWNER.account}/${container}`, '--conf', conf)).stdout);
  note(context, table, [what, crowd.requests, crowd.told, crowd.names, wrong.length]);
  expect(wrong).toEqual([]);
}
