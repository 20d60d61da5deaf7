// Containers made through a gateway are synced by Swift's own daemons, all the way round, whatever their names.
import { describe, expect, it } from 'vitest';
import { freshUser, loginEverywhere, waitFor, type SwiftSession, type User } from '../support/clusters.js';
import { waitUntilSame } from '../support/compare.js';
import { loginAt, startGateways } from '../support/extra-gateways.js';
import { withContainerSync } from '../support/container-sync.js';

withContainerSync();

const NAMES = ['one', 'two', 'three'];
/** Raw path to what it names. */
const ODD_CONTAINERS = ['a%20b%25c', 'gr%C3%BCn%E2%98%BA', '..', 'q%3Fr%23s', "~(x)!*';:@&=+$,", '%25%32%46'];
const ODD_OBJECTS = ['a%20b', '100%25', '..', 'a/../b', 'x//y', 'gr%C3%BCn', 'q%3Fr%23s%26', '%25%32%46'];

async function sessions(user: User, names = NAMES): Promise<[string, SwiftSession][]> {
  const direct = await loginEverywhere(user, 'proxy');
  return names.map((name) => [name, direct[name] as SwiftSession]);
}

/** All clusters hold exactly these objects. */
async function waitForObjects(user: User, rawContainer: string, rawNames: readonly string[], names = NAMES) {
  const wanted = rawNames.map((name) => decodeURIComponent(name)).sort(byBytes);
  for (const [name, session] of await sessions(user, names)) {
    await waitFor(`${name} holds ${wanted.length} objects of ${rawContainer}`, async () => {
      const { text } = await session.request('GET', `/${rawContainer}?format=json`);
      const found = (JSON.parse(text) as { name: string }[]).map((object) => object.name);
      return JSON.stringify(found) === JSON.stringify(wanted);
    });
  }
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

describe('the ring', () => {
  it('takes an object from each of three clusters to the two others, and its deletion as well', async () => {
    const user = await freshUser();
    const gateways = await loginEverywhere(user);
    expect((await gateways['two']!.request('PUT', '/c')).status).toBe(201);
    for (const name of NAMES) await gateways[name]!.request('PUT', `/c/from-${name}`, {}, name);
    await waitForObjects(user, 'c', ['from-one', 'from-three', 'from-two']);
    await waitUntilSame(user, 'c');
    for (const [index, name] of NAMES.entries()) {
      const other = NAMES[(index + 1) % NAMES.length]!;
      expect((await gateways[other]!.request('DELETE', `/c/from-${name}`)).status).toBe(204);
    }
    await waitForObjects(user, 'c', []);
  });

  it('keeps bytes that are newer than those which metadata was set on at the cluster before', async () => {
    const user = await freshUser();
    const gateways = await loginEverywhere(user);
    expect((await gateways['one']!.request('PUT', '/c')).status).toBe(201);
    await gateways['one']!.request('PUT', '/c/o', {}, 'old');
    await waitForObjects(user, 'c', ['o']);
    await waitUntilSame(user, 'c');
    await gateways['two']!.request('PUT', '/c/o', {}, 'new');
    await gateways['one']!.request('POST', '/c/o', { 'X-Object-Meta-A': '1' });
    await waitUntilSame(user, 'c');
    const { text, headers } = await gateways['three']!.request('GET', '/c/o');
    expect([text, headers['x-object-meta-a']]).toEqual(['new', '1']);
  });

  it.each(NAMES)(
    'closes for a container that was created at %s, each cluster naming the next',
    async (at) => {
      const user = await freshUser();
      const gateways = await loginEverywhere(user);
      expect((await gateways[at]!.request('PUT', '/c')).status).toBe(201);
      const heads = await Promise.all(
        (await sessions(user)).map(async ([, session]) => (await session.request('HEAD', '/c')).headers),
      );
      expect(heads.map((headers) => headers['x-container-sync-to'])).toEqual(
        ['two', 'three', 'one'].map((next) => `//local/${next}/${user.account}/c`),
      );
      expect(new Set(heads.map((headers) => headers['x-container-sync-key'])).size).toBe(1);
      expect(heads[0]!['x-container-sync-key']).toMatch(/^[0-9a-f]{64}$/);
    },
  );

  it('is the same when all clusters create the container at once', async () => {
    const user = await freshUser();
    const gateways = Object.values(await loginEverywhere(user));
    const answers = await Promise.all(gateways.map((gateway) => gateway.request('PUT', '/c')));
    for (const { status } of answers) expect([201, 202]).toContain(status);
    await gateways[0]!.request('PUT', '/c/o', {}, 'hello');
    await waitForObjects(user, 'c', ['o']);
    await waitUntilSame(user, 'c');
  });

  it('closes between two of the three clusters where a placement names only these', async () => {
    const user = await freshUser();
    const rule = ['filter:placement', 'rule_pair', 'AUTH_*/pair-* -> three, one'] as const;
    const { one, three } = await loginAt(await startGateways([rule]), user);
    expect((await one!.request('PUT', '/pair-c')).status).toBe(201);
    await one!.request('PUT', '/pair-c/from-one', {}, '1');
    await three!.request('PUT', '/pair-c/from-three', {}, '3');
    await waitForObjects(user, 'pair-c', ['from-one', 'from-three'], ['one', 'three']);
    expect((await (await loginEverywhere(user, 'proxy'))['two']!.request('GET', '/pair-c')).text).toBe('');
    await one!.request('DELETE', '/pair-c/from-three');
    await waitForObjects(user, 'pair-c', ['from-one'], ['one', 'three']);
  });

  it('carries objects of containers with odd names', async () => {
    const user = await freshUser();
    const gateways = await loginEverywhere(user);
    for (const container of ODD_CONTAINERS) {
      expect((await gateways['three']!.request('PUT', `/${container}`)).status).toBe(201);
      await gateways['one']!.request('PUT', `/${container}/o`, {}, 'hello');
    }
    for (const container of ODD_CONTAINERS) await waitForObjects(user, container, ['o']);
  });

  it('carries objects of any name, with content type and metadata', async () => {
    const user = await freshUser();
    const { one, three } = await loginEverywhere(user);
    await one!.request('PUT', '/c');
    const headers = { 'Content-Type': 'text/x-odd', 'X-Object-Meta-Colour': 'sea green' };
    for (const name of ODD_OBJECTS) {
      expect((await one!.request('PUT', `/c/${name}`, headers, name)).status).toBe(201);
    }
    await waitForObjects(user, 'c', ODD_OBJECTS);
    for (const name of ODD_OBJECTS) {
      const answer = await three!.request('GET', `/c/${name}`);
      expect([answer.status, answer.text]).toEqual([200, name]);
      expect(answer.headers).toMatchObject({
        'content-type': 'text/x-odd',
        'x-object-meta-colour': 'sea green',
      });
    }
    for (const name of ODD_OBJECTS) await three!.request('DELETE', `/c/${name}`);
    await waitForObjects(user, 'c', []);
  });
});
