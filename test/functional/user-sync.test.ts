// A client's own container sync settings: dropped with a word about it, or taken, as `user_sync` says.
import { beforeAll, describe, expect, it } from 'vitest';
import { freshUser, loginEverywhere, send, waitFor, type SwiftSession } from '../support/clusters.js';
import { waitUntilSame } from '../support/compare.js';
import { headEverywhere, sessionsOf, type Sessions } from '../support/containers.js';
import { loginAt, startGateways, type ExtraGateways } from '../support/extra-gateways.js';
import { withContainerSync } from '../support/container-sync.js';

withContainerSync();

const SPELLINGS = [
  ['X-Container-Sync-To', 'X-Container-Sync-Key'],
  ['X_Container_Sync_To', 'X_Container_Sync_Key'],
  ['x-CONTAINER_sync-to', 'x_container-SYNC-key'],
] as const;
const REMOVALS = ['X-Remove-Container-Sync-To', 'X-Remove-Container-Sync-Key', 'x_remove_container_sync_to'];

/** Swift's WSGI server tells neither case nor `_` from `-`. */
function asSwiftReads(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

async function syncOf(sessions: Sessions, path: string, name: string) {
  const { headers } = (await headEverywhere(sessions, path))[name]!;
  return [headers['x-container-sync-to'], headers['x-container-sync-key']];
}

async function keysOf(sessions: Sessions, path: string) {
  const heads = await headEverywhere(sessions, path);
  return Object.values(heads).map(({ headers }) => headers['x-container-sync-key']);
}

/** Set at Swift itself, past the gateway: from the container to one of the owner's own. */
async function syncByHand(direct: SwiftSession, container: string, to: string) {
  const { account } = direct.user;
  const headers = { 'X-Container-Sync-To': `//local/two/${account}/${to}`, 'X-Container-Sync-Key': 'mine' };
  expect((await direct.request('PUT', `/${container}`, headers)).status).toBe(201);
}

describe('with user_sync = deny', () => {
  it.each(SPELLINGS)('a client’s %s and %s change nothing, and the answer says so', async (to, key) => {
    const sessions = await sessionsOf(await freshUser());
    const { one } = sessions.via;
    const own = { [to]: `//local/two/${sessions.user.account}/other`, [key]: 'mine' };
    for (const [method, status] of [['PUT', 201] as const, ['PUT', 202] as const, ['POST', 204] as const]) {
      const answer = await one!.request(method, '/c', own);
      expect([answer.status, answer.headers['x-autosync-warning']]).toEqual([
        status,
        `${asSwiftReads(to)}, ${asSwiftReads(key)} ignored: container sync is set up by the clusters (user_sync = deny)`,
      ]);
    }
    const [syncTo, syncKey] = await syncOf(sessions, '/c', 'one');
    expect(syncTo).toBe(`//local/two/${sessions.user.account}/c`);
    expect(syncKey).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each(REMOVALS)('a client’s %s takes nothing off', async (header) => {
    const sessions = await sessionsOf(await freshUser());
    await sessions.via['one']!.request('PUT', '/c');
    const before = await syncOf(sessions, '/c', 'one');
    const answer = await sessions.via['one']!.request('POST', '/c', { [header]: 'x' });
    expect(answer.headers['x-autosync-warning']).toContain(asSwiftReads(header));
    expect(await syncOf(sessions, '/c', 'one')).toEqual(before);
  });

  it('what only looks like a form or a bulk request slips nothing past', async () => {
    const sessions = await sessionsOf(await freshUser());
    await sessions.via['one']!.request('PUT', '/c');
    const before = await syncOf(sessions, '/c', 'one');
    const own = { 'X-Container-Sync-Key': 'mine' };
    await sessions.via['one']!.request('POST', '/c', { ...own, 'Content-Type': 'multipart/form-data' });
    await sessions.via['one']!.request('POST', '/c', {
      ...own,
      'Content-Type': 'multipart/form-data; boundary=b',
    });
    await sessions.via['one']!.request('PUT', '/c?extract-archive=tar', own, 'no tar');
    await sessions.via['one']!.request('POST', '/c?bulk-delete', own, '');
    expect(await syncOf(sessions, '/c', 'one')).toEqual(before);
  });

  it('a container that its owner synced before is left alone, kept out of ours, and reported', async () => {
    const sessions = await sessionsOf(await freshUser());
    const { account } = sessions.user;
    await syncByHand(sessions.direct['one']!, 'c', 'other');
    for (const name of ['one', 'two', 'three']) {
      const answer = await sessions.via[name]!.request('PUT', '/c', { 'X-Container-Meta-At': name });
      expect(answer.status).toBeLessThan(300);
      expect(answer.headers['x-autosync-state'], name).toBe('user');
    }
    expect(await syncOf(sessions, '/c', 'one')).toEqual([`//local/two/${account}/other`, 'mine']);
    for (const name of ['two', 'three'])
      expect((await syncOf(sessions, '/c', name))[0], name).toBeUndefined();
  });

  it('nobody but an owner is shown the key', async () => {
    const [owner, reader] = [await freshUser(), await freshUser()];
    const sessions = await sessionsOf(owner);
    const acl = { 'X-Container-Read': `.r:*,.rlistings,${reader.user}` };
    await sessions.via['one']!.request('PUT', '/c', acl);
    const readers = await loginEverywhere(reader);
    for (const [name, session] of Object.entries(sessions.via)) {
      const path = `/v1/${owner.account}/c`;
      const token = { 'X-Auth-Token': readers[name]!.token };
      for (const headers of [{}, token])
        for (const method of ['HEAD', 'GET']) {
          const answer = await send(session.baseUrl, method, path, headers);
          expect(answer.status).toBe(204);
          expect(answer.rawHeaders.join('\n').toLowerCase()).not.toContain('sync');
        }
      expect((await session.request('HEAD', '/c')).headers['x-container-sync-key']).toBeDefined();
    }
  });
});

describe('with user_sync = allow', () => {
  let gateways: ExtraGateways;
  beforeAll(async () => {
    gateways = await startGateways([['filter:autosync', 'user_sync', 'allow']]);
  });

  it('an owner’s key becomes the container’s on all clusters, can be changed anywhere, and given back', async () => {
    const sessions = await sessionsOf(await freshUser());
    const via = await loginAt(gateways, sessions.user);
    const put = await via['one']!.request('PUT', '/c', { 'X-Container-Sync-Key': 'first' });
    expect([put.status, put.headers['x-autosync-warning']]).toEqual([201, undefined]);
    expect(await keysOf(sessions, '/c')).toEqual(['first', 'first', 'first']);
    await via['two']!.request('POST', '/c', { 'X-Container-Meta-Colour': 'red' });
    expect(await keysOf(sessions, '/c')).toEqual(['first', 'first', 'first']);
    await via['three']!.request('PUT', '/c', { 'X-Container-Sync-Key': 'second' });
    expect(await keysOf(sessions, '/c')).toEqual(['second', 'second', 'second']);
    await via['one']!.request('PUT', '/c/o', {}, 'hello');
    await waitUntilSame(sessions.user, 'c');
    await via['two']!.request('POST', '/c', { 'X-Remove-Container-Sync-Key': 'x' });
    const keys = await keysOf(sessions, '/c');
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(keys).size).toBe(1);
  });

  it('a sync-to of the owner’s own keeps the container out of ours until it is taken off', async () => {
    const sessions = await sessionsOf(await freshUser());
    const { account } = sessions.user;
    const via = await loginAt(gateways, sessions.user);
    await via['two']!.request('PUT', '/other', { 'X-Container-Sync-Key': 'mine' });
    await via['one']!.request('PUT', '/c');
    const own = { 'X-Container-Sync-To': `//local/two/${account}/other`, 'X-Container-Sync-Key': 'mine' };
    const answer = await via['one']!.request('POST', '/c', own);
    expect([answer.status, answer.headers['x-autosync-state']]).toEqual([204, 'user']);
    expect(await syncOf(sessions, '/c', 'one')).toEqual([own['X-Container-Sync-To'], 'mine']);
    for (const name of ['two', 'three']) expect((await syncOf(sessions, '/c', name))[0]).toBeUndefined();
    await via['one']!.request('PUT', '/c/o', {}, 'hello');
    await waitFor('the owner’s own sync works', async () => {
      return (await sessions.direct['two']!.request('HEAD', '/other/o')).status === 200;
    });
    const off = { 'X-Remove-Container-Sync-To': 'x', 'X-Remove-Container-Sync-Key': 'x' };
    const back = await via['one']!.request('POST', '/c', off);
    expect([back.status, back.headers['x-autosync-state']]).toEqual([204, undefined]);
    await waitUntilSame(sessions.user, 'c');
  });

  it('a client that is not the owner sets no key', async () => {
    const [owner, writer] = [await freshUser(), await freshUser()];
    const sessions = await sessionsOf(owner);
    const via = await loginAt(gateways, owner);
    const acl = { 'X-Account-Access-Control': JSON.stringify({ 'read-write': [writer.user] }) };
    expect((await via['one']!.request('POST', '', acl)).status).toBe(204);
    const { one } = await loginAt(gateways, writer);
    const headers = { 'X-Auth-Token': one!.token, 'X-Container-Sync-Key': 'theirs' };
    expect((await send(one!.baseUrl, 'PUT', `/v1/${owner.account}/c`, headers)).status).toBe(201);
    const keys = await keysOf(sessions, '/c');
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(keys).size).toBe(1);
  });
});
