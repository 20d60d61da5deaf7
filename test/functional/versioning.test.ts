// A client that wants versions gets them, as from Swift itself; container sync is taken off first, on all clusters.
import { describe, expect, it } from 'vitest';
import { freshUser, loginEverywhere, send, waitFor, type SwiftSession } from '../support/clusters.js';
import { waitUntilSame } from '../support/compare.js';
import { headEverywhere, sessionsOf, type Sessions } from '../support/containers.js';
import { passEverywhere } from '../support/daemon.js';
import { withContainerSync } from '../support/container-sync.js';

withContainerSync();

const NAMES = ['one', 'two', 'three'];
/** Each kind is asked for at another cluster. */
const KINDS = [
  ['X-Versions-Enabled', 'true', 'one', 'PUT'],
  ['X-Versions-Location', 'old', 'two', 'POST'],
  ['X-History-Location', 'old', 'three', 'PUT'],
] as const;

/** Container sync of ours is off on these clusters. */
async function expectNoSync(sessions: Sessions, names = NAMES) {
  const heads = await headEverywhere(sessions, '/c');
  for (const name of names) {
    expect(heads[name]!.status, name).toBe(204);
    expect(heads[name]!.headers['x-container-sync-to'], name).toBeUndefined();
    expect(heads[name]!.headers['x-container-sync-key'], name).toBeUndefined();
  }
}

async function expectSync(sessions: Sessions) {
  const heads = Object.values(await headEverywhere(sessions, '/c'));
  expect(heads.map(({ headers }) => headers['x-container-sync-to'])).toEqual(
    ['two', 'three', 'one'].map((next) => `//local/${next}/${sessions.user.account}/c`),
  );
}

/** Two writes of one object leave a version, which a client sees as from Swift itself. */
async function expectVersions(session: SwiftSession, kind: string) {
  expect((await session.request('PUT', '/c/v', {}, 'first')).status).toBe(201);
  expect((await session.request('PUT', '/c/v', {}, 'second')).status).toBe(201);
  const listing = kind === 'X-Versions-Enabled' ? '/c?versions' : '/old';
  const { text } = await session.request('GET', `${listing}${listing.includes('?') ? '&' : '?'}format=json`);
  expect(JSON.parse(text)).toHaveLength(kind === 'X-Versions-Enabled' ? 2 : 1);
}

describe.each(KINDS)('%s: %s', (header, value, at, method) => {
  it(`on a synced container at ${at} by ${method} is done as Swift does it, and sync is off everywhere`, async () => {
    const sessions = await sessionsOf(await freshUser());
    const gateway = sessions.via[at]!;
    await gateway.request('PUT', '/old');
    await gateway.request('PUT', '/c', { 'X-Container-Meta-Colour': 'red' });
    await expectSync(sessions);
    const answer = await gateway.request(method, '/c', { [header]: value });
    expect(answer.status).toBe(method === 'PUT' ? 202 : 204);
    expect(answer.headers['x-autosync-state']).toBe('versioned');
    expect(answer.headers['x-autosync-warning']).toBeUndefined();
    const head = await gateway.request('HEAD', '/c');
    expect(head.headers[header.toLowerCase()]?.toLowerCase()).toBe(value);
    await expectNoSync(sessions);
    await expectVersions(gateway, header);

    const others = NAMES.filter((name) => name !== at);
    for (const name of others) {
      const change = { 'X-Container-Meta-Changed': name };
      for (const again of ['PUT', 'POST']) {
        const changed = await sessions.via[name]!.request(again, '/c', change);
        expect([changed.status, changed.headers['x-autosync-state']]).toEqual([
          again === 'PUT' ? 202 : 204,
          'versioned',
        ]);
        await expectNoSync(sessions);
      }
      expect((await gateway.request('HEAD', '/c')).headers['x-container-meta-changed']).toBe(name);
      expect((await sessions.direct[name]!.request('GET', '/c?format=json')).text).toBe('[]');
    }
  });

  it('on a new container is done as Swift does it, and the others have it without sync', async () => {
    const sessions = await sessionsOf(await freshUser());
    const gateway = sessions.via['two']!;
    await gateway.request('PUT', '/old');
    const answer = await gateway.request('PUT', '/c', { [header]: value, 'X-Container-Meta-Colour': 'red' });
    expect([answer.status, answer.headers['x-autosync-state']]).toEqual([201, 'versioned']);
    await expectNoSync(sessions);
    const heads = Object.values(await headEverywhere(sessions, '/c'));
    expect(heads.map(({ headers }) => headers['x-container-meta-colour'])).toEqual(['red', 'red', 'red']);
    await expectVersions(gateway, header);
  });

  it('that one cluster alone has, asked for past the gateways, keeps the container out of sync on all', async () => {
    const sessions = await sessionsOf(await freshUser());
    await sessions.direct['one']!.request('PUT', '/old');
    await sessions.direct['one']!.request('PUT', '/c', { [header]: value });
    const answer = await sessions.via['two']!.request('PUT', '/c');
    expect([answer.status, answer.headers['x-autosync-state']]).toEqual([201, 'versioned']);
    await expectNoSync(sessions);
  });

  it('asked for by a client that may not change the container takes nothing off', async () => {
    const [owner, stranger] = [await freshUser(), await freshUser()];
    const sessions = await sessionsOf(owner);
    await sessions.via['one']!.request('PUT', '/c', { 'X-Container-Read': stranger.user });
    const { one } = await loginEverywhere(stranger);
    const path = `/v1/${owner.account}/c`;
    for (const method of ['PUT', 'POST']) {
      const denied = await send(one!.baseUrl, method, path, { 'X-Auth-Token': one!.token, [header]: value });
      expect(denied.status).toBe(403);
      expect((await send(one!.baseUrl, method, path, { [header]: value })).status).toBe(401);
    }
    await expectSync(sessions);
  });
});

