// The clusters that tests stand on: real Swift, container sync between them, links that fail, processes that die.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { isPortFree } from '../../src/local/ports.js';
import {
  cluster,
  freshUser,
  link,
  loginEverywhere,
  realm,
  restoreLinks,
  waitFor,
} from '../support/clusters.js';
import { waitUntilSame } from '../support/compare.js';
import { SwiftSession, type User } from '../support/swift-client.js';
import { withContainerSync } from '../support/container-sync.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A container synced between one and two by hand, past the gateways. */
async function syncedPair(user: User, container: string): Promise<[SwiftSession, SwiftSession]> {
  const { one, two } = await loginEverywhere(user, 'proxy');
  const headers = (peer: string) => ({
    'X-Container-Sync-To': `//local/${peer}/${user.account}/${container}`,
    'X-Container-Sync-Key': 'a key',
  });
  expect((await one!.request('PUT', `/${container}`, headers('two'))).status).toBe(201);
  expect((await two!.request('PUT', `/${container}`, headers('one'))).status).toBe(201);
  return [one!, two!];
}

const TERMS = { status: 200, text: 'hello' };

describe('local clusters', () => {
  withContainerSync();
  afterEach(restoreLinks);

  it('copies an object by container sync, run on demand', async () => {
    const [one, two] = await syncedPair(await freshUser(), 'c');
    await one.request('PUT', '/c/o', {}, 'hello');
    await cluster('one').control.runContainerSyncOnce();
    expect(await two.request('GET', '/c/o')).toMatchObject(TERMS);
  });

  it('brings an object to a cluster that was cut off, once the link is back', async () => {
    const user = await freshUser();
    const [one, two] = await syncedPair(user, 'c');
    await link('one', 'two').cut();
    await one.request('PUT', '/c/o', {}, 'hello');
    await cluster('one').control.runContainerSyncOnce();
    expect((await two.request('GET', '/c/o')).status).toBe(404);
    await link('one', 'two').restore();
    await waitFor('the object arrives', async () => (await two.request('GET', '/c/o')).status === 200);
    await waitFor('both hold the same', async () => {
      const [a, b] = await Promise.all([one, two].map((side) => side.request('GET', '/c?format=json')));
      return a!.text === b!.text;
    });
  });

  it('answers again after a server was killed and started', async () => {
    const user = await freshUser();
    const { control, proxyUrl } = cluster('two');
    const session = await SwiftSession.login(proxyUrl, user);
    await session.request('PUT', '/c');
    await control.killServer('container');
    expect((await session.request('PUT', '/d')).status).toBe(503);
    await control.startServer('container');
    expect((await session.request('PUT', '/d')).status).toBe(201);
  });

  it('writes what Swift logs into files', async () => {
    const session = await SwiftSession.login(cluster('one').proxyUrl, await freshUser());
    await session.request('PUT', '/seen-in-the-log');
    expect(await cluster('one').control.logs('proxy')).toContain('seen-in-the-log');
  });

  it('finds an untouched account the same everywhere', async () => {
    await waitUntilSame(await freshUser(), 'nothing');
  });
});

const CHILD = `
  import { LocalRealm } from './dist/local/realm.js';
  const realm = await LocalRealm.start({ folder: process.argv[1], clusters: 1, gateways: process.argv[2] === '1',
    firstPort: 30500, proxyConf: { DEFAULT: { workers: 2 } } });
  console.log(JSON.stringify(Object.values(realm.clusters[0].plan.ports)));
`;

describe('a process that runs clusters', () => {
  const folder = mkdtempSync(join(ROOT, '.local', 'killed-'));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('takes every server and every worker along when it is killed, and leaves the ports free', async () => {
    const hasGateways = realm().hasGateways;
    const args = ['--input-type=module', '-e', CHILD, folder, hasGateways ? '1' : '0'];
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    const ports = await waitFor(
      'it reports',
      () => text.includes('\n') && (JSON.parse(text) as number[]),
      90_000,
    );
    expect(processesThatName(folder, 'swift-proxy-server')).toHaveLength(3);
    expect(processesThatName(folder).length).toBeGreaterThanOrEqual(hasGateways ? 10 : 9);
    child.kill('SIGKILL');
    await waitFor('all processes are gone', () => processesThatName(folder).length === 0, 3000);
    // The kernel forgets the name of a process before it closes its sockets.
    const areFree = async (): Promise<boolean> =>
      (await Promise.all(ports.map((port) => isPortFree(port)))).every(Boolean);
    await waitFor('all ports are free', areFree, 3000);
  }, 120_000);
});

/** Processes whose command line has all the texts; memcached, which names no folder, is known by its port. */
function processesThatName(...texts: string[]): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return texts.every((text) => command.includes(text));
    } catch {
      return false;
    }
  });
}
