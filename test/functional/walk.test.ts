// The README's walk: a cluster goes, containers are made, changed and deleted on the other, it comes back; status is true throughout.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LocalRealm } from '../../src/local/realm.js';
import { waitFor } from '../support/clusters.js';
import { autosync } from '../support/daemon.js';
import { SwiftSession } from '../support/swift-client.js';

let realm: LocalRealm;
const folder = mkdtempSync(join(tmpdir(), 'autosync-walk-'));

beforeAll(async () => {
  realm = await LocalRealm.start({
    folder,
    clusters: 2,
    syncInterval: 1,
    daemons: ['container-sync', 'autosync-daemon'],
    gatewayConf: { daemon: { audit_interval: '2', pending_interval: '0.5' } },
    firstPort: 31_000 + (process.pid % 1000),
  });
}, 120_000);

afterAll(async () => {
  await realm.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Status {
  readonly isOk: boolean;
  readonly peers: readonly { readonly isUp: boolean; readonly pending: number }[];
}

async function status(name: string): Promise<Status & { readonly code: number | null }> {
  const conf = join(realm.cluster(name).swiftDir, 'autosync.conf');
  const { code, stdout } = await autosync('status', '--conf', conf, '--json');
  return { code, ...(JSON.parse(stdout) as Status) };
}

async function agrees(name: string): Promise<boolean> {
  const { code, isOk } = await status(name);
  return code === 0 && isOk;
}

it(
  'a cluster that was away holds what the other holds within seconds, and status says so, and not before',
  { timeout: 180_000 },
  async () => {
    const owner = { account: 'AUTH_test', user: 'test:tester', key: 'testing' };
    const [one, two] = [realm.cluster('one'), realm.cluster('two')];
    const first = await SwiftSession.login(one.gatewayUrl, owner);
    for (const container of ['/changed', '/deleted'])
      expect((await first.request('PUT', container, { 'X-Container-Meta-Colour': 'red' })).status).toBe(201);
    await waitFor('both agree', async () => (await agrees('one')) && (await agrees('two')), 60_000);

    await two.kill();
    expect((await first.request('PUT', '/made', { 'X-Container-Read': '.r:*' })).status).toBe(201);
    expect((await first.request('POST', '/changed', { 'X-Container-Meta-Colour': 'blue' })).status).toBe(204);
    expect((await first.request('DELETE', '/deleted')).status).toBe(204);
    const away = await status('one');
    expect([away.code, away.isOk]).toEqual([1, false]);
    expect(away.peers[0]).toMatchObject({ isUp: false, pending: 3 });

    await two.start();
    await waitFor('both agree again', async () => (await agrees('one')) && (await agrees('two')), 60_000);
    const second = await SwiftSession.login(two.proxyUrl, owner);
    const head = async (path: string) => second.request('HEAD', path);
    expect((await head('/made')).headers['x-container-read']).toBe('.r:*');
    expect((await head('/changed')).headers['x-container-meta-colour']).toBe('blue');
    expect((await head('/deleted')).status).toBe(404);
  },
);
