// What is ours can be taken off again, at every cluster, and nothing else with it. The gateways here keep their records in the
// account of another service user than the run's, so that all accounts that they know are this file's.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { REALM_NAME } from '../../src/local/plan.js';
import type { LeaveReport } from '../../src/daemon/leave.js';
import { cluster, clusters, freshUser, SwiftSession } from '../support/clusters.js';
import { waitUntilSame } from '../support/compare.js';
import { expectEverywhere, sessionsOf, type Sessions } from '../support/containers.js';
import { autosync } from '../support/daemon.js';
import { loginAt, startGateway, startGateways, type ExtraGateways } from '../support/extra-gateways.js';
import { withContainerSync } from '../support/container-sync.js';

withContainerSync();

const ADMIN = { account: 'AUTH_admin', user: 'admin:admin', key: 'admin' };
const SERVICE = [
  ['service', 'user', ADMIN.user],
  ['service', 'key', ADMIN.key],
] as const;
const names = clusters().map(({ name }) => name);
/** `ä` in UTF-8, as Node writes headers. */
const UMLAUT = Buffer.from('ä').toString('latin1');
const ELSEWHERE = `//${REALM_NAME}/two/AUTH_else/else`;
const SYNC = /^x-container-sync-/;

let before: ExtraGateways;
let left: ExtraGateways;
beforeAll(async () => {
  [before, left] = await Promise.all([
    startGateways(SERVICE),
    startGateways([...SERVICE, ['filter:autosync', 'accounts', 'AUTH_t*, !*']]),
  ]);
});

afterAll(async () => {
  for (const name of names) {
    const session = await SwiftSession.login(cluster(name).proxyUrl, ADMIN);
    for (const object of await kept(name)) await session.request('DELETE', `/autosync/${encodeURI(object)}`);
  }
});

/** Names of all objects that the program keeps at that cluster, with this file's service user. */
async function kept(name: string): Promise<string[]> {
  const session = await SwiftSession.login(cluster(name).proxyUrl, ADMIN);
  const { status, text } = await session.request('GET', '/autosync');
  return status === 200 ? text.trim().split('\n') : [];
}

/** Everything of the account at every Swift: settings of account and containers, objects with their dates and bytes. */
async function everything({ direct }: Sessions, wants: (header: string) => boolean): Promise<unknown> {
  const STABLE = /^(?:x-(?:account|container|object)-(?:meta|read|write|sync)|etag|content-type|x-timestamp)/;
  const dump = async (session: SwiftSession, path: string): Promise<unknown> => {
    const { headers, text } = await session.request('GET', path);
    const kinds = Object.entries(headers).filter(([name]) => STABLE.test(name) && wants(name));
    return [path, Object.fromEntries(kinds.sort()), path.split('/').length === 3 ? text : ''];
  };
  return Promise.all(
    names.map(async (name) => {
      const session = direct[name]!;
      const lines = async (path: string): Promise<string[]> =>
        (await session.request('GET', path)).text.split('\n').filter((line) => line !== '');
      const paths = [''];
      for (const container of await lines('')) {
        paths.push(`/${container}`);
        for (const object of await lines(`/${container}`)) paths.push(`/${container}/${object}`);
      }
      return [name, await Promise.all(paths.map((path) => dump(session, path)))];
    }),
  );
}

async function leave(...args: string[]): Promise<{ code: number | null; report: LeaveReport }> {
  const { code, stdout, stderr } = await autosync(
    'leave',
    ...args,
    '--conf',
    left['one']!.confFile,
    '--json',
  );
  if (stdout === '') throw new Error(`leave ended with ${code}: ${stderr}`);
  return { code, report: JSON.parse(stdout) as LeaveReport };
}

/** An account with containers of all kinds: synced, with objects, pending at three, with its owner's own sync. */
async function furnish(): Promise<Sessions> {
  const sessions = await sessionsOf(await freshUser());
  const via = await loginAt(before, sessions.user);
  const settings = {
    'X-Container-Meta-A': UMLAUT,
    'X-Container-Read': '.r:*',
    'X-Container-Meta-Quota-Count': '9',
  };
  expect((await via['one']!.request('PUT', '/a', settings)).status).toBe(201);
  expect((await via['two']!.request('PUT', '/b')).status).toBe(201);
  expect((await via['one']!.request('PUT', '/gone')).status).toBe(201);
  expect((await via['one']!.request('DELETE', '/gone')).status).toBe(204);
  expect((await via['one']!.request('POST', '', { 'X-Account-Meta-A': '1' })).status).toBe(204);
  await via['one']!.request('PUT', '/a/o', { 'X-Object-Meta-B': '2' }, 'hello');
  await waitUntilSame(sessions.user, 'a');
  const own = { 'X-Container-Sync-To': ELSEWHERE, 'X-Container-Sync-Key': 'mine' };
  expect((await sessions.direct['one']!.request('PUT', '/own', own)).status).toBe(201);
  return sessions;
}

