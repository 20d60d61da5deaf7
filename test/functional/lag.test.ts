// How far objects are behind is told truthfully: nothing behind is 0, blocked grows, and what was dropped or lost is not forgotten.
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/cli/running.js';
import type { CopierStatus } from '../../src/copy/copier.js';
import { readLag } from '../../src/copy/lag-report.js';
import { copiesState } from '../../src/daemon/copies-state.js';
import { readStatus, type Status } from '../../src/daemon/status.js';
import { lagPrefix } from '../../src/records/names.js';
import {
  clusters,
  freshUser,
  link,
  restoreLinks,
  send,
  SwiftSession,
  waitFor,
  type User,
} from '../support/clusters.js';
import { putSame, sessionsOf, type Sessions } from '../support/containers.js';
import { autosync, confOf, siteOf } from '../support/daemon.js';
import { planPort, startGateway, type ExtraGateway } from '../support/extra-gateways.js';
import { readMetrics } from '../support/metrics.js';

const all = clusters();
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];

const COPIES = [
  ['filter:autosync', 'copy_jobs', 'true'],
  ['filter:autosync', 'canary_interval', '1'],
] as const;
const NO_ROOM = [...COPIES, ['filter:autosync', 'copy_queue_length', '1']] as const;

let gateway: ExtraGateway;
let narrow: ExtraGateway;
const others: ExtraGateway[] = [];
let user: User;
let direct: Sessions['direct'];
let via: SwiftSession;

beforeAll(async () => {
  [gateway, narrow] = await Promise.all([
    startGateway(all[0]!, { conf: COPIES }),
    startGateway(all[0]!, { conf: NO_ROOM }),
  ]);
});
afterAll(async () => {
  await restoreLinks();
  await Promise.all([gateway, narrow, ...others].map((each) => each.stop()));
  // What was lost here on purpose is nobody else's trouble.
  const { store } = siteOf(one).records;
  for await (const { name } of store.list(lagPrefix(one))) await store.delete(name);
});
beforeEach(async () => {
  await heal();
  user = await freshUser();
  ({ direct } = await sessionsOf(user));
  via = await SwiftSession.login(gateway.url, user);
  expect((await via.request('PUT', '/c')).headers['x-autosync-pending']).toBeUndefined();
});

async function copies(peer: string, at = gateway): Promise<CopierStatus> {
  const { copies: found } = JSON.parse((await send(at.adminUrl, 'GET', '/status')).text) as {
    copies: CopierStatus[];
  };
  return found.find((each) => each.peer === peer)!;
}

/** As the command has it from the store. */
async function peerStatus(peer: string, at = gateway): Promise<Status['peers'][number]> {
  const { site, records } = siteOf(one, at.confFile);
  const { peers } = await readStatus(site, records, readConfig(at.confFile).daemon);
  return peers.find(({ name }) => name === peer)!;
}

async function lag(peer: string, at = gateway): Promise<number | undefined> {
  return (await readMetrics(at.adminUrl)).get('autosync_lag_seconds', { peer });
}

/** All links work, and neither gateway takes a peer to be down. */
async function heal(): Promise<void> {
  await restoreLinks();
  await waitFor('all peers are up', async () => {
    const states = await Promise.all(
      [gateway, narrow].map(({ adminUrl }) => send(adminUrl, 'GET', '/status')),
    );
    return states.every(({ text }) => !text.includes('"isUp": false'));
  });
}

function killCopier({ confFile }: ExtraGateway): void {
  const found = execFileSync('pgrep', ['-f', `copier ${confFile}$`], { encoding: 'utf8' });
  process.kill(Number(found.split('\n')[0]), 'SIGKILL');
}

async function put(session: SwiftSession, names: readonly string[], body = 'x'): Promise<void> {
  for (const name of names) expect((await session.request('PUT', `/c/${name}`, {}, body)).status).toBe(201);
}

/** Of the test's own account: what an earlier one wrote may not be proven yet. */
function own<C extends { readonly account: string }>(containers: readonly C[]): C[] {
  return containers.filter(({ account }) => account === user.account);
}

