// The configuration of the original document, as printed there, runs two clusters: named by URL, synced by full URLs, with tokens
// that both clusters know. Hosts and ports aside, only `upstream` is added.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AUTOSYNC } from '../../src/local/launch.js';
import type { ClusterPlan } from '../../src/local/plan.js';
import { findFreePort } from '../../src/local/ports.js';
import { LocalRealm } from '../../src/local/realm.js';
import { ServerProcess } from '../../src/local/server-process.js';
import { SWIFT_PIPELINE } from '../../src/local/swift-conf.js';
import { SwiftSession, waitFor } from '../support/clusters.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const USER = { account: 'AUTH_test', user: 'test:tester', key: 'testing' };

/** What the document has operators add to proxy-server.conf of Primary and of Secondary, spaces and backslashes included. */
const AS_PRINTED = {
  one: `    [DEFAULT]

    allowed_sync_hosts = Secondary.com

    [pipeline:main]

    \\# Add autosync after the request is authenticated by the auth system used

    pipeline = ...autosync... 

    [filter:autosync]

    use = egg:swift#autosync

    autosync_my_cluster = http://Primary.com:8080

    autosync_placement = http://Primary.com:8080,http://Secondary.com:8080
`,
  two: `    [DEFAULT]

    allowed_sync_hosts = Primary.com

    [pipeline:main]

    \\# Remove the auth system used or change it to allow autosync requests to go through

    \\# Add autosync to the pipeline

    pipeline = ...autosync... 

    [filter:autosync]

    use = egg:swift#autosync

    autosync_my_cluster = http://Secondary.com:8080

    autosync_placement = http://Primary.com:8080,http://Secondary.com:8080
`,
};

/** With this machine's hosts and ports, and the one option that the document does not have. */
function gatewayConf(plan: ClusterPlan): string {
  const realm = JSON.parse(readFileSync(join(plan.folder, '../realm.json'), 'utf8')) as {
    clusters: Record<'one' | 'two', { ports: { gateway: number } }>;
  };
  const printed = AS_PRINTED[plan.name as 'one' | 'two']
    .replaceAll('http://Primary.com:8080', `http://127.0.0.1:${realm.clusters.one.ports.gateway}`)
    .replaceAll('http://Secondary.com:8080', `http://127.0.0.1:${realm.clusters.two.ports.gateway}`)
    .replaceAll(/allowed_sync_hosts = .*/g, 'allowed_sync_hosts = 127.0.0.1')
    .replace('[DEFAULT]', `[DEFAULT]\n    bind_ip = 127.0.0.1\n    bind_port = ${plan.ports.gateway}`);
  return `${printed}
[app:proxy]
upstream = http://127.0.0.1:${plan.ports.proxy}

[admin]
bind_port = ${plan.ports.admin}
`;
}

/** memcached wants to be told so. */
const asRoot = process.getuid?.() === 0 ? ['-u', 'root'] : [];

let realm: LocalRealm;
let tokens: ServerProcess;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(ROOT, '.local', 'original-'));
  const port = await findFreePort(31_000, new Set());
  // Clusters that share an identity service: both keep their tokens in this memcached, and all else in their own.
  tokens = new ServerProcess({
    title: 'tokens',
    command: 'memcached',
    args: ['-l', '127.0.0.1', '-p', String(port), '-U', '0', ...asRoot],
    logFile: join(folder, 'tokens.log'),
  });
  tokens.start();
  realm = await LocalRealm.start({
    folder,
    clusters: 2,
    syncInterval: 1,
    firstPort: 28_000,
    pipeline: SWIFT_PIPELINE.replace(' tempauth ', ' tokens tempauth cache '),
    proxyConf: {
      'DEFAULT': { allowed_sync_hosts: '127.0.0.1' },
      'filter:gatekeeper': { shunt_inbound_x_timestamp: false },
      'filter:tokens': { use: 'egg:swift#memcache', memcache_servers: `127.0.0.1:${port}` },
    },
    rewriteGatewayConf: (_, plan) => gatewayConf(plan),
  });
});
afterAll(async () => {
  await realm.stop();
  await tokens.stop();
  rmSync(folder, { recursive: true, force: true });
});

