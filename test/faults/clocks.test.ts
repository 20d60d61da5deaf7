// All clocks of one cluster are wrong by five minutes: its Swift, its gateway, its daemon. Meanwhile clients of both clusters are served,
// and status says what is the matter. Once the clocks are right again, all is equal.
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Status } from '../../src/daemon/status.js';
import { LocalRealm } from '../../src/local/realm.js';
import { waitFor } from '../support/clusters.js';
import { differencesAt } from '../support/compare.js';
import { autosyncIn } from '../support/daemon.js';
import { SwiftSession } from '../support/swift-client.js';
import { note } from './notes.js';

const OWNER = { account: 'AUTH_test', user: 'test:tester', key: 'testing' };
/** How long libfaketime believes its file. */
const BELIEVED_S = 1;
const WRONG_S = 300;

let realm: LocalRealm;
let via: Record<string, SwiftSession>;
let direct: Record<string, SwiftSession>;
const folder = mkdtempSync(join(tmpdir(), 'autosync-clocks-'));
const clock = join(folder, 'clock-of-two');
const wrongClock = {
  LD_PRELOAD: libfaketime(),
  FAKETIME_TIMESTAMP_FILE: clock,
  FAKETIME_CACHE_DURATION: String(BELIEVED_S),
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
};

beforeAll(async () => {
  await setClock(0);
  realm = await LocalRealm.start({
    folder: join(folder, 'clusters'),
    clusters: 2,
    syncInterval: 1,
    daemons: ['container-sync', 'autosync-daemon'],
    gatewayConf: { daemon: { audit_interval: '5' } },
    firstPort: 29_000 + (process.pid % 1000),
    // Python's time.sleep fails under libfaketime; container sync's own clock dates nothing.
    perCluster: { two: { environment: (role) => (role === 'container-sync' ? {} : wrongClock) } },
  });
  const sessions = async (way: 'gatewayUrl' | 'proxyUrl') =>
    Object.fromEntries(
      await Promise.all(
        realm.clusters.map(async (each) => [each.name, await SwiftSession.login(each[way], OWNER)] as const),
      ),
    );
  [via, direct] = await Promise.all([sessions('gatewayUrl'), sessions('proxyUrl')]);
}, 120_000);

afterAll(async () => {
  await realm.stop();
  rmSync(folder, { recursive: true, force: true });
});

afterEach(() => setClock(0));

/** As Debian's libfaketime lies. */
function libfaketime(): string {
  const files = readdirSync('/usr/lib').map((each) => join('/usr/lib', each, 'faketime', 'libfaketime.so.1'));
  const found = files.find((file) => existsSync(file));
  if (found === undefined) throw new Error('libfaketime is not installed: apt-get install faketime');
  return found;
}

/** @param seconds how far the second cluster is ahead */
async function setClock(seconds: number): Promise<void> {
  writeFileSync(clock, `${seconds < 0 ? '' : '+'}${seconds}\n`);
  await sleep(2000 * BELIEVED_S);
}

async function secondsAhead(): Promise<number> {
  const { headers } = await direct['two']!.request('HEAD', '');
  return Math.round((Date.parse(headers['date']!) - Date.now()) / 1000);
}

async function statusOf(name: string): Promise<{ readonly isOk: boolean; readonly text: string }> {
  const conf = join(realm.cluster(name).swiftDir, 'autosync.conf');
  const { stdout } = await autosyncIn(name === 'two' ? wrongClock : {}, 'status', '--conf', conf, '--json');
  return { isOk: (JSON.parse(stdout) as Status).isOk, text: stdout };
}

it.for([
  ['ahead', WRONG_S],
  ['behind', -WRONG_S],
] as const)('five minutes %s', async ([direction, aheadS], context) => {
  const [a, b, gone, own] = [`${direction}-a`, `${direction}-b`, `${direction}-gone`, `${direction}-own`];
  const colour = 'X-Container-Meta-Colour';
  let requests = 0;
  const change = async (at: string, method: string, path: string, body?: string) => {
    requests += 1;
    const answer = await via[at]!.request(method, `/${path}`, { [colour]: at }, body);
    expect(answer.status, `${method} ${path} at ${at}`).toBeLessThan(300);
    return answer.headers['x-autosync-pending'];
  };

  for (const container of [a, gone]) {
    await change('one', 'PUT', container);
    await waitFor('it is equal', async () => (await differencesAt(direct, container)).length === 0);
  }
  await setClock(aheadS);
  expect(Math.abs((await secondsAhead()) - aheadS)).toBeLessThan(5);

  // Who is ahead wins: the newest by its date is the last here, too.
  const order = aheadS > 0 ? ['one', 'two'] : ['two', 'one'];
  for (const at of order) expect(await change(at, 'POST', a)).toBe(at === 'one' ? 'two' : 'one');
  expect(await change('two', 'PUT', b)).toBe('one');
  expect(await change('one', 'PUT', own)).toBe('two');
  expect(await change('one', 'DELETE', gone)).toBe('two');
  for (const at of order) expect(await change(at, 'PUT', `${a}/from-${at}`, at)).toBeUndefined();
  for (const name of ['one', 'two']) {
    await waitFor(`status of ${name} tells of the clocks`, async () => {
      const { isOk, text } = await statusOf(name);
      return !isOk && text.includes('"code": "CLOCK_SKEW"');
    });
  }

  await setClock(0);
  const mendedAt = performance.now();
  // What was dated ahead is taken once that time has come.
  await waitFor(
    'all is equal',
    async () => {
      const wrong = await Promise.all([a, b, own].map((container) => differencesAt(direct, container)));
      const left = await Promise.all(['one', 'two'].map((at) => direct[at]!.request('HEAD', `/${gone}`)));
      return wrong.flat().length === 0 && left.every(({ status }) => status === 404);
    },
    (WRONG_S + 120) * 1000,
  );
  const seconds = Math.round((performance.now() - mendedAt) / 1000);
  for (const at of ['one', 'two']) {
    const { headers } = await direct[at]!.request('HEAD', `/${a}`);
    expect(headers['x-container-meta-colour']).toBe(order[1]);
    for (const from of order)
      expect((await direct[at]!.request('GET', `/${a}/from-${from}`)).text, `${from} at ${at}`).toBe(from);
  }
  // The next canary goes within a minute.
  const isOk = async () => (await statusOf('one')).isOk && (await statusOf('two')).isOk;
  await waitFor('status is OK again', isOk, 300_000);
  note(context, 'clocks', [`five minutes ${direction}`, requests, seconds, 0]);
});