describe('how far objects are behind', () => {
  it('is 0 when all is there, and each copy is counted by what it was', async () => {
    await put(via, ['a', 'b']);
    await via.request('POST', '/c/a', { 'X-Object-Meta-A': '1' });
    await waitFor(
      'the metadata is there',
      async () => (await direct[two]!.request('HEAD', '/c/a')).headers['x-object-meta-a'] === '1',
    );
    await via.request('DELETE', '/c/b');
    const done = await waitFor('all is there', async () => {
      const metrics = await readMetrics(gateway.adminUrl);
      const arrived = metrics.get('autosync_copy_lag_seconds_count', { peer: two, method: 'DELETE' });
      return arrived === 1 && metrics.get('autosync_copies_under_way') === 0 ? metrics : undefined;
    });
    expect(done.get('autosync_lag_seconds', { peer: two })).toBe(0);
    expect(done.get('autosync_objective_copies', { peer: two, rule: '', result: 'within' })).toBeGreaterThan(
      2,
    );
    expect(done.get('autosync_objective_budget_left_ratio', { peer: two, rule: '' })).toBe(1);
    expect(done.get('autosync_copies_waiting')).toBe(0);
    expect(done.get('autosync_copies_behind_bytes')).toBe(0);
    expect(done.get('autosync_peer_up', { peer: two })).toBe(1);
    for (const method of ['PUT', 'POST'])
      expect(done.get('autosync_copy_lag_seconds_count', { peer: two, method })).toBeGreaterThan(0);
    await waitFor(
      'the canary was there and back',
      async () => ((await copies(two)).canary.lagSeconds ?? Infinity) < 10,
    );
  });

  it('grows while a peer cannot be reached, also by the command, and falls to 0 when it can', async () => {
    await waitFor('a canary came', async () => (await copies(two)).canary.measuredMs !== undefined);
    await link(one, two).cut();
    await put(via, ['1', '2', '3'], 'four');
    const first = await waitFor('it is behind', async () => {
      const found = await copies(two);
      return found.waiting + found.underWay === 3 && found.oldestSeconds > 0 ? found : undefined;
    });
    expect(first.bytesBehind).toBe(12);
    expect(own(first.containers)).toMatchObject([
      { account: user.account, container: 'c', objects: 3, bytes: 12 },
    ]);
    await waitFor('it grows', async () => (await copies(two)).oldestSeconds > first.oldestSeconds + 1);
    expect(await lag(two)).toBeGreaterThan(1);
    expect(await lag(three)).toBe(0);
    const told = await waitFor('the command says so', async () => {
      const { copies: found } = await peerStatus(two);
      return own(found?.containers ?? [])[0]?.objects === 3 ? found : undefined;
    });
    expect(told.lagSeconds).toBeGreaterThan(1);
    expect(own(told.containers)).toMatchObject([{ container: 'c', objects: 3 }]);
    expect(told.codes).toContain('COPIES_BEHIND');
    await waitFor('no canary comes there', async () => (await codesLater(two)).includes('CANARY_LOST'));
    await restoreLinks();
    await waitFor('nothing is behind', async () => (await lag(two)) === 0);
    await waitFor('canaries come again', async () => !(await codesLater(two)).includes('CANARY_LOST'));
    expect((await direct[two]!.request('HEAD', '/c/3')).status).toBe(200);
    // Copiers of other tests' gateways may have ended with work to do.
    await waitFor(
      'the command says so',
      async () => own((await peerStatus(two)).copies?.containers ?? []).length === 0,
    );
  });

  it('is not forgotten where a full queue dropped copies, until the listings are equal', async () => {
    const session = await SwiftSession.login(narrow.url, user);
    await link(one, two).cut();
    await put(session, ['1', '2', '3', '4', '5']);
    await waitFor('some were dropped', async () => (await copies(two, narrow)).dropped > 0);
    await restoreLinks();
    await waitFor('the queue is empty', async () => {
      const { waiting, underWay } = await copies(two, narrow);
      return waiting + underWay === 0;
    });
    const heads = await Promise.all(
      ['1', '2', '3', '4', '5'].map((name) => direct[two]!.request('HEAD', `/c/${name}`)),
    );
    expect(heads.some(({ status }) => status === 404)).toBe(true);
    expect(await lag(two, narrow)).toBeGreaterThan(0);
    const told = await waitFor('the command says so', async () => {
      const { copies: found } = await peerStatus(two, narrow);
      return found !== undefined && found.codes.includes('COPIES_UNPROVEN') ? found : undefined;
    });
    expect(told.unproven).toBeGreaterThan(0);
    const { code, stdout } = await autosync('status', '--conf', narrow.confFile);
    expect([code, stdout]).toEqual([1, expect.stringContaining('COPIES_UNPROVEN')]);
    // They come by another way.
    await put(via, ['1', '2', '3', '4', '5'], 'again');
    await waitFor('nothing is behind', async () => (await lag(two, narrow)) === 0);
  });

  it('is not forgotten where the copier died', async () => {
    await link(one, two).cut();
    await put(via, ['lost']);
    await waitFor('it waits', async () => (await copies(two)).waiting === 1);
    killCopier(gateway);
    await restoreLinks();
    const after = await waitFor('another one runs', async () => {
      const found = await copies(two);
      return own(found.unproven.containers).length > 0 ? found : undefined;
    });
    expect(own(after.unproven.containers)).toMatchObject([{ container: 'c' }]);
    expect(await lag(two)).toBeGreaterThan(0);
    await put(via, ['lost'], 'again');
    await waitFor('nothing is behind', async () => (await lag(two)) === 0);
  });
});

