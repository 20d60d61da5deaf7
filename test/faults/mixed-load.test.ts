// Clients write, change and delete objects at all clusters while everything that runs is killed, one after the other. Afterwards all clusters
// hold the same: by `autosync verify --deep`, by rclone, and as the clients' histories allow.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LocalCluster } from '../../src/local/cluster.js';
import type { Role } from '../../src/local/plan.js';
import { LocalRealm } from '../../src/local/realm.js';
import { findProgram } from '../../src/local/requirements.js';
import { waitFor } from '../support/clusters.js';
import { autosync } from '../support/daemon.js';
import { unexplained, type Deed, type HeldObject } from '../support/object-ledger.js';
import { send, SwiftSession } from '../support/swift-client.js';
import { note } from './notes.js';

const OWNER = { account: 'AUTH_test', user: 'test:tester', key: 'testing' };
const ROLES = [
  'gateway',
  'autosync-daemon',
  'proxy',
  'object',
  'container',
  'account',
  'container-sync',
] as const;
const NAMES = 80;
const WRITERS_PER_CLUSTER = 2;
const DOWN_MS = 1_000;
const BETWEEN_MS = 1_000;

if (findProgram('rclone') === undefined) throw new Error('rclone is missing: apt-get install rclone');
let realm: LocalRealm;
const folder = mkdtempSync(join(tmpdir(), 'autosync-load-'));

beforeAll(async () => {
  realm = await LocalRealm.start({
    folder,
    clusters: 3,
    syncInterval: 1,
    daemons: ['container-sync', 'container-updater', 'autosync-daemon'],
    gatewayConf: { daemon: { audit_interval: '5', pending_interval: '0.5' } },
    firstPort: 31_000 + (process.pid % 1000),
  });
}, 120_000);

afterAll(async () => {
  await realm.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** One client: whatever comes to its mind, until it is told to end. */
async function write(
  cluster: LocalCluster,
  token: string,
  client: string,
  deeds: Deed[],
  signal: AbortSignal,
): Promise<void> {
  for (let count = 0; !signal.aborted; count += 1) {
    const name = `o${Math.floor(Math.random() * NAMES)}`;
    const choice = Math.random();
    const method = choice < 0.25 ? 'DELETE' : choice < 0.4 ? 'POST' : 'PUT';
    const mark = `${client} ${count}`;
    const body = method === 'PUT' ? mark : undefined;
    const beganMs = performance.now();
    const target = `/v1/${OWNER.account}/c/${name}`;
    const headers = { 'X-Auth-Token': token, 'X-Object-Meta-Mark': mark };
    const status = await send(cluster.gatewayUrl, method, target, headers, body).then(
      (answer) => answer.status,
      () => 0,
    );
    const isTold = status >= 200 && status < 300;
    const isRefused = status === 404 || status === 409;
    // A DELETE of what is not there leaves its tombstone all the same.
    if (!isRefused || method === 'DELETE')
      deeds.push({
        ...{ name, mark, cluster: cluster.name, bodies: [mark], beganMs, isTold },
        does: method === 'PUT' ? 'write' : method === 'POST' ? 'describe' : 'delete',
        endedMs: isTold || isRefused ? performance.now() : Infinity,
      });
    await sleep(20);
  }
}

/** Kills each thing that runs, at each cluster in turn, and starts it again. */
async function killAll(): Promise<string[]> {
  const killed: string[] = [];
  for (const role of [...ROLES, 'copier'] as const) {
    for (const cluster of realm.clusters) {
      if (role === 'copier') {
        const pids = childrenOf(cluster.pid('gateway') ?? 0);
        expect(pids).toHaveLength(1);
        pids.forEach((pid) => process.kill(pid, 'SIGKILL'));
      } else {
        await cluster.killServer(role satisfies Role);
        await sleep(DOWN_MS);
        await cluster.startServer(role);
      }
      killed.push(`${cluster.name} ${role}`);
      await sleep(BETWEEN_MS);
    }
  }
  return killed;
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

async function rcloneFinds(one: string, other: string): Promise<string> {
  const remote = (name: string): [string, string][] =>
    Object.entries({
      TYPE: 'swift',
      AUTH: `${realm.cluster(name).proxyUrl}/auth/v1.0`,
      AUTH_VERSION: '1',
      USER: OWNER.user,
      KEY: OWNER.key,
    }).map(([option, value]) => [`RCLONE_CONFIG_${name.toUpperCase()}_${option}`, value]);
  const env = { ...process.env, ...Object.fromEntries([...remote(one), ...remote(other)]) };
  const args = ['check', `${one}:c`, `${other}:c`, '--config', '/dev/null'];
  const { stderr } = await promisify(execFile)('rclone', args, { env });
  return stderr;
}

it(
  'all clusters hold the same after everything was killed under load',
  { timeout: 900_000 },
  async (context) => {
    const sessions = await Promise.all(
      realm.clusters.map(({ gatewayUrl }) => SwiftSession.login(gatewayUrl, OWNER)),
    );
    expect((await sessions[0]!.request('PUT', '/c')).status).toBe(201);
    const deeds: Deed[] = [];
    const end = new AbortController();
    const writers = realm.clusters.flatMap((cluster, index) =>
      Array.from({ length: WRITERS_PER_CLUSTER }, (_, writer) =>
        write(cluster, sessions[index]!.token, `${cluster.name}-${writer}`, deeds, end.signal),
      ),
    );
    const killed = await killAll();
    expect(killed).toHaveLength(3 * (ROLES.length + 1));
    end.abort();
    await Promise.all(writers);

    const conf = join(realm.cluster('one').swiftDir, 'autosync.conf');
    let last = '';
    await waitFor(
      'verify --deep finds nothing',
      async () => {
        const run = await autosync('verify', OWNER.account, '--deep', '--grace', '0', '--conf', conf);
        last = run.stdout + run.stderr;
        return run.code === 0;
      },
      300_000,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${last}`);
    });
    for (const other of ['two', 'three'])
      expect(await rcloneFinds('one', other)).toMatch(/ 0 differences found/);

    const direct = await SwiftSession.login(realm.cluster('one').proxyUrl, OWNER);
    const found = new Map<string, HeldObject>();
    for (const name of new Set(deeds.map((deed) => deed.name))) {
      const { status, text, headers } = await direct.request('GET', `/c/${name}`);
      found.set(name, status === 200 ? { body: text, mark: headers['x-object-meta-mark'] ?? '' } : undefined);
    }
    const wrong = unexplained(deeds, found);
    const told = deeds.filter(({ isTold }) => isTold).length;
    note(context, 'mixed', [killed.length, deeds.length, told, found.size, wrong.length]);
    expect(wrong).toEqual([]);
  },
);