describe('versions that are no longer kept', () => {
  it.each([
    ['X-Versions-Location', 'X-Remove-Versions-Location', 'x'],
    ['X-Versions-Location', 'X-Versions-Location', ''],
    ['X-History-Location', 'X-Remove-History-Location', 'x'],
    ['X-History-Location', 'X-History-Location', ''],
  ])(
    'by %s: %s brings sync back on all clusters, and the objects with it',
    async (header, removal, value) => {
      const sessions = await sessionsOf(await freshUser());
      const gateway = sessions.via['one']!;
      await gateway.request('PUT', '/old');
      await gateway.request('PUT', '/c', { [header]: 'old' });
      await expectVersions(gateway, header);
      const answer = await gateway.request('POST', '/c', { [removal]: value });
      expect([answer.status, answer.headers['x-autosync-state']]).toEqual([204, undefined]);
      await expectSync(sessions);
      await waitUntilSame(sessions.user, 'c');
      await waitFor('the object is at three', async () => {
        return (await sessions.direct['three']!.request('GET', '/c/v')).text === 'second';
      });
    },
  );

  it('by X-Versions-Enabled leave the container out of sync for its life, as Swift does, and every answer says so', async () => {
    const sessions = await sessionsOf(await freshUser());
    const gateway = sessions.via['one']!;
    await gateway.request('PUT', '/c', { 'X-Versions-Enabled': 'true' });
    const off = await gateway.request('POST', '/c', { 'X-Versions-Enabled': 'false' });
    expect([off.status, off.headers['x-autosync-state']]).toEqual([204, 'versioned']);
    expect(off.headers['x-autosync-warning']).toContain('deleted and made again');
    await expectNoSync(sessions);
    for (const name of NAMES) {
      const later = await sessions.via[name]!.request('PUT', '/c', { 'X-Container-Meta-At': name });
      expect([later.status, later.headers['x-autosync-state']], name).toEqual([202, 'versioned']);
      await expectNoSync(sessions);
    }
    expect((await gateway.request('DELETE', '/c')).status).toBe(204);
    const again = await gateway.request('PUT', '/c');
    expect([again.status, again.headers['x-autosync-state']]).toEqual([201, undefined]);
    await expectSync(sessions);
  });

  it('X-Versions-Enabled: false on a container that never had versions leaves it synced', async () => {
    const sessions = await sessionsOf(await freshUser());
    await sessions.via['one']!.request('PUT', '/c');
    const answer = await sessions.via['one']!.request('POST', '/c', { 'X-Versions-Enabled': 'false' });
    expect([answer.status, answer.headers['x-autosync-state']]).toEqual([204, undefined]);
    await expectSync(sessions);
  });

  it('a request that Swift refuses leaves the container synced on all clusters', async () => {
    const sessions = await sessionsOf(await freshUser());
    await sessions.via['one']!.request('PUT', '/c');
    const both = {
      'X-Versions-Enabled': 'true',
      'X-Versions-Location': 'old',
      'X-Container-Meta-A': 'x'.repeat(300),
    };
    expect((await sessions.via['one']!.request('POST', '/c', both)).status).toBe(400);
    await expectSync(sessions);
  });
});

describe('a container whose versions one cluster keeps, of which another holds objects', () => {
  /** Of one name, copied first, and then written at both, each for itself. */
  async function writtenAtBoth(): Promise<Sessions> {
    const sessions = await sessionsOf(await freshUser());
    const gateway = sessions.via['one']!;
    await gateway.request('PUT', '/c');
    await gateway.request('PUT', '/c/o', {}, 'copied');
    await waitUntilSame(sessions.user, 'c');
    await gateway.request('POST', '/c', { 'X-Versions-Enabled': 'true' });
    expect((await sessions.via['two']!.request('PUT', '/c/o', {}, 'only at two')).status).toBe(201);
    await gateway.request('DELETE', '/c/o');
    const { text } = await gateway.request('GET', '/c?versions&format=json');
    for (const { name, version_id: id } of JSON.parse(text) as { name: string; version_id: string }[])
      await gateway.request('DELETE', `/c/${name}?version-id=${id}`);
    return sessions;
  }

  it('is not deleted by its gateway: 409', async () => {
    const sessions = await writtenAtBoth();
    expect((await sessions.via['one']!.request('DELETE', '/c')).status).toBe(409);
    expect((await sessions.direct['two']!.request('GET', '/c/o')).text).toBe('only at two');
  });

  it('lives again where it is deleted past the gateways: what is there was never here', async () => {
    const sessions = await writtenAtBoth();
    await passEverywhere(sessions.user);
    expect((await sessions.direct['one']!.request('DELETE', '/c')).status).toBe(204);
    await passEverywhere(sessions.user);
    await passEverywhere(sessions.user);
    expect((await sessions.direct['two']!.request('GET', '/c/o')).text).toBe('only at two');
    expect((await sessions.direct['one']!.request('HEAD', '/c')).status).toBe(204);
  });
});