describe('a host', () => {
  it('whose gateway and copier died at once, does not take it that nothing is behind', async () => {
    const port = await planPort();
    const first = await startGateway(all[0]!, { conf: COPIES, port });
    const reported = await waitFor('it has reported', () => readLagOf(port));
    const session = await SwiftSession.login(first.url, user);
    await link(one, two).cut();
    await put(session, ['lost']);
    killCopier(first);
    await first.kill();
    await restoreLinks();
    const second = await startGateway(all[0]!, { conf: COPIES, port });
    others.push(second);
    const { unproven } = await waitFor('it has read what was before it', async () => {
      const found = await copies(two, second);
      return found.unproven.sinceMs === undefined ? undefined : found;
    });
    expect(unproven.sinceMs).toBeGreaterThanOrEqual(reported.atMs);
    await waitFor('the command says so', async () =>
      (await peerStatus(two, second)).copies?.codes.includes('COPIES_UNPROVEN'),
    );
    const { site, records } = siteOf(one);
    const later = { ...site, now: () => Date.now() + 3_600_000 };
    const { isOk, silentCopiers } = await readStatus(later, records, readConfig(confOf(one)).daemon);
    expect([isOk, silentCopiers[0]?.code]).toEqual([false, 'COPIER_SILENT']);
  });

  it('counts the requests of all its processes, also of one that died', async () => {
    const gate = await startGateway(all[0]!, { conf: [['DEFAULT', 'workers', '2']] });
    others.push(gate);
    const session = await SwiftSession.login(gate.url, user);
    const count = async (): Promise<number> =>
      (await readMetrics(gate.adminUrl)).get('autosync_requests_total', { method: 'HEAD', status: '2xx' }) ??
      0;
    // Its admin port is there when all of its processes are.
    await waitFor('its admin port answers', async () => (await count()) === 0);
    for (let i = 0; i < 5; i += 1) expect((await session.request('HEAD', '/c')).status).toBe(204);
    expect(await count()).toBe(5);
    const workers = execFileSync('pgrep', ['-f', `gateway ${gate.confFile}$`], { encoding: 'utf8' });
    const pids = workers.trim().split('\n').map(Number);
    process.kill(Math.max(...pids), 'SIGKILL');
    await waitFor('another one runs', async () => {
      const status = await send(gate.adminUrl, 'GET', '/status');
      return status.text.includes('"processes": 2') && (await count()) === 5;
    });
    expect((await session.request('HEAD', '/c')).status).toBe(204);
    expect(await count()).toBe(6);
    expect((await readMetrics(gate.adminUrl)).get('autosync_copier_up')).toBeUndefined();
  });
});

/** The report of the copier whose gateway has that port. */
async function readLagOf(port: number) {
  const states = await readLag(siteOf(one).records, one, Date.now());
  return states.find(({ copier }) => copier.endsWith(`-${port}`));
}

/** What the status would say of the copies of this file's own gateway a minute later, were nothing to change. */
async function codesLater(peer: string): Promise<readonly string[]> {
  const state = await readLagOf(Number(new URL(gateway.url).port));
  if (state === undefined) throw new Error('it has not reported');
  return copiesState([state], peer, Date.now() + 61_000)?.codes ?? [];
}

describe('X-Autosync-Status: ask', () => {
  const ASK = { 'X-Autosync-Status': 'ask' };

  it('tells an owner where an object is', async () => {
    await putSame({ direct }, '/c', 'o', 'first');
    const ask = async (): Promise<string | undefined> =>
      (await via.request('HEAD', '/c/o', ASK)).headers['x-autosync-status'];
    expect(await ask()).toBe(`${one}=present, ${two}=present, ${three}=present`);
    await direct[one]!.request('POST', '/c/o', { 'X-Object-Meta-A': '1' });
    await direct[three]!.request('DELETE', '/c/o');
    expect(await ask()).toBe(`${one}=present, ${two}=behind, ${three}=missing`);
    await link(one, two).cut();
    expect(await ask()).toBe(`${one}=present, ${two}=unknown, ${three}=missing`);
  });

  it('tells nobody else, and only who asks', async () => {
    await put(via, ['o']);
    expect((await via.request('HEAD', '/c/o')).headers['x-autosync-status']).toBeUndefined();
    await via.request('POST', '/c', { 'X-Container-Read': '.r:*,.rlistings' });
    const other = await SwiftSession.login(gateway.url, await freshUser());
    const target = `/v1/${user.account}/c/o`;
    for (const headers of [ASK, { ...ASK, 'X-Auth-Token': other.token }]) {
      const answer = await send(gateway.url, 'HEAD', target, headers);
      expect([answer.status, answer.headers['x-autosync-status']]).toEqual([200, undefined]);
    }
  });
});
