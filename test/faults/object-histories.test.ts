// Clients at all gateways change the same objects, and the headers of their containers, at random, while clusters are cut off or killed: no
// acknowledged change is lost to an older one, and nothing that was deleted comes back. In a realm of its own, as copy jobs are on.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, it } from 'vitest';
import { LocalRealm } from '../../src/local/realm.js';
import { gatherCrowd, judgeCrowd } from './object-history.js';

const SEED = Number(process.env['FAULTS_SEED'] ?? Date.now() % 1_000_000);
/** Changes that clients at each cluster are told of, in each stretch. */
const MANY = 60;
const SOME = 20;

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

it(`nothing else (seed ${SEED})`, async (context) => {
  const crowd = await gatherCrowd(realm, 'calm', SEED);
  await crowd.toldMore(MANY);
  await judgeCrowd(realm, crowd, { table: 'objects', what: 'nothing' }, context);
});

it(`each cluster cut off from the two others in turn, written to on both sides (seed ${SEED + 1})`, async (context) => {
  const crowd = await gatherCrowd(realm, 'cut', SEED + 1);
  for (const { name } of realm.clusters) {
    const others = realm.clusters.filter((each) => each.name !== name);
    const ways = others.flatMap((other) => [realm.link(name, other.name), realm.link(other.name, name)]);
    await crowd.toldMore(SOME);
    await Promise.all(ways.map((way) => way.cut()));
    await crowd.toldMore(SOME);
    await realm.restoreLinks();
  }
  await crowd.toldMore(SOME);
  await judgeCrowd(realm, crowd, { table: 'objects', what: 'each cluster cut off in turn' }, context);
});

it(`each cluster killed in turn, and started again (seed ${SEED + 2})`, async (context) => {
  const crowd = await gatherCrowd(realm, 'killed', SEED + 2);
  for (const cluster of realm.clusters) {
    const others = realm.clusters.filter((each) => each !== cluster).map(({ name }) => name);
    await crowd.toldMore(SOME);
    await cluster.kill();
    await crowd.toldMore(SOME, others);
    await cluster.start();
  }
  await crowd.toldMore(SOME);
  await judgeCrowd(realm, crowd, { table: 'objects', what: 'each cluster killed in turn' }, context);
});
