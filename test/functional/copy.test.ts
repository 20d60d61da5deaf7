// Objects leave for the other clusters as soon as a client has written them, and any order or loss of copies does no harm.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clusters, freshUser, link, restoreLinks, send, waitFor, type User } from '../support/clusters.js';
import { waitUntilSame } from '../support/compare.js';
import { loginAt, startGateway, type ExtraGateways } from '../support/extra-gateways.js';
import { sessionsOf, type Sessions } from '../support/containers.js';
import type { Answer, SwiftSession } from '../support/swift-client.js';

const all = clusters();
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];

let gateways: ExtraGateways;
let user: User;
let direct: Sessions['direct'];
let via: Readonly<Record<string, SwiftSession>>;

beforeAll(async () => {
  const conf = [['filter:autosync', 'copy_jobs', 'true']] as const;
  gateways = Object.fromEntries(
    await Promise.all(all.map(async (each) => [each.name, await startGateway(each, { conf })] as const)),
  );
});
beforeEach(async () => {
  await restoreLinks();
  user = await freshUser();
  direct = (await sessionsOf(user)).direct;
  via = await loginAt(gateways, user);
  expect((await via[one]!.request('PUT', '/c')).status).toBe(201);
});

async function ask(name: string, method: string, path: string, headers = {}, body?: string): Promise<Answer> {
  const answer = await via[name]!.request(method, path, headers, body);
  expect([method, path, answer.status < 300]).toEqual([method, path, true]);
  return answer;
}

async function heads(path: string): Promise<Answer[]> {
  return Promise.all(all.map(({ name }) => direct[name]!.request('HEAD', path)));
}

describe('what a client does at one cluster is done at the others', () => {
  it('PUT, overwrite, POST, COPY, DELETE, from each cluster in turn', async () => {
    for (const at of [one, two, three]) {
      await ask(
        at,
        'PUT',
        '/c/a',
        { 'Content-Type': 'text/x', 'X-Object-Meta-N': '1', 'X-Delete-At': '4102444800' },
        at,
      );
      await waitUntilSame(user, 'c');
      await ask(at, 'PUT', '/c/a', { 'X-Object-Meta-N': '2' }, `${at} again`);
      await ask(at, 'POST', '/c/a', { 'X-Object-Meta-M': '3' });
      await waitFor(`metadata set at ${at} is everywhere`, async () =>
        (await heads('/c/a')).every(({ headers }) => headers['x-object-meta-m'] === '3'),
      );
      const found = await heads('/c/a');
      expect(found.map(({ headers }) => headers['x-object-meta-n'])).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      await ask(at, 'COPY', '/c/a', { Destination: 'c/copied%20%25' });
      await waitUntilSame(user, 'c');
      expect((await heads('/c/copied%20%25')).map(({ status }) => status)).toEqual([200, 200, 200]);
      await ask(at, 'DELETE', '/c/copied%20%25');
      await ask(at, 'DELETE', '/c/a');
      await waitFor(`what was deleted at ${at} is gone everywhere`, async () =>
        [...(await heads('/c/a')), ...(await heads('/c/copied%20%25'))].every(({ status }) => status === 404),
      );
    }
  });

  it('deletes in bulk, by their names', async () => {
    for (const name of ['x', 'y%20z']) await ask(one, 'PUT', `/c/${name}`, {}, 'o');
    await waitUntilSame(user, 'c');
    await ask(one, 'POST', '?bulk-delete', { 'Content-Type': 'text/plain' }, 'c/x\nc/y%20z\n');
    await waitFor('both are gone everywhere', async () =>
      [...(await heads('/c/x')), ...(await heads('/c/y%20z'))].every(({ status }) => status === 404),
    );
  });

  it('but for what somebody names in bulk who may delete nothing', async () => {
    await direct[one]!.request('PUT', '/c/o', {}, 'x');
    const anybody = { 'Content-Type': 'text/plain' };
    for (const headers of [
      anybody,
      { ...anybody, Accept: 'text/xml' },
      { ...anybody, Accept: 'application/json' },
    ]) {
      const target = `/v1/${user.account}?bulk-delete`;
      const { text } = await send(gateways[one]!.url, 'POST', target, headers, 'c/o\n');
      expect(text).toMatch(/401 Unauthorized/);
    }
    await ask(one, 'PUT', '/c/later', {}, 'x');
    await waitFor('what came after that is everywhere', async () =>
      (await heads('/c/later')).every(({ status }) => status === 200),
    );
    expect((await heads('/c/o')).map(({ status }) => status)).toEqual([200, 404, 404]);
  });

  it('symlinks and manifests as themselves', async () => {
    await ask(one, 'PUT', '/c/seg/1', {}, 'one ');
    await ask(one, 'PUT', '/c/seg/2', {}, 'two');
    await ask(one, 'PUT', '/c/dlo', { 'X-Object-Manifest': 'c/seg/' });
    await ask(one, 'PUT', '/c/link', {
      'X-Symlink-Target': 'c/seg/2',
      'Content-Type': 'application/symlink',
    });
    await waitUntilSame(user, 'c');
    const parts = ['1', '2'].map((name) => ({ path: `/c/seg/${name}` }));
    await ask(
      one,
      'PUT',
      '/c/slo?multipart-manifest=put',
      { 'Content-Type': 'text/s' },
      JSON.stringify(parts),
    );
    // Not by listings: as with container sync, those of other clusters show the size of the manifest.
    await waitFor('the manifest is everywhere', async () =>
      (await heads('/c/slo')).every(({ status }) => status === 200),
    );
    for (const name of [two, three]) {
      expect((await direct[name]!.request('GET', '/c/dlo')).text).toBe('one two');
      expect((await direct[name]!.request('GET', '/c/link')).text).toBe('two');
      const slo = await direct[name]!.request('GET', '/c/slo');
      expect([slo.text, slo.headers['content-type']]).toEqual(['one two', 'text/s']);
      const link = await direct[name]!.request('HEAD', '/c/link?symlink=get');
      expect(link.headers['x-symlink-target']).toBe('c/seg/2');
    }
    for (const name of ['slo', 'dlo']) {
      const kept = name === 'dlo' ? { 'X-Object-Manifest': 'c/seg/' } : {};
      await ask(two, 'POST', `/c/${name}`, { 'X-Object-Meta-A': '1', ...kept });
      await waitFor(`metadata of the ${name} is everywhere`, async () =>
        (await heads(`/c/${name}`)).every(({ headers }) => headers['x-object-meta-a'] === '1'),
      );
      for (const each of [one, three]) {
        const { text, headers } = await direct[each]!.request('GET', `/c/${name}`);
        const type = (await direct[two]!.request('HEAD', `/c/${name}`)).headers['content-type'];
        expect([text, headers['content-type']]).toEqual(['one two', type]);
      }
    }
  });

  it('a large one as it was, and its later metadata without its bytes', async () => {
    const body = 'x'.repeat(3_000_000);
    await ask(one, 'PUT', '/c/large', {}, body);
    await waitUntilSame(user, 'c');
    expect((await direct[two]!.request('GET', '/c/large')).text).toBe(body);
    await ask(one, 'POST', '/c/large', { 'X-Object-Meta-A': '1' });
    await waitFor('its metadata is everywhere', async () =>
      (await heads('/c/large')).every(({ headers }) => headers['x-object-meta-a'] === '1'),
    );
  });
});

