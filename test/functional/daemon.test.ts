// All clusters agree again, whatever happened: changes made while a peer was away, on both sides of a cut, or with no records kept.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  cluster,
  clusters,
  freshUser,
  link,
  restoreLinks,
  SwiftSession,
  healLinks,
  waitFor,
} from '../support/clusters.js';
import {
  expectEverywhere,
  expectStatusEverywhere,
  sessionsOf,
  statusEverywhere,
  type Sessions,
} from '../support/containers.js';
import { autosync, codesOf, confOf, dryRun, pass, passEverywhere } from '../support/daemon.js';

const all = clusters();
const names = all.map(({ name }) => name);
const [one, two, three] = names as [string, string, string];

let sessions: Sessions;
beforeEach(async () => {
  sessions = await sessionsOf(await freshUser());
});
afterEach(healLinks);

/** Nothing goes between that cluster and the others, either way. */
async function cutOff(name: string): Promise<void> {
  for (const other of names.filter((each) => each !== name)) {
    await link(name, other).cut();
    await link(other, name).cut();
  }
}

/** Everything between the clusters works, and all have heard of everything. */
async function heal(): Promise<void> {
  await restoreLinks();
  await passEverywhere(sessions.user);
  await passEverywhere(sessions.user);
}

async function status(name: string, method: string, path: string, headers = {}): Promise<number> {
  return (await sessions.via[name]!.request(method, path, headers)).status;
}

async function directly(name: string, method: string, path: string, headers = {}): Promise<number> {
  return (await sessions.direct[name]!.request(method, path, headers)).status;
}

describe('what a peer did not hear of', () => {
  it('is pending, and done there after it is back: containers made, changed and deleted', async () => {
    await status(one, 'PUT', '/changed', { 'X-Container-Meta-A': '1', 'X-Container-Meta-B': '1' });
    await status(one, 'PUT', '/deleted');
    await cutOff(three);
    const made = await sessions.via[one]!.request('PUT', '/made', { 'X-Container-Read': '.r:*' });
    expect([made.status, made.headers['x-autosync-pending']]).toEqual([201, three]);
    await status(one, 'POST', '/changed', { 'X-Container-Meta-A': '2', 'X-Remove-Container-Meta-B': 'x' });
    expect(await status(two, 'DELETE', '/deleted')).toBe(204);
    expect(await directly(three, 'HEAD', '/made')).toBe(404);
    await restoreLinks();
    await pass(one, sessions.user);
    await pass(two, sessions.user);
    await expectEverywhere(sessions, '/made', { 'X-Container-Read': '.r:*' });
    await expectEverywhere(sessions, '/changed', {
      'X-Container-Meta-A': '2',
      'X-Container-Meta-B': undefined,
    });
    await expectStatusEverywhere(sessions, '/deleted', 404);
  });

  it('comes by its own daemon as well, without that of the others', async () => {
    await status(one, 'PUT', '/deleted');
    await cutOff(three);
    await status(one, 'PUT', '/made', { 'X-Container-Meta-A': '1' });
    await status(one, 'DELETE', '/deleted');
    await restoreLinks();
    const report = await pass(three, sessions.user);
    expect(codesOf(report, 'made')).toEqual(['CONTAINER_MISSING']);
    expect(codesOf(report, 'deleted')).toEqual(['DELETE_BLOCKED']);
    await expectEverywhere(sessions, '/made', { 'X-Container-Meta-A': '1' });
    await expectStatusEverywhere(sessions, '/deleted', 404);
  });

  it('comes by way of a third cluster where one hop of the ring is down', async () => {
    await link(one, two).cut();
    await link(two, one).cut();
    const made = await sessions.via[one]!.request('PUT', '/c', { 'X-Container-Meta-A': '1' });
    expect(made.headers['x-autosync-pending']).toBe(two);
    expect(await directly(three, 'HEAD', '/c')).toBe(204);
    const report = await pass(two, sessions.user);
    expect(report.unreachable).toEqual([one]);
    expect(codesOf(report, 'c')).toEqual(['CONTAINER_MISSING']);
    await expectEverywhere(sessions, '/c', { 'X-Container-Meta-A': '1' });
  });

  it('is left as it is by a dry run, which says what would be done', async () => {
    await cutOff(three);
    await status(one, 'PUT', '/made');
    await restoreLinks();
    const report = await dryRun(three, sessions.user);
    expect(codesOf(report, 'made')).toEqual(['CONTAINER_MISSING']);
    expect(await directly(three, 'HEAD', '/made')).toBe(404);
  });

  it('does not bring back what was deleted elsewhere meanwhile, and the other way round', async () => {
    for (const container of ['/gone', '/back']) await status(one, 'PUT', container);
    await cutOff(three);
    expect(await status(three, 'POST', '/gone', { 'X-Container-Meta-A': 'old' })).toBe(204);
    expect(await status(three, 'DELETE', '/back')).toBe(204);
    expect(await status(one, 'DELETE', '/gone')).toBe(204);
    expect(await status(one, 'PUT', '/back', { 'X-Container-Meta-A': 'new' })).toBe(202);
    await heal();
    await expectStatusEverywhere(sessions, '/gone', 404);
  });

  it('has none of the settings of an earlier container of that name', async () => {
    await status(one, 'PUT', '/c', { 'X-Container-Meta-A': '1', 'X-Container-Read': '.r:*' });
    expect(await status(one, 'DELETE', '/c')).toBe(204);
    await cutOff(three);
    expect(await status(one, 'PUT', '/c', { 'X-Container-Meta-B': '1' })).toBe(201);
    await heal();
    await expectEverywhere(sessions, '/c', {
      'X-Container-Meta-A': undefined,
      'X-Container-Meta-B': '1',
      'X-Container-Read': undefined,
    });
  });
});

