// Clients at all gateways change the same objects, and the headers of their containers, at random, while clusters are cut off or killed: no
// acknowledged change is lost to an older one, and nothing that was deleted comes back. In a realm of its own, as copy jobs are on.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, type TestContext } from 'vitest';
import { LocalRealm } from '../../src/local/realm.js';
import { waitFor } from '../support/clusters.js';
import { autosync } from '../support/daemon.js';
import { SwiftSession } from '../support/swift-client.js';
import { note } from './notes.js';
import { ObjectCrowd } from './object-crowd.js';

const OWNER = { account: 'AUTH_test', user: 'test:tester', key: 'testing' };
const SEED = Number(process.env['FAULTS_SEED'] ?? Date.now() % 1_000_000);
/** Changes that clients at each cluster are told of, in each stretch. */
const MANY = 60;
const SOME = 20;
const SETTLE_MS = 400_000;

const folder = mkdtempSync(join(tmpdir(), 'autosync-histories-'));
let realm: LocalRealm;

beforeAll(async () => {
  realm = await LocalRealm.start({
    folder,
    clusters: 3,
    links: true,
    syncInterval: 1,
    daemons: ['container-sync', 'container-updater', 'autosync-daemon'],
    gatewayConf: { daemon: { audit_interval: '5', object_audit_interval: '15', pending_interval: '0.5' } },
    firstPort: 31_000 + (process.pid % 1000),
  });
}, 120_000);

afterAll(async () => {
  await realm.stop();
  if (process.env['AUTOSYNC_TEST_KEEP'] !== '1') rmSync(folder, { recursive: true, force: true });
});

/** With containers of their own, which are everywhere. */
async function gather(what: string, seed: number): Promise<ObjectCrowd> {
  const containers = [`${what}-1`, `${what}-2`];
  const session = await SwiftSession.login(realm.cluster('one').gatewayUrl, OWNER);
  for (const container of containers) {
    const { status, headers } = await session.request('PUT', `/${container}`);
    expect([status, headers['x-autosync-pending']]).toEqual([201, undefined]);
  }
  return new ObjectCrowd(realm.clusters, OWNER, containers, seed);
}

/** Ends it, and waits until all clusters hold the same; then each is held against what clients were told. */
async function judge(crowd: ObjectCrowd, what: string, context: TestContext): Promise<void> {
  await crowd.end();
  const conf = join(realm.cluster('one').swiftDir, 'autosync.conf');
  let last = '';
  const isSame = async (): Promise<boolean> => {
    const run = await autosync('verify', OWNER.account, '--deep', '--grace', '0', '--conf', conf);
    last = run.stdout + run.stderr;
    return run.code === 0;
  };
  await waitFor('verify --deep finds nothing', isSame, SETTLE_MS).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${last}`);
  });
  const wrong: string[] = [];
  for (const cluster of realm.clusters)
    wrong.push(...(await crowd.wrongAt(cluster)).map((line) => `${cluster.name}: ${line}`));
  if (wrong.length > 0)
    for (const container of crowd.containers)
      console.log((await autosync('explain', `${OWNER.account}/${container}`, '--conf', conf)).stdout);
  note(context, 'objects', [what, crowd.requests, crowd.told, crowd.names, wrong.length]);
  expect(wrong).toEqual([]);
}

it(`nothing else (seed ${SEED})`, async (context) => {
  const crowd = await gather('calm', SEED);
  await crowd.toldMore(MANY);
  await judge(crowd, 'nothing', context);
});

it(`each cluster cut off from the two others in turn, written to on both sides (seed ${SEED + 1})`, async (context) => {
  const crowd = await gather('cut', SEED + 1);
  for (const { name } of realm.clusters) {
    const others = realm.clusters.filter((each) => each.name !== name);
    const ways = others.flatMap((other) => [realm.link(name, other.name), realm.link(other.name, name)]);
    await crowd.toldMore(SOME);
    await Promise.all(ways.map((way) => way.cut()));
    await crowd.toldMore(SOME);
    await realm.restoreLinks();
  }
  await crowd.toldMore(SOME);
  await judge(crowd, 'each cluster cut off in turn', context);
});

it(`each cluster killed in turn, and started again (seed ${SEED + 2})`, async (context) => {
  const crowd = await gather('killed', SEED + 2);
  for (const cluster of realm.clusters) {
    const others = realm.clusters.filter((each) => each !== cluster).map(({ name }) => name);
    await crowd.toldMore(SOME);
    await cluster.kill();
    await crowd.toldMore(SOME, others);
    await cluster.start();
  }
  await crowd.toldMore(SOME);
  await judge(crowd, 'each cluster killed in turn', context);
});
