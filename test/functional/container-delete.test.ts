// Container DELETE: gone everywhere, or nowhere; and no object is lost that somebody wrote on another cluster.
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { clusters, freshUser, link, restoreLinks, send, SwiftSession, waitFor } from '../support/clusters.js';
import {
  expectStatusEverywhere,
  putSame,
  sessionsOf,
  statusEverywhere,
  type Sessions,
} from '../support/containers.js';
import { startGateway } from '../support/extra-gateways.js';

const all = clusters();
const names = all.map(({ name }) => name);
const [here, there, third] = names as [string, string, string];

let sessions: Sessions;
beforeAll(async () => {
  sessions = await sessionsOf(await freshUser());
});
afterEach(restoreLinks);

/** A container with these objects, the same on all clusters. */
async function syncedContainer(container: string, objects: readonly string[]): Promise<void> {
  expect((await sessions.via[here]!.request('PUT', `/${container}`)).status).toBe(201);
  await Promise.all(objects.map((object) => putSame(sessions, `/${container}`, object, 'x')));
}

async function deleteObjects(at: SwiftSession, container: string, objects: readonly string[]): Promise<void> {
  for (const object of objects) {
    expect((await at.request('DELETE', `/${container}/${encodeURIComponent(object)}`)).status).toBe(204);
  }
}

async function listing(name: string, container: string): Promise<string[]> {
  const { text } = await sessions.direct[name]!.request('GET', `/${container}`);
  return text.split('\n').filter((line) => line !== '');
}

describe('a container deleted through one gateway', () => {
  it.each(names)('of %s is gone everywhere when it is empty', async (name) => {
    const path = `/empty-${name}`;
    await sessions.via[here]!.request('PUT', path);
    const direct = await sessions.direct[name]!.request('PUT', `${path}-direct`);
    expect(direct.status).toBe(201);
    const told = await sessions.direct[name]!.request('DELETE', `${path}-direct`);
    const answer = await sessions.via[name]!.request('DELETE', path);
    expect(answer.status).toBe(204);
    expect(Object.keys(answer.headers).sort()).toEqual(Object.keys(told.headers).sort());
    await expectStatusEverywhere(sessions, path, 404);
  });

  it("stays everywhere when it is not empty here, with Swift's own 409", async () => {
    await syncedContainer('not-empty', ['a']);
    await sessions.direct[here]!.request('PUT', '/not-empty-direct');
    await sessions.direct[here]!.request('PUT', '/not-empty-direct/a', {}, 'x');
    const told = await sessions.direct[here]!.request('DELETE', '/not-empty-direct');
    const answer = await sessions.via[here]!.request('DELETE', '/not-empty');
    expect([answer.status, answer.text]).toEqual([409, told.text]);
    await expectStatusEverywhere(sessions, '/not-empty/a', 200);
  });

  it("is Swift's own 404 where it is not here, and nothing happens on peers", async () => {
    await sessions.direct[there]!.request('PUT', '/only-there');
    const answer = await sessions.via[here]!.request('DELETE', '/only-there');
    const told = await sessions.direct[here]!.request('DELETE', '/only-there');
    expect([answer.status, answer.text]).toEqual([404, told.text]);
    expect(answer.headers['x-trans-id']).toMatch(/^tx/);
    expect((await statusEverywhere(sessions, '/only-there'))[there]).toBe(204);
  });
});

describe('the delete hole: objects and container deleted before container sync ran', () => {
  const odd = ['a b', 'c%2Fd', 'e/f//g', 'ünï 東京', '..', 'x?y#z', 'quote"\'<&>'];

  it.each([...names].reverse())('is closed, through the gateway of %s', async (name) => {
    const container = `hole-${name}`;
    await syncedContainer(container, odd);
    await deleteObjects(sessions.via[name]!, container, odd);
    for (const each of names)
      if (each !== name) expect(await listing(each, container)).toHaveLength(odd.length);
    const answer = await sessions.via[name]!.request('DELETE', `/${container}`);
    expect([answer.status, answer.headers['x-autosync-pending']]).toEqual([204, undefined]);
    await expectStatusEverywhere(sessions, `/${container}`, 404);
    // Made again, it is empty on all clusters.
    await sessions.via[here]!.request('PUT', `/${container}`);
    for (const each of names) expect(await listing(each, container), each).toEqual([]);
  });
});

