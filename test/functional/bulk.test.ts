// Containers that bulk deletes and archives delete or make on their way follow on all clusters, and the client notices nothing.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archiveOf } from '../support/archive.js';
import {
  clusters,
  cluster,
  freshUser,
  healLinks,
  link,
  restoreLinks,
  serviceUserOf,
  SwiftSession,
  waitFor,
} from '../support/clusters.js';
import { expectEverywhere, sessionsOf, statusEverywhere, type Sessions } from '../support/containers.js';
import { pass } from '../support/daemon.js';

const all = clusters();
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];

let sessions: Sessions;
beforeEach(async () => {
  sessions = await sessionsOf(await freshUser());
});

const JSON_PLEASE = { 'Accept': 'application/json', 'Content-Type': 'text/plain' };

function bulkDelete(by: SwiftSession, names: readonly string[]): ReturnType<SwiftSession['request']> {
  return by.request('POST', '?bulk-delete', JSON_PLEASE, names.join('\n'));
}

async function waitForStatus(path: string, status: number): Promise<void> {
  await waitFor(`${path} is ${status} everywhere`, async () =>
    Object.values(await statusEverywhere(sessions, path)).every((each) => each === status),
  );
}

async function waitForSynced(path: string, headers: Record<string, string | undefined> = {}): Promise<void> {
  await waitFor(`${path} is synced everywhere`, async () => {
    await expectEverywhere(sessions, path, headers);
    return true;
  });
}

/** What came before at that gateway has had its time: a later request is followed up to its end. */
async function followedUp(name: string): Promise<void> {
  await sessions.via[name]!.request('PUT', '/later?extract-archive=tar', {}, archiveOf(['o']));
  await waitForSynced('/later');
}

/** What that cluster's peer is to be told again, of this account. */
async function pendingFor(name: string, peer: string): Promise<string[]> {
  const service = await SwiftSession.login(
    cluster(name).proxyUrl,
    serviceUserOf(cluster(name), 'AUTH_autosync'),
  );
  const prefix = `p/${peer}/${sessions.user.account}/`;
  const { text } = await service.request('GET', `/autosync?prefix=${encodeURIComponent(prefix)}`);
  return text.split('\n').flatMap((line) => line.slice(prefix.length).split('/', 1));
}

describe('a bulk delete', () => {
  it('of containers and objects is answered as Swift does, and the containers go on all clusters', async () => {
    for (const container of ['/a', '/b%20%C3%A4', '/kept'])
      await sessions.via[one]!.request('PUT', container);
    for (const direct of Object.values(sessions.direct)) await direct.request('PUT', '/a/o', {}, 'x');
    const names = ['/a', '/a/o', 'b%20%C3%A4', '/kept/o', '/never-there'];
    const answer = await bulkDelete(sessions.via[one]!, names);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toEqual({
      ...{ 'Number Deleted': 3, 'Number Not Found': 2, 'Errors': [] },
      ...{ 'Response Status': '200 OK', 'Response Body': '' },
    });
    expect(Object.keys(answer.headers)).not.toContainEqual(expect.stringMatching(/^x-autosync/));
    await waitForStatus('/a', 404);
    await waitForStatus('/b%20%C3%A4', 404);
    await expectEverywhere(sessions, '/kept');
  });

  it('takes containers along that were made through another cluster a moment ago', async () => {
    await sessions.via[one]!.request('PUT', '/c');
    await bulkDelete(sessions.via[two]!, ['/c']);
    await waitForStatus('/c', 404);
  });

  it('by somebody who may not deletes nothing anywhere, also where the container is not here', async () => {
    await sessions.via[one]!.request('PUT', '/c');
    await sessions.direct[two]!.request('DELETE', '/c');
    const user = { ...(await freshUser()), account: sessions.user.account };
    const stranger = await SwiftSession.login(cluster(two).gatewayUrl, user);
    expect((await bulkDelete(stranger, ['/c'])).text).toContain('403 Forbidden');
    await followedUp(two);
    expect(await statusEverywhere(sessions, '/c')).toEqual({ [one]: 204, [two]: 404, [three]: 204 });
  });

  it('lets a container live again where another cluster holds an object that was never seen here', async () => {
    await sessions.via[one]!.request('PUT', '/c', { 'X-Container-Meta-A': '1' });
    await sessions.direct[three]!.request('PUT', '/c/o', {}, 'new');
    const { text } = await bulkDelete(sessions.via[one]!, ['/c']);
    expect(JSON.parse(text)).toMatchObject({ 'Number Deleted': 1 });
    await waitForSynced('/c', { 'X-Container-Meta-A': '1' });
    expect((await sessions.direct[three]!.request('GET', '/c/o')).text).toBe('new');
  });

  describe('while a peer is away', () => {
    afterEach(healLinks);

    it('is pending there, like what an archive makes', async () => {
      await sessions.via[one]!.request('PUT', '/gone');
      await link(one, three).cut();
      await bulkDelete(sessions.via[one]!, ['/gone']);
      await sessions.via[one]!.request('PUT', '/made?extract-archive=tar', {}, archiveOf(['o']));
      await waitFor('both are noted', async () => {
        const noted = await pendingFor(one, three);
        return noted.includes('gone') && noted.includes('made');
      });
      expect(await statusEverywhere(sessions, '/gone')).toEqual({ [one]: 404, [two]: 404, [three]: 204 });
      await restoreLinks();
      await pass(one, sessions.user);
      await waitForStatus('/gone', 404);
      await expectEverywhere(sessions, '/made');
    });
  });
});