describe('a tombstone', () => {
  it('is forgotten everywhere after reclaim_age, and comes back from no cluster', async () => {
    await status(one, 'PUT', '/c');
    await status(one, 'DELETE', '/c');
    await passEverywhere(sessions.user);
    expect(await recordsOf(two, sessions.user.account)).toContainEqual(expect.stringMatching(/\/c$/));
    const weekMs = 7 * 86_400_000;
    await passEverywhere(sessions.user, weekMs - 60_000);
    expect(await recordsOf(two, sessions.user.account)).toContainEqual(expect.stringMatching(/\/c$/));
    for (let turn = 0; turn < 2; turn += 1) await passEverywhere(sessions.user, weekMs + 60_000);
    for (const name of names)
      expect(await recordsOf(name, sessions.user.account)).not.toContainEqual(expect.stringMatching(/\/c$/));
    await expectStatusEverywhere(sessions, '/c', 404);
  });
});

describe('changes on both sides of a cut', () => {
  it('end with the newest value of each header, whichever side it was made on', async () => {
    await status(one, 'PUT', '/c', { 'X-Container-Meta-A': '0', 'X-Container-Meta-B': '0' });
    await cutOff(three);
    await status(three, 'POST', '/c', { 'X-Container-Meta-A': 'older', 'X-Container-Read': '.r:*' });
    await status(one, 'POST', '/c', { 'X-Container-Meta-A': 'newer', 'X-Container-Meta-C': 'c' });
    await status(three, 'POST', '/c', { 'X-Remove-Container-Meta-B': 'x' });
    await heal();
    await expectEverywhere(sessions, '/c', {
      'X-Container-Meta-A': 'newer',
      'X-Container-Meta-B': undefined,
      'X-Container-Meta-C': 'c',
      'X-Container-Read': '.r:*',
    });
  });

  it('to one header at once, again and again, end with one value', async () => {
    await status(one, 'PUT', '/c');
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all(
        names.map((name) => status(name, 'POST', '/c', { 'X-Container-Meta-A': `${round} of ${name}` })),
      );
      expect(answers).toEqual([204, 204, 204]);
    }
    await heal();
    const { headers } = await sessions.direct[one]!.request('HEAD', '/c');
    expect(headers['x-container-meta-a']).toMatch(/^4 of /);
    await expectEverywhere(sessions, '/c', { 'X-Container-Meta-A': headers['x-container-meta-a'] });
  });
});