describe('what is newer stays', () => {
  it('where both clusters wrote: the later one wins on all', async () => {
    await ask(one, 'PUT', '/c/o', {}, 'first');
    await ask(two, 'PUT', '/c/o', {}, 'second');
    await waitUntilSame(user, 'c');
    expect((await direct[one]!.request('GET', '/c/o')).text).toBe('second');
  });

  it('where one wrote bytes, and then the other metadata before it had these', async () => {
    await ask(one, 'PUT', '/c/o', {}, 'old');
    await waitUntilSame(user, 'c');
    for (const name of [one, two]) await link(three, name).cut();
    await ask(three, 'PUT', '/c/o', {}, 'new');
    await ask(one, 'POST', '/c/o', { 'X-Object-Meta-A': '1' });
    await waitFor('the metadata is where the old bytes are', async () =>
      (await heads('/c/o')).slice(0, 2).every(({ headers }) => headers['x-object-meta-a'] === '1'),
    );
    await restoreLinks();
    await waitUntilSame(user, 'c');
    const { text, headers } = await direct[two]!.request('GET', '/c/o');
    expect([text, headers['x-object-meta-a']]).toEqual(['new', '1']);
  });

  it('where one deleted what the other had written again while they could not meet', async () => {
    await ask(one, 'PUT', '/c/o', {}, 'first');
    await waitUntilSame(user, 'c');
    await link(one, two).cut();
    await link(two, one).cut();
    await ask(one, 'DELETE', '/c/o');
    await ask(two, 'PUT', '/c/o', {}, 'again');
    await restoreLinks();
    await waitUntilSame(user, 'c');
    expect((await direct[one]!.request('GET', '/c/o')).text).toBe('again');
  });
});

describe('a peer that is away', () => {
  it('gets what it missed when it is back: written, overwritten and deleted', async () => {
    await ask(one, 'PUT', '/c/gone', {}, 'x');
    await ask(one, 'PUT', '/c/kept', {}, 'x');
    await waitUntilSame(user, 'c');
    await cluster(two).control.stopServer('proxy');
    try {
      await ask(one, 'DELETE', '/c/gone');
      await ask(one, 'PUT', '/c/kept', {}, 'newer');
      await ask(one, 'PUT', '/c/made', {}, 'made');
      await waitFor(
        'the third cluster has it all',
        async () => (await direct[three]!.request('HEAD', '/c/made')).status === 200,
      );
    } finally {
      await cluster(two).control.startServer('proxy');
    }
    await waitUntilSame(user, 'c', 60_000);
    expect((await heads('/c/gone')).map(({ status }) => status)).toEqual([404, 404, 404]);
  });
});

function cluster(name: string) {
  return all.find((each) => each.name === name)!;
}