describe('an archive', () => {
  it.each([
    ['tar', []],
    ['tar.gz', ['-z']],
    ['tar.bz2', ['-j']],
  ])('as %s makes its containers on all clusters, synced, and objects here', async (format, options) => {
    const tar = archiveOf(['first/o', 'second/folder/o'], ...options);
    const answer = await sessions.via[one]!.request('PUT', `?extract-archive=${format}`, JSON_PLEASE, tar);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toEqual({
      ...{ 'Number Files Created': 2, 'Errors': [] },
      ...{ 'Response Status': '201 Created', 'Response Body': '' },
    });
    await waitForSynced('/first');
    await waitForSynced('/second');
    expect((await sessions.direct[one]!.request('GET', '/second/folder/o')).text).toBe('second/folder/o');
  });

  it('into a container, or a folder of it, makes that one on all clusters, also where it was deleted before', async () => {
    const archive = archiveOf(['o']);
    await sessions.via[one]!.request('PUT', '/c', { 'X-Container-Meta-A': 'old' });
    await sessions.via[one]!.request('DELETE', '/c');
    await sessions.via[one]!.request('PUT', '/c/folder?extract-archive=tar', {}, archive);
    await sessions.via[two]!.request('PUT', '/d?extract-archive=tar', {}, archive);
    await waitForSynced('/c', { 'X-Container-Meta-A': undefined });
    await waitForSynced('/d');
  });

  it('leaves containers alone that were there before autosync', async () => {
    await sessions.direct[one]!.request('PUT', '/before');
    const { headers } = await sessions.direct[one]!.request('HEAD', '/before');
    const madeMs = Date.parse(headers['last-modified']!);
    await waitFor('that is a while ago', () => Date.now() - madeMs > 1_500);
    const archive = archiveOf(['before/o', 'new/o']);
    await sessions.via[one]!.request('PUT', '?extract-archive=tar', {}, archive);
    await waitForSynced('/new');
    expect(await statusEverywhere(sessions, '/before')).toEqual({ [one]: 204, [two]: 404, [three]: 404 });
  });
});

describe('in an account that `accounts` does not name', () => {
  it('neither does anything elsewhere', async () => {
    const admin = await sessionsOf({ account: 'AUTH_admin', user: 'admin:admin', key: 'admin' });
    for (const direct of Object.values(admin.direct)) await direct.request('PUT', '/bulk-everywhere');
    await bulkDelete(admin.via[one]!, ['/bulk-everywhere']);
    await admin.via[one]!.request('PUT', '?extract-archive=tar', {}, archiveOf(['bulk-local/o']));
    await followedUp(one);
    const expected = { [one]: 404, [two]: 204, [three]: 204 };
    expect(await statusEverywhere(admin, '/bulk-everywhere')).toEqual(expected);
    expect(await statusEverywhere(admin, '/bulk-local')).toEqual({ [one]: 204, [two]: 404, [three]: 404 });
  });
});
