// The README's walks: a cluster goes, containers are made, changed and deleted on the others, it comes back; status is true throughout. And
// a container that is on two of three clusters is used through the third, while one of the two goes and comes back.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LocalRealm } from '../../src/local/realm.js';
import { waitFor } from '../support/clusters.js';
import { autosync } from '../support/daemon.js';
import { send, SwiftSession } from '../support/swift-client.js';

const NAMES = ['one', 'two', 'three'];
const PUBLIC = '/v1/AUTH_test/pair-photos/cat';
const OWNER = { account: 'AUTH_test', user: 'test:tester', key: 'testing' };

let realm: LocalRealm;
const folder = mkdtempSync(join(tmpdir(), 'autosync-walk-'));

beforeAll(async () => {
  realm = await LocalRealm.start({
    folder,
    clusters: 3,
    syncInterval: 1,
    daemons: ['container-sync', 'autosync-daemon'],
    gatewayConf: {
      'daemon': { audit_interval: '2', pending_interval: '0.5' },
      'filter:placement': { rule_pair: '*/pair-* -> one, two' },
    },
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

/** Every cluster says so. */
async function allAgree(): Promise<void> {
  await waitFor(
    'all agree',
    async () => (await Promise.all(NAMES.map(agrees))).every((isOk) => isOk),
    60_000,
  );
}

it(
  'a cluster that was away holds what the other holds within seconds, and status says so, and not before',
  { timeout: 180_000 },
  async () => {
    const [one, two] = [realm.cluster('one'), realm.cluster('two')];
    const first = await SwiftSession.login(one.gatewayUrl, OWNER);
    for (const container of ['/changed', '/deleted'])
      expect((await first.request('PUT', container, { 'X-Container-Meta-Colour': 'red' })).status).toBe(201);
    await allAgree();

    await two.kill();
    expect((await first.request('PUT', '/made', { 'X-Container-Read': '.r:*' })).status).toBe(201);
    expect((await first.request('POST', '/changed', { 'X-Container-Meta-Colour': 'blue' })).status).toBe(204);
    expect((await first.request('DELETE', '/deleted')).status).toBe(204);
    const away = await status('one');
    expect([away.code, away.isOk]).toEqual([1, false]);
    expect(away.peers.find(({ isUp }) => !isUp)).toMatchObject({ pending: 3 });

    await two.start();
    await allAgree();
    const second = await SwiftSession.login(two.proxyUrl, OWNER);
    const head = async (path: string) => second.request('HEAD', path);
    expect((await head('/made')).headers['x-container-read']).toBe('.r:*');
    expect((await head('/changed')).headers['x-container-meta-colour']).toBe('blue');
    expect((await head('/deleted')).status).toBe(404);
  },
);

it(
  'a container on two of three clusters is used through the third, and no reader notices that one of the two goes and comes back',
  { timeout: 180_000 },
  async () => {
    const [one, three] = [realm.cluster('one'), realm.cluster('three')];
    const third = await SwiftSession.login(three.gatewayUrl, OWNER);
    expect((await third.request('PUT', '/pair-photos', { 'X-Container-Read': '.r:*' })).status).toBe(201);
    expect((await third.request('PUT', '/pair-photos/cat', {}, 'meow')).status).toBe(201);
    expect((await third.request('GET', '/pair-photos/cat')).text).toBe('meow');
    expect((await third.request('GET', '/pair-photos')).text).toBe('cat\n');
    expect((await third.at(three.proxyUrl).request('HEAD', '/pair-photos/cat')).status).toBe(404);
    await allAgree();

    const failed: string[] = [];
    const servedBy = new Set<string>();
    const reading = { isOver: false };
    const reader = (async () => {
      while (!reading.isOver) {
        const { status: code, text, headers } = await send(one.gatewayUrl, 'GET', PUBLIC);
        if (code !== 200 || text !== 'meow') failed.push(`${code} ${text}`);
        servedBy.add(headers['x-autosync-served-by'] ?? 'one');
      }
    })();
    const servers = ['proxy', 'account', 'container', 'object'] as const;
    await Promise.all(servers.map((server) => one.killServer(server)));
    await waitFor('another cluster serves', () => servedBy.has('two'));
    expect((await third.request('PUT', '/pair-photos/dog', {}, 'woof')).status).toBe(201);
    const large = { 'Expect': '100-continue', 'Content-Length': '100000' };
    expect((await third.request('PUT', '/pair-photos/elephant', large, Buffer.alloc(100_000))).status).toBe(
      201,
    );
    expect((await third.request('GET', '/pair-photos')).text).toBe('cat\ndog\nelephant\n');
    await one.startServers(servers);
    servedBy.clear();
    await waitFor('it serves again', () => servedBy.has('one'));
    reading.isOver = true;
    await reader;
    expect(failed).toEqual([]);

    await allAgree();
    const first = await SwiftSession.login(one.proxyUrl, OWNER);
    await waitFor('what was written meanwhile is there', async () => {
      return (await first.request('GET', '/pair-photos/dog')).text === 'woof';
    });
  },
);
