// Clients at all gateways change the same objects, and the headers of their containers, at random, while one cluster's Swift after the other
// is killed: with `failover = all` the others do what was asked there, and of all sides' changes the newest stay.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, it } from 'vitest';
import { LocalRealm } from '../../src/local/realm.js';
import { shareToken } from '../support/shared-token.js';
import { gatherCrowd, judgeCrowd } from './object-history.js';

const SEED = Number(process.env['FAULTS_SEED'] ?? Date.now() % 1_000_000);
/** Changes that clients at each cluster's gateway are told of, in each stretch. */
const SOME = 20;
/** Memcached stays: all clusters know the clients' tokens, as of one identity service. */
const SWIFT = ['proxy', 'account', 'container', 'object', 'container-sync', 'container-updater'] as const;

const folder = mkdtempSync(join(tmpdir(), 'autosync-failover-'));
let realm: LocalRealm;

beforeAll(async () => {
  realm = await LocalRealm.start({
    folder,
    clusters: 3,
    syncInterval: 1,
    daemons: ['container-sync', 'container-updater', 'autosync-daemon'],
    gatewayConf: {
      'filter:autosync': { failover: 'all' },
      'daemon': { audit_interval: '5', object_audit_interval: '15', pending_interval: '0.5' },
    },
    firstPort: 31_000 + (process.pid % 1000),
  });
}, 120_000);

afterAll(async () => {
  await realm.stop();
  if (process.env['AUTOSYNC_TEST_KEEP'] !== '1') rmSync(folder, { recursive: true, force: true });
});

it(`each cluster's Swift killed in turn, and started again, clients of its gateway served by the others (seed ${SEED})`, async (context) => {
  const crowd = await gatherCrowd(realm, 'down', SEED, {
    shareToken: ({ name }, token) =>
      shareToken(
        token,
        realm.cluster(name),
        realm.clusters.filter((each) => each.name !== name),
      ),
  });
  for (const cluster of realm.clusters) {
    await crowd.toldMore(SOME);
    await Promise.all(SWIFT.map((role) => cluster.killServer(role)));
    await crowd.toldMore(SOME);
    await cluster.startServers(SWIFT);
  }
  await crowd.toldMore(SOME);
  await judgeCrowd(realm, crowd, { table: 'failover', what: 'each cluster’s Swift killed in turn' }, context);
});