describe('a container deleted while a peer was away', () => {
  it('takes the objects that were deleted with it along', async () => {
    await status(one, 'PUT', '/c');
    for (const name of names) await sessions.via[name]!.request('PUT', '/c/o', {}, 'same everywhere');
    await cutOff(three);
    for (const name of [one, two]) await status(name, 'DELETE', '/c/o');
    expect(await status(one, 'DELETE', '/c')).toBe(204);
    expect(await directly(three, 'HEAD', '/c/o')).toBe(200);
    await restoreLinks();
    expect(codesOf(await pass(three, sessions.user), 'c')).toEqual(['DELETE_BLOCKED']);
    await heal();
    await expectStatusEverywhere(sessions, '/c', 404);
    expect(codesOf(await pass(three, sessions.user), 'c')).toEqual([]);
  });

  it('lives again everywhere when an object was written there that nobody else has seen', async () => {
    await status(one, 'PUT', '/c', { 'X-Container-Meta-A': '1' });
    await cutOff(three);
    expect(await status(one, 'DELETE', '/c')).toBe(204);
    expect((await sessions.via[three]!.request('PUT', '/c/o', {}, 'new')).status).toBe(201);
    await heal();
    // Daemons that ask each other at once may leave it to the next pass.
    await waitFor('it lives everywhere', async () => {
      const found = Object.values(await statusEverywhere(sessions, '/c'));
      if (found.every((each) => each === 204)) return true;
      await passEverywhere(sessions.user);
      return false;
    });
    await expectEverywhere(sessions, '/c', { 'X-Container-Meta-A': '1' });
    expect((await sessions.direct[three]!.request('GET', '/c/o')).text).toBe('new');
  });
});

describe('records lost on one cluster', () => {
  it('are rebuilt from the others, and nothing is deleted for it', async () => {
    await status(one, 'PUT', '/kept', { 'X-Container-Meta-A': '1' });
    await status(one, 'PUT', '/gone');
    await status(one, 'DELETE', '/gone');
    await passEverywhere(sessions.user);
    await deleteRecords(two, sessions.user.account);
    await heal();
    await expectEverywhere(sessions, '/kept', { 'X-Container-Meta-A': '1' });
    await expectStatusEverywhere(sessions, '/gone', 404);
    const explained = await autosync(
      ...['explain', `${sessions.user.account}/kept`, '--conf', confOf(two), '--json'],
    );
    expect(explained.code).toBe(0);
  });
});

/** All that a cluster has recorded of an account. */
async function deleteRecords(name: string, account: string): Promise<void> {
  const session = await service(name);
  const objects = await recordsOf(name, account);
  expect(objects.length).toBeGreaterThan(0);
  for (const object of objects) {
    const path = object.split('/').map(encodeURIComponent).join('/');
    expect((await session.request('DELETE', `/autosync/${path}`)).status).toBe(204);
  }
}

