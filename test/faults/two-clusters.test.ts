// Two clusters, as most realms have: what both sides do while they cannot reach each other comes together when they can.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LocalRealm } from '../../src/local/realm.js';
import { waitFor } from '../support/clusters.js';
import { autosync } from '../support/daemon.js';
import { SwiftSession } from '../support/swift-client.js';

const OWNER = { account: 'AUTH_test', user: 'test:tester', key: 'testing' };
const NAMES = ['one', 'two'] as const;

let realm: LocalRealm;
const folder = mkdtempSync(join(tmpdir(), 'autosync-two-'));

beforeAll(async () => {
  realm = await LocalRealm.start({
    ...{ folder, clusters: 2, links: true, syncInterval: 1, firstPort: 26_000 + (process.pid % 1000) },
    daemons: ['container-sync', 'autosync-daemon'],
    gatewayConf: { daemon: { audit_interval: '2', pending_interval: '0.5' } },
  });
}, 120_000);

afterAll(async () => {
  await realm.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function agrees(name: string): Promise<boolean> {
  const conf = join(realm.cluster(name).swiftDir, 'autosync.conf');
  return (await autosync('status', '--conf', conf)).code === 0;
}

async function bothAgree(): Promise<void> {
  await waitFor('both agree', async () => (await Promise.all(NAMES.map(agrees))).every(Boolean), 60_000);
}

it(
  'changes of both sides of a cut are kept, the newest of each, and no deletion takes what it has not seen',
  { timeout: 180_000 },
  async () => {
    const at = (url: string): Promise<SwiftSession> => SwiftSession.login(url, OWNER);
    const [one, two] = await Promise.all(NAMES.map((name) => at(realm.cluster(name).gatewayUrl)));
    for (const container of ['/both', '/empty', '/holed'])
      expect((await one!.request('PUT', container, { 'X-Container-Meta-From': 'start' })).status).toBe(201);
    await bothAgree();

    await Promise.all([realm.link('one', 'two').cut(), realm.link('two', 'one').cut()]);
    const colours = { 'X-Container-Meta-From': 'one', 'X-Container-Meta-Colour': 'red' };
    expect((await one!.request('POST', '/both', colours)).status).toBe(204);
    expect((await one!.request('PUT', '/both/of-one', {}, '1')).status).toBe(201);
    expect((await two!.request('PUT', '/both/of-two', {}, '2')).status).toBe(201);
    expect((await two!.request('PUT', '/holed/unseen', {}, 'not to be lost')).status).toBe(201);
    for (const container of ['/empty', '/holed'])
      expect((await one!.request('DELETE', container)).status).toBe(204);
    expect((await two!.request('POST', '/both', { 'X-Container-Meta-From': 'two' })).status).toBe(204);
    expect(await Promise.all(NAMES.map(agrees))).toEqual([false, false]);
    await realm.restoreLinks();
    await bothAgree();

    const direct = await Promise.all(NAMES.map((name) => at(realm.cluster(name).proxyUrl)));
    for (const session of direct) {
      const { headers } = await session.request('HEAD', '/both');
      expect([headers['x-container-meta-from'], headers['x-container-meta-colour']]).toEqual(['two', 'red']);
      expect((await session.request('HEAD', '/empty')).status).toBe(404);
      await waitFor('all objects are there', async () => {
        const [both, holed] = [
          await session.request('GET', '/both'),
          await session.request('GET', '/holed/unseen'),
        ];
        return both.text === 'of-one\nof-two\n' && holed.text === 'not to be lost';
      });
    }
  },
);