it('nothing is done while a gateway, this cluster’s or a peer’s, still looks after the account', async () => {
  const sessions = await furnish();
  const { account } = sessions.user;
  const was = await everything(sessions, () => true);
  const conf = before['one']!.confFile;
  const refused = await autosync('leave', account, '--conf', conf, '--yes');
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(`!${account}`)]);
  // Its own file does not name the account any more, but none of the gateways has been restarted.
  const edited = await startGateway(cluster('one'), {
    from: before['one']!.confFile,
    conf: [['filter:autosync', 'accounts', '!*']],
  });
  const early = await autosync('leave', account, '--conf', edited.confFile, '--yes', '--json');
  const { accounts } = JSON.parse(early.stdout) as LeaveReport;
  expect(early.code).toBe(1);
  const restart: unknown = expect.stringContaining('restart');
  expect(Object.fromEntries(accounts.map((each) => [each.cluster, each.trouble.join()]))).toEqual({
    one: restart,
    two: restart,
    three: restart,
  });
  await edited.stop();
  expect(await everything(sessions, () => true)).toEqual(was);
});

it('after a plan, and in spite of a peer that was away, an account leaves whole, and adopt brings it back', async () => {
  const sessions = await furnish();
  const { account } = sessions.user;
  const users = (header: string): boolean => !SYNC.test(header);
  const was = await everything(sessions, users);

  const plan = await leave(account, '--dry-run');
  expect(plan.code).toBe(1);
  expect(plan.report.accounts.map(({ synced, trouble }) => [synced, trouble])).toEqual(
    names.map(() => [2, []]),
  );
  expect((await autosync('leave', account, '--conf', left['one']!.confFile)).code).toBe(2);
  await expectEverywhere(sessions, '/a', { 'X-Container-Read': '.r:*' });

  const { url, confFile } = left['three']!;
  await left['three']!.kill();
  const first = await leave(account, '--yes');
  const troubled = first.report.accounts.filter(({ trouble }) => trouble.length > 0);
  expect([first.code, troubled.map((each) => each.cluster)]).toEqual([1, ['three']]);
  await startGateway(cluster('three'), { from: confFile, port: Number(new URL(url).port) });
  const second = await leave(account, '--yes');
  expect(second.code).toBe(0);
  expect(second.report.accounts.filter(({ synced }) => synced > 0)).toEqual([
    expect.objectContaining({ cluster: 'three', synced: 2 }),
  ]);
  expect((await leave(account, '--yes')).code).toBe(0);

  // Without its keys and sync-to everything is as it was; the owner's own sync is there still.
  expect(await everything(sessions, users)).toEqual(was);
  const own = (await sessions.direct['one']!.request('HEAD', '/own')).headers;
  expect([own['x-container-sync-to'], own['x-container-sync-key']]).toEqual([ELSEWHERE, 'mine']);
  for (const name of names) {
    for (const path of ['/a', '/b']) {
      const { headers } = await sessions.direct[name]!.request('HEAD', path);
      expect(
        Object.keys(headers).filter((header) => SYNC.test(header)),
        `${path} at ${name}`,
      ).toEqual([]);
    }
    expect(
      (await kept(name)).filter((object) => object.includes(account)),
      name,
    ).toEqual([]);
  }

  // Swift dates to the second, and what is newer is to be taken over below.
  await sleep(1_100);
  // Nobody takes it back by himself: not a gateway, for a client; not a daemon.
  const client = (await loginAt(left, sessions.user))['one']!;
  expect((await client.request('POST', '/a', { 'X-Container-Meta-A': 'new' })).status).toBe(204);
  expect((await client.request('PUT', '/later')).status).toBe(201);
  expect((await autosync('daemon', left['one']!.confFile, '--once')).code).toBe(0);
  expect(
    (await sessions.direct['one']!.request('HEAD', '/later')).headers['x-container-sync-to'],
  ).toBeUndefined();
  expect((await sessions.direct['two']!.request('HEAD', '/later')).status).toBe(404);
  expect((await kept('one')).filter((object) => object.includes(account))).toEqual([]);

  expect((await autosync('adopt', account, '--conf', before['one']!.confFile)).code).toBe(0);
  await expectEverywhere(sessions, '/a', { 'X-Container-Meta-A': 'new' });
  await expectEverywhere(sessions, '/later');
});

it('where all accounts leave, nothing of ours is left at any cluster', async () => {
  const sessions = await furnish();
  await leave('--dry-run');
  expect((await kept('two')).length).toBeGreaterThan(0);
  const { code, report } = await leave('--yes');
  expect([code, report.stores]).toEqual([0, { one: '', two: '', three: '' }]);
  expect(report.accounts.map(({ account }) => account)).toContain(sessions.user.account);
  for (const name of names) {
    const session = await SwiftSession.login(cluster(name).proxyUrl, ADMIN);
    expect((await session.request('HEAD', '/autosync')).status, name).toBe(404);
    expect(
      (await sessions.direct[name]!.request('HEAD', '/a')).headers['x-container-sync-to'],
    ).toBeUndefined();
  }
  const client = (await loginAt(left, sessions.user))['one']!;
  expect((await client.request('HEAD', '/a')).headers['x-container-meta-a']).toBe(UMLAUT);
});
