// Where all clusters share one identity service (`peer_auth = token`) objects are read elsewhere by the client's own rights, and by no others.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectAsThere, SERVED_BY } from '../support/as-there.js';
import { clusters, freshUser, send, type Answer, type TestCluster } from '../support/clusters.js';
import { sessionsOf, type Sessions } from '../support/containers.js';
import { startGateways, type Conf } from '../support/extra-gateways.js';
import { shareToken } from '../support/shared-token.js';
import { SwiftSession } from '../support/swift-client.js';

const all = clusters();
const [first, ...others] = all as [TestCluster, ...TestCluster[]];
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];
const NO_SERVICE: Conf = ['auth_version', 'auth_url', 'user', 'key'].map(
  (key) => ['service', key, null] as const,
);

/** A session at a gateway of the first cluster, with a token that all clusters know. */
async function knownAt(url: string, session: SwiftSession): Promise<SwiftSession> {
  await shareToken(session.token, first, others);
  return session.at(url);
}

describe.each([
  ['with a service user', []],
  ['without one', NO_SERVICE],
])('%s, and one identity service', (_, service) => {
  let url: string;
  let sessions: Sessions;
  let owner: SwiftSession;
  let reader: SwiftSession;
  let stranger: SwiftSession;

  beforeAll(async () => {
    const gateways = await startGateways([
      ...service,
      ['filter:autosync', 'peer_auth', 'token'],
      ['filter:autosync', 'peer_probe_interval', '0.2'],
      ['filter:autosync', 'negative_ttl', '0'],
      ['filter:placement', 'rule_away', `AUTH_*/away* -> ${two}, ${three}`],
    ]);
    url = gateways[one]!.url;
  });
  beforeAll(async () => {
    sessions = await sessionsOf(await freshUser());
    owner = await knownAt(url, sessions.direct[one]!);
    const [friend, other] = await Promise.all([freshUser(), freshUser()]);
    reader = await knownAt(url, await SwiftSession.login(first.proxyUrl, friend));
    stranger = await knownAt(url, await SwiftSession.login(first.proxyUrl, other));
    for (const container of ['c', 'away', 'private', 'away-private'])
      expect((await owner.request('PUT', `/${container}`)).status).toBe(201);
    for (const container of ['c', 'away'])
      await owner.request('POST', `/${container}`, {
        'X-Container-Read': `${friend.user},.rlistings,.r:friend.example`,
      });
  });

  /** In the owner's account. */
  function get(as: SwiftSession, path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return as.in(sessions.user.account).request('GET', path, headers);
  }

  describe.each(['c', 'away'])('an object of container %s that only other clusters have', (container) => {
    beforeEach(async () => {
      await sessions.direct[two]!.request('PUT', `/${container}/o`, { 'X-Object-Meta-A': '1' }, 'there');
    });

    it('is read by its owner and by whom the container lets in, and by nobody else', async () => {
      for (const method of ['GET', 'HEAD'])
        await expectAsThere(owner, sessions.direct[two]!, method, `/${container}/o`, { Range: 'bytes=1-2' });
      for (const session of [owner, reader]) {
        const answer = await get(session, `/${container}/o`);
        expect([answer.status, answer.text, answer.headers[SERVED_BY]]).toEqual([200, 'there', two]);
      }
      expect((await get(stranger, `/${container}/o`)).status).toBe(403);
      expect((await send(url, 'GET', `/v1/${sessions.user.account}/${container}/o`)).status).toBe(401);
      const wrong = { 'X-Auth-Token': 'AUTH_tkwrong' };
      expect((await send(url, 'GET', `/v1/${sessions.user.account}/${container}/o`, wrong)).status).toBe(401);
      expect((await get(owner, `/${container}/none`)).status).toBe(404);
      const referred = { Referer: 'http://friend.example/x' };
      const path = `/v1/${sessions.user.account}/${container}/o`;
      expect((await send(url, 'GET', path, referred)).text).toBe('there');
      expect((await send(url, 'GET', path)).status).toBe(401);
    });

    it('is the newest of them for whoever may read it', async () => {
      await sessions.direct[three]!.request('PUT', `/${container}/o`, {}, 'newer');
      for (const session of [owner, reader])
        expect((await get(session, `/${container}/o`, { 'X-Newest': 'true' })).text).toBe('newer');
      expect((await get(stranger, `/${container}/o`, { 'X-Newest': 'true' })).status).toBe(403);
    });

    it('is not read once it was deleted on a cluster where it belongs', async () => {
      const where = container === 'c' ? one : three;
      await sessions.direct[where]!.request('PUT', `/${container}/o`, {}, 'there');
      await sessions.direct[where]!.request('DELETE', `/${container}/o`);
      for (const session of [reader, owner]) expect((await get(session, `/${container}/o`)).status).toBe(404);
      await sessions.direct[two]!.request('PUT', `/${container}/o`, {}, 'again');
      for (const session of [reader, owner])
        expect((await get(session, `/${container}/o`)).text).toBe('again');
    });

    it('leads to what the client may read, and to nothing else', async () => {
      const there = sessions.direct[two]!;
      for (const [i, text] of ['first, ', 'second'].entries()) {
        await there.request('PUT', `/${container}/s/${i}`, {}, text);
        await there.request('PUT', `/private/s/${i}`, {}, text);
      }
      for (const [name, segments] of [
        ['open', container],
        ['closed', 'private'],
      ] as const) {
        const rows = JSON.stringify([0, 1].map((i) => ({ path: `/${segments}/s/${i}` })));
        await there.request('PUT', `/${container}/${name}-slo?multipart-manifest=put`, {}, rows);
        await there.request('PUT', `/${container}/${name}-dlo`, { 'X-Object-Manifest': `${segments}/s/` });
        await there.request('PUT', `/${container}/${name}-link`, { 'X-Symlink-Target': `${segments}/s/0` });
      }
      for (const kind of ['slo', 'dlo', 'link']) {
        const whole = kind === 'link' ? 'first, ' : 'first, second';
        for (const [session, name, text] of [
          [owner, 'open', whole],
          [owner, 'closed', whole],
          [reader, 'open', whole],
        ] as const)
          expect([kind, (await get(session, `/${container}/${name}-${kind}`)).text]).toEqual([kind, text]);
        const closed = await get(reader, `/${container}/closed-${kind}`);
        expect(closed.status, kind).toBeGreaterThanOrEqual(400);
        expect(closed.text).not.toContain('first');
        expect((await get(stranger, `/${container}/open-${kind}`)).status).toBe(403);
      }
      const link = await owner.request('HEAD', `/${container}/open-link?symlink=get`);
      expect(link.headers['x-symlink-target']).toBe(`${container}/s/0`);
      const itself = await owner.request('GET', `/${container}/open-slo?multipart-manifest=get&format=raw`);
      expect(JSON.parse(itself.text)).toHaveLength(2);
    });
  });

  it('a large object that is here opens parts elsewhere by the client’s own rights', async () => {
    const here = sessions.direct[one]!;
    for (const [i, text] of ['first, ', 'second'].entries()) {
      await sessions.direct[two]!.request('PUT', `/away/s/${i}`, {}, text);
      await sessions.direct[two]!.request('PUT', `/away-private/s/${i}`, {}, text);
    }
    await here.request('PUT', '/c/dlo', { 'X-Object-Manifest': 'away/s/' });
    await here.request('PUT', '/c/closed', { 'X-Object-Manifest': 'away-private/s/' });
    for (const session of [owner, reader]) expect((await get(session, '/c/dlo')).text).toBe('first, second');
    expect((await get(owner, '/c/closed')).text).toBe('first, second');
    expect((await get(reader, '/c/closed')).status).toBe(403);
    expect((await get(stranger, '/c/dlo')).status).toBe(403);
  });
});
