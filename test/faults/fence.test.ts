// A cluster that was away for longer than Swift remembers deletions: nothing that was deleted meanwhile comes back from it, nothing
// that was written on it is lost, and `autosync cluster rejoin` lets it in again. Swift's forgetting is done by hand.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSite, quietLog, readConfig, type OpenSite } from '../../src/cli/running.js';
import { Daemon } from '../../src/daemon/daemon.js';
import type { PassReport } from '../../src/daemon/report.js';
import type { RejoinReport } from '../../src/daemon/rejoin.js';
import type { Status } from '../../src/daemon/status.js';
import type { LocalCluster } from '../../src/local/cluster.js';
import { foldersOf, REALM_NAME } from '../../src/local/plan.js';
import { LocalRealm } from '../../src/local/realm.js';
import { signContainerSync } from '../../src/sync/container-sync-auth.js';
import { waitFor } from '../support/clusters.js';
import { autosync } from '../support/daemon.js';
import { send, SwiftSession } from '../support/swift-client.js';

const OWNER = { account: 'AUTH_test', user: 'test:tester', key: 'testing' };
const NAMES = ['one', 'two', 'three'];

let realm: LocalRealm;
const folder = mkdtempSync(join(tmpdir(), 'autosync-fence-'));
const sites = new Map<string, OpenSite>();
let via: Record<string, SwiftSession>;
let direct: Record<string, SwiftSession>;

beforeAll(async () => {
  const firstPort = 27_000 + (process.pid % 1000);
  realm = await LocalRealm.start({
    folder,
    clusters: 3,
    links: true,
    syncInterval: 1,
    daemons: [],
    // What was written meanwhile would go at once: here it is container sync and rejoin that bring it.
    gatewayConf: { 'filter:autosync': { copy_jobs: 'false' } },
    firstPort,
  });
  via = await logins((cluster) => cluster.gatewayUrl);
  direct = await logins((cluster) => cluster.proxyUrl);
}, 120_000);