describe('an object that has not arrived here', () => {
  it('keeps its container: 409 for who may delete it, their own refusal for others', async () => {
    await syncedContainer('written-there', []);
    await sessions.via[there]!.request('PUT', '/written-there/new', {}, 'precious');
    const answer = await sessions.via[here]!.request('DELETE', '/written-there');
    expect(answer.status).toBe(409);
    expect(answer.text).toContain('another cluster');
    const stranger = await SwiftSession.login(all[0]!.gatewayUrl, await freshUser());
    const target = `/v1/${sessions.user.account}/written-there`;
    for (const headers of [{ 'X-Auth-Token': stranger.token }, { 'X-Auth-Token': 'AUTH_tkwrong' }, {}]) {
      const refused = await send(all[0]!.gatewayUrl, 'DELETE', target, headers);
      const told = await send(all[0]!.proxyUrl, 'DELETE', target, headers);
      expect([refused.status, refused.text]).toEqual([told.status, told.text]);
    }
    await expectStatusEverywhere(sessions, '/written-there', 204);
    expect((await sessions.direct[there]!.request('GET', '/written-there/new')).text).toBe('precious');
  });

  it('is kept when it is newer than the one deleted here', async () => {
    await syncedContainer('rewritten-there', ['x', 'y']);
    await deleteObjects(sessions.via[here]!, 'rewritten-there', ['x', 'y']);
    await sessions.via[there]!.request('PUT', '/rewritten-there/x', {}, 'second');
    expect((await sessions.via[here]!.request('DELETE', '/rewritten-there')).status).toBe(409);
    expect((await sessions.direct[there]!.request('GET', '/rewritten-there/x')).text).toBe('second');
    await expectStatusEverywhere(sessions, '/rewritten-there', 204);
  });

  it('beyond delete_probe_limit is left to its cluster, which is then pending', async () => {
    const objects = ['a', 'b', 'c', 'd', 'e'];
    await syncedContainer('many', objects);
    await deleteObjects(sessions.via[here]!, 'many', objects);
    await sessions.via[there]!.request('PUT', '/many/z', {}, 'precious');
    const gateway = await startGateway(all[0]!, {
      conf: [['filter:autosync', 'delete_probe_limit', '2']],
    });
    const session = await SwiftSession.login(gateway.url, sessions.user);
    const answer = await session.request('DELETE', '/many');
    expect(answer.status).toBe(204);
    expect(answer.headers['x-autosync-pending']).toBe([there, third].join(', '));
    expect(await listing(there, 'many')).toEqual(['c', 'd', 'e', 'z']);
    expect(await listing(third, 'many')).toEqual(['c', 'd', 'e']);
    await gateway.stop();
  });
});

describe('a peer that cannot be reached', () => {
  it('is named as pending, and the others delete', async () => {
    await sessions.via[here]!.request('PUT', '/one-is-away');
    await link(here, third).cut();
    const answer = await sessions.via[here]!.request('DELETE', '/one-is-away');
    expect([answer.status, answer.headers['x-autosync-pending']]).toEqual([204, third]);
    expect(await statusEverywhere(sessions, '/one-is-away')).toEqual({
      [here]: 404,
      [there]: 404,
      [third]: 204,
    });
    await link(here, third).restore();
    await waitFor(`${third} is used again`, async () => {
      const next = await sessions.via[here]!.request('PUT', '/is-it-back');
      return next.headers['x-autosync-pending'] === undefined;
    });
  });
});

describe('DELETE and PUT of one container at the same time', () => {
  it('are both answered as by Swift, and the next change finds all clusters alike', async () => {
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all([
        sessions.via[here]!.request('PUT', '/contested'),
        sessions.via[round % 2 === 0 ? here : there]!.request('DELETE', '/contested'),
        sessions.via[there]!.request('PUT', '/contested'),
      ]);
      for (const { status } of answers) expect([201, 202, 204, 404, 409]).toContain(status);
    }
    await sessions.via[here]!.request('PUT', '/contested');
    await expectStatusEverywhere(sessions, '/contested', 204);
    expect((await sessions.via[there]!.request('DELETE', '/contested')).status).toBe(204);
    await expectStatusEverywhere(sessions, '/contested', 404);
  });
});