describe('containers from before autosync', () => {
  it('are left alone until they are adopted; then each setting is that of the container changed last', async () => {
    await directly(one, 'PUT', '/both', { 'X-Container-Meta-A': 'older', 'X-Container-Meta-B': 'b' });
    await directly(one, 'PUT', '/only-one', { 'X-Container-Read': '.r:*' });
    await sleep(1_100);
    await directly(two, 'PUT', '/both', { 'X-Container-Meta-A': 'newer' });
    await sleep(1_100);
    await status(three, 'PUT', '/ours');
    await passEverywhere(sessions.user);
    expect(await directly(two, 'HEAD', '/only-one')).toBe(404);

    const { account } = sessions.user;
    const asked = await autosync('explain', `${account}/only-one`, '--conf', confOf(one));
    expect([asked.code, asked.stdout]).toEqual([1, expect.stringContaining('NOT_ADOPTED')]);
    const plan = await autosync('adopt', account, '--conf', confOf(one), '--dry-run', '--json');
    expect(plan.code).toBe(1);
    const [last = ''] = plan.stdout.trim().split('\n').slice(-1);
    const found = (JSON.parse(last) as { summary: Awaited<ReturnType<typeof pass>> }).summary.findings;
    // Several containers are looked at at once.
    const sorted = [...found].sort((a, b) => (a.container ?? '').localeCompare(b.container ?? ''));
    expect(sorted.map((each) => [each.container, each.cluster, each.code])).toEqual([
      ['both', three, 'CONTAINER_MISSING'],
      ['both', one, 'SETTINGS_DRIFT'],
      ['only-one', three, 'CONTAINER_MISSING'],
      ['only-one', two, 'CONTAINER_MISSING'],
    ]);
    expect(await directly(two, 'HEAD', '/only-one')).toBe(404);

    expect((await autosync('adopt', account, '--conf', confOf(one))).code).toBe(0);
    await heal();
    await expectEverywhere(sessions, '/both', { 'X-Container-Meta-A': 'newer', 'X-Container-Meta-B': 'b' });
    await expectEverywhere(sessions, '/only-one', { 'X-Container-Read': '.r:*' });
  });
});

describe('when this cluster cannot keep records', () => {
  afterEach(() => allowRecords(all.map(({ name }) => name)));

  it('a change is made all the same, says so, and is kept by the audit once it can', async () => {
    await refuseRecords([one]);
    const answer = await sessions.via[one]!.request('PUT', '/c', { 'X-Container-Meta-A': '1' });
    expect([answer.status, answer.headers['x-autosync-unrecorded']]).toEqual([201, one]);
    expect(await cluster(one).control.logs('gateway')).toContain('"code":"UNRECORDED"');
    await expectEverywhere(sessions, '/c', { 'X-Container-Meta-A': '1' });
    await allowRecords([one]);
    await heal();
    const explained = await autosync(
      'explain',
      `${sessions.user.account}/c`,
      '--conf',
      confOf(one),
      '--json',
    );
    expect(explained.code).toBe(0);
  });

  it('a container is deleted as long as another cluster can', async () => {
    await status(one, 'PUT', '/c');
    await refuseRecords([one]);
    expect(await status(one, 'DELETE', '/c')).toBe(204);
    await allowRecords([one]);
    await heal();
    await expectStatusEverywhere(sessions, '/c', 404);
  });

  it('nor any other, a DELETE is 503, and nothing is deleted', async () => {
    await status(one, 'PUT', '/c');
    await refuseRecords(names);
    expect(await status(one, 'DELETE', '/c')).toBe(503);
    await expectStatusEverywhere(sessions, '/c', 204);
  });
});

/** The names of what a cluster has recorded of an account. */
async function recordsOf(name: string, account: string): Promise<string[]> {
  const { text } = await (await service(name)).request('GET', '/autosync');
  return text.split('\n').filter((object) => object.split('/')[2] === account);
}

/** The service user's container takes no more objects there. */
async function refuseRecords(at: readonly string[]): Promise<void> {
  for (const name of at) {
    const session = await service(name);
    expect((await session.request('POST', '/autosync', { 'X-Container-Meta-Quota-Bytes': '1' })).status).toBe(
      204,
    );
  }
}

async function allowRecords(at: readonly string[]): Promise<void> {
  for (const name of at)
    await (await service(name)).request('POST', '/autosync', { 'X-Container-Meta-Quota-Bytes': '' });
}

function service(name: string): Promise<SwiftSession> {
  const { plan, proxyUrl } = all.find((each) => each.name === name)!;
  return SwiftSession.login(proxyUrl, {
    account: 'AUTH_autosync',
    user: 'autosync:service',
    key: plan.serviceKey,
  });
}