afterAll(async () => {
  for (const open of sites.values()) open.close();
  await realm.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function logins(urlOf: (cluster: LocalCluster) => string): Promise<Record<string, SwiftSession>> {
  const sessions = realm.clusters.map(async (cluster) => {
    return [cluster.name, await SwiftSession.login(urlOf(cluster), OWNER)] as const;
  });
  return Object.fromEntries(await Promise.all(sessions));
}

function confOf(name: string): string {
  return join(realm.cluster(name).swiftDir, 'autosync.conf');
}

/** A whole pass at one cluster. @param reclaimAgeMs in place of seven days */
async function pass(name: string, reclaimAgeMs?: number): Promise<PassReport> {
  const config = readConfig(confOf(name));
  const open = sites.get(name) ?? openSite(config, quietLog());
  sites.set(name, open);
  const options = reclaimAgeMs === undefined ? config.daemon : { ...config.daemon, reclaimAgeMs };
  return new Daemon(open.site, options).once({ isDryRun: false });
}

async function passes(reclaimAgeMs?: number): Promise<void> {
  for (const name of NAMES) await pass(name, reclaimAgeMs);
}

async function syncObjects(): Promise<void> {
  for (const name of NAMES) await realm.cluster(name).runContainerSyncOnce();
}

/** HEAD past the gateways, at each cluster. */
async function statuses(path: string): Promise<number[]> {
  return Promise.all(NAMES.map(async (name) => (await direct[name]!.request('HEAD', path)).status));
}

async function fenced(name: string): Promise<string[]> {
  const { stdout } = await autosync('status', '--conf', confOf(name), '--json');
  const { isOk, fence } = JSON.parse(stdout) as Status;
  expect(isOk && fence.length > 0).toBe(false);
  return fence.map(({ cluster, code }) => `${cluster} ${code}`);
}

async function rejoin(...options: string[]): Promise<{ code: number | null; report: RejoinReport }> {
  const run = await autosync('cluster', 'rejoin', 'three', '--conf', confOf('one'), '--json', ...options);
  if (run.stdout === '') throw new Error(run.stderr);
  return { code: run.code, report: JSON.parse(run.stdout) as RejoinReport };
}

const FORGET = `
import glob, os, sqlite3, sys
device, container, name = sys.argv[1:]
for file in glob.glob(device + '/objects/*/*/*/*.ts'):
    os.remove(file)
for file in glob.glob(device + '/containers/*/*/*/*.db'):
    db = sqlite3.connect(file)
    db.create_function('chexor', 3, lambda before, name, timestamp: before)
    if db.execute('SELECT container FROM container_info').fetchone()[0] == container:
        db.execute('DELETE FROM object WHERE name = ? AND deleted = 1', (name,))
        db.commit()
`;

/** As Swift does after reclaim_age: no trace of the deletion is left, on the disks or in the listing. */
async function forgetDeletion(name: string, container: string, object: string): Promise<void> {
  // Swift keeps news of objects beside the database until somebody asks.
  await direct[name]!.request('GET', `/${container}`);
  const { device } = foldersOf(realm.cluster(name).plan);
  execFileSync('python3', ['-c', FORGET, device, container, object]);
}

/** Container sync's own request, with an old object. */
async function syncIn(to: string, path: string, date: Date): Promise<number> {
  const timestamp = (date.getTime() / 1000).toFixed(5);
  const target = `/v1/${OWNER.account}${path}`;
  const { headers } = await direct[to]!.request('HEAD', '/c');
  const proof = signContainerSync({
    ...{ method: 'PUT', path: target, timestamp, realm: REALM_NAME, realmKey: realm.key },
    containerKey: headers['x-container-sync-key']!,
  });
  const url = realm.cluster(to).gatewayUrl;
  const sent = { 'X-Container-Sync-Auth': proof, 'X-Timestamp': timestamp };
  return (await send(url, 'PUT', target, sent, 'old')).status;
}

it('is fenced, brings nothing back, loses nothing, and is let in again', { timeout: 300_000 }, async () => {
  for (const container of ['/c', '/gone'])
    expect((await via['one']!.request('PUT', container)).status).toBe(201);
  for (const path of ['/c/kept', '/c/deleted', '/gone/o'])
    expect((await via['one']!.request('PUT', path, {}, path)).status).toBe(201);
  await syncObjects();
  await syncObjects();
  expect(await statuses('/gone/o')).toEqual([200, 200, 200]);
  const before = new Date();
  await passes();

  for (const name of ['one', 'two']) {
    await realm.link(name, 'three').cut();
    await realm.link('three', name).cut();
  }
  const cutMs = Date.now();
  await passes();
  expect((await via['three']!.request('PUT', '/c/written-there', {}, 'new')).status).toBe(201);
  expect((await via['one']!.request('PUT', '/c/written-here', {}, 'new')).status).toBe(201);
  for (const path of ['/c/deleted', '/gone/o'])
    for (const name of ['one', 'two']) expect((await via[name]!.request('DELETE', path)).status).toBe(204);
  for (const name of ['one', 'two']) {
    await forgetDeletion(name, 'c', 'deleted');
    await forgetDeletion(name, 'gone', 'o');
  }
  expect((await via['one']!.request('DELETE', '/gone')).status).toBe(204);
  expect(await fenced('one')).toEqual([]);

  const beganMs = Date.now();
  await passes();
  const roundMs = Date.now() - beganMs;
  await waitFor(
    'it is away for much longer than passes take',
    () => Date.now() - cutMs > 4 * roundMs,
    120_000,
  );
  await passes(0.7 * (Date.now() - cutMs));
  for (const name of NAMES) expect(await fenced(name), name).toEqual(['three FENCED']);

  await realm.restoreLinks();
  await waitFor('the gateways take no peer to be down', async () => {
    const states = await Promise.all(realm.clusters.map(({ adminUrl }) => send(adminUrl, 'GET', '/status')));
    return states.every(({ text }) => !text.includes('"isUp": false'));
  });
  await passes();
  await syncObjects();
  await passes();
  for (const name of NAMES) expect(await fenced(name), name).toEqual(['three FENCED']);
  expect(await statuses('/c/deleted')).toEqual([404, 404, 200]);
  expect(await statuses('/gone')).toEqual([404, 404, 204]);
  expect(await statuses('/c/written-there')).toEqual([404, 404, 200]);
  const syncTo = async (name: string) =>
    (await direct[name]!.request('HEAD', '/c')).headers['x-container-sync-to'];
  expect([await syncTo('two'), await syncTo('three')]).toEqual([
    `//${REALM_NAME}/one/AUTH_test/c`,
    undefined,
  ]);
  // Whoever sends it: an object that old may have been deleted here.
  expect(await syncIn('one', '/c/old', before)).toBe(403);
  expect(await syncIn('one', '/c/young', new Date())).toBe(201);

  const plan = await rejoin('--dry-run');
  expect(plan.code).toBe(1);
  const names = (found: keyof RejoinReport['cases']): string[] =>
    (plan.report.cases[found]?.first ?? []).map(({ container, object }) => `${container}/${object}`).sort();
  expect(names('ambiguous')).toEqual(['c/deleted', 'gone/o']);
  expect(names('written-there')).toEqual(['c/written-there']);
  expect(names('written-elsewhere')).toEqual(['c/written-here', 'c/young']);
  expect(Object.keys(plan.report.cases).sort()).toEqual(['ambiguous', 'written-elsewhere', 'written-there']);

  const undecided = await rejoin('--yes');
  expect([undecided.code, undecided.report.lifted]).toEqual([1, []]);
  expect(await statuses('/c/deleted')).toEqual([404, 404, 200]);

  const done = await rejoin('--objects', 'drop', '--yes');
  expect([done.code, done.report.lifted]).toEqual([0, ['three']]);
  await passes();
  await passes();
  await syncObjects();
  await syncObjects();
  await passes();
  for (const name of NAMES) expect(await fenced(name), name).toEqual([]);
  for (const path of ['/c/kept', '/c/written-there', '/c/written-here', '/c/young'])
    expect(await statuses(path), path).toEqual([200, 200, 200]);
  for (const path of ['/c/deleted', '/gone']) expect(await statuses(path), path).toEqual([404, 404, 404]);
  expect(await syncTo('three')).toBe(`//${REALM_NAME}/one/AUTH_test/c`);
});