const sides = [
  ['one', 'two'],
  ['two', 'one'],
] as const;

const login = (name: string, via: 'gatewayUrl' | 'proxyUrl'): Promise<SwiftSession> =>
  SwiftSession.login(realm.cluster(name)[via], USER);

describe("the original document's configuration", () => {
  it('is nothing to complain about; what cannot be seen is said', () => {
    for (const { swiftDir } of realm.clusters) {
      const { status, stdout } = spawnSync(
        process.execPath,
        [AUTOSYNC, 'check', join(swiftDir, 'autosync.conf')],
        { encoding: 'utf8' },
      );
      expect(stdout).toContain('shunt_inbound_x_timestamp = false');
      expect(stdout).toMatch(/Nothing wrong: \d+ checks; \d not looked at\./);
      expect(status).toBe(0);
    }
  });

  it.each(sides)(
    'a container created through %s is on both, with full URLs and one key',
    async (here, there) => {
      const container = `from-${here}`;
      const answer = await (
        await login(here, 'gatewayUrl')
      ).request('PUT', `/${container}`, { 'X-Container-Meta-Colour': 'green', 'X-Container-Read': '.r:*' });
      expect(answer.status).toBe(201);
      expect(answer.headers).not.toHaveProperty('x-autosync-pending');
      const heads = await Promise.all(
        [here, there].map(async (name) => (await login(name, 'proxyUrl')).request('HEAD', `/${container}`)),
      );
      for (const [index, head] of heads.entries()) {
        const other = realm.cluster(index === 0 ? there : here);
        expect(head.headers).toMatchObject({
          'x-container-sync-to': `${other.gatewayUrl}/v1/AUTH_test/${container}`,
          'x-container-sync-key': heads[0]!.headers['x-container-sync-key'],
          'x-container-meta-colour': 'green',
          'x-container-read': '.r:*',
        });
      }
      expect(heads[0]!.headers['x-container-sync-key']).toMatch(/^[0-9a-f]{64}$/);
    },
  );

  it.each(sides)(
    'an object put at %s travels to the other by container sync, and its deletion',
    async (here, there) => {
      const container = `objects-${here}`;
      const near = await login(here, 'gatewayUrl');
      const far = await login(there, 'proxyUrl');
      await near.request('PUT', `/${container}`);
      expect((await near.request('PUT', `/${container}/o`, {}, `from ${here}`)).status).toBe(201);
      await waitFor('it arrives', async () => {
        const answer = await far.request('GET', `/${container}/o`);
        return answer.status === 200 && answer.text === `from ${here}`;
      });
      expect((await near.request('DELETE', `/${container}/o`)).status).toBe(204);
      await waitFor('it is gone', async () => (await far.request('GET', `/${container}/o`)).status === 404);
    },
  );

  it.each(sides)(
    'changes through %s right after each other are on both, the last of them',
    async (here, there) => {
      const near = await login(here, 'gatewayUrl');
      const container = `changed-${here}`;
      await near.request('PUT', `/${container}`);
      for (const colour of ['red', 'blue', 'green']) {
        const headers = { 'X-Container-Meta-Colour': colour, 'X-Container-Read': `.r:${colour}.example` };
        expect((await near.request('POST', `/${container}`, headers)).status).toBe(204);
      }
      for (const name of [here, there]) {
        const { headers } = await (await login(name, 'proxyUrl')).request('HEAD', `/${container}`);
        expect([headers['x-container-meta-colour'], headers['x-container-read']]).toEqual([
          'green',
          '.r:green.example',
        ]);
      }
    },
  );

  it.each(sides)('a container deleted through %s is deleted on both', async (here, there) => {
    const near = await login(here, 'gatewayUrl');
    const container = `gone-${here}`;
    await near.request('PUT', `/${container}`);
    expect((await near.request('DELETE', `/${container}`)).status).toBe(204);
    for (const name of [here, there]) {
      expect((await (await login(name, 'proxyUrl')).request('HEAD', `/${container}`)).status).toBe(404);
    }
  });
});
