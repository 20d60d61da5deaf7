// Bulk deletes of what is placed on other clusters: answered as by a Swift that has it all, and done where it is.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  cluster,
  clusters,
  freshUser,
  link,
  restoreLinks,
  waitFor,
  type Answer,
} from '../support/clusters.js';
import { sessionsOf, statusEverywhere, type Sessions } from '../support/containers.js';
import type { ExtraGateway } from '../support/extra-gateways.js';
import { startPlacing } from '../support/placing.js';
import { SwiftSession } from '../support/swift-client.js';

const all = clusters();
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];

let gateway: ExtraGateway;
let sessions: Sessions;
/** Through a gateway of the first cluster that places everything on the others, but for what is called home. */
let here: SwiftSession;

beforeAll(async () => {
  gateway = await startPlacing({ default: `${two}, ${three}`, rule_home: `*/home -> ${one}` });
});
beforeEach(async () => {
  sessions = await sessionsOf(await freshUser());
  here = await SwiftSession.login(gateway.url, sessions.user);
});

function bulkDelete(
  by: SwiftSession,
  names: readonly string[],
  headers: Record<string, string> = {},
  method = 'POST',
): Promise<Answer> {
  return by.request(method, '?bulk-delete', { 'Content-Type': 'text/plain', ...headers }, names.join('\n'));
}

async function fill(by: SwiftSession): Promise<void> {
  for (const container of ['/c', '/full', '/gone', '/home'])
    expect((await by.request('PUT', container)).status).toBe(201);
  for (const object of ['/c/a', '/c/b%20%C3%A4%3F', '/full/kept', '/home/o', '/gone/o'])
    expect((await by.request('PUT', object, {}, 'x')).status).toBe(201);
}

const NAMES = [
  ...[
    '/gone',
    '/c/a',
    'c/b%20%C3%A4%3F',
    ' /home/o ',
    '/c/never',
    '',
    '/%ff',
    '/full',
    '/gone/o',
    '/nowhere/o',
  ],
  '/nowhere',
];

/** Failures in any order. */
function comparable({ status, headers, text }: Answer): unknown {
  return [status, headers['content-type'], headers['transfer-encoding'], text.split('\n').sort()];
}

describe('a bulk delete of objects that are placed elsewhere', () => {
  it.each([
    ['text', {}],
    ['JSON', { Accept: 'application/json' }],
    ['XML', { Accept: 'text/xml;q=0.5, application/xml' }],
  ])('is answered as by one Swift that has it all, in %s', async (_, headers) => {
    const alone = await SwiftSession.login(cluster(one).proxyUrl, await freshUser());
    await Promise.all([fill(here), fill(alone)]);
    const expected = await bulkDelete(alone, NAMES, headers);
    expect(comparable(await bulkDelete(here, NAMES, headers))).toEqual(comparable(expected));
    expect(expected.text).toMatch(/412 Precondition Failed[^]*409 Conflict|409 Conflict[^]*412/);
    for (const path of ['/c/a', '/c/b%20%C3%A4%3F', '/home/o', '/gone/o', '/gone'])
      expect([path, await statusEverywhere(sessions, path)]).toEqual([
        path,
        { [one]: 404, [two]: 404, [three]: 404 },
      ]);
    expect((await here.request('GET', '/full/kept')).text).toBe('x');
  });

  it.each([
    ['nothing', { Accept: 'application/json' }, ['', '']],
    ['another format', { Accept: 'image/png' }, ['/c/a']],
    ['names in another form', { 'Content-Type': 'application/json' }, ['/c/a']],
    ['too many names', {}, ['/c/a', ...Array.from({ length: 10_000 }, () => '/c/o')]],
    ['a name too long', {}, ['/c/a', `/c/${'x'.repeat(3_000)}`]],
  ])('is refused as by Swift, and nothing is deleted: %s', async (_, headers, names) => {
    const alone = await SwiftSession.login(cluster(one).proxyUrl, await freshUser());
    await here.request('PUT', '/c');
    await here.request('PUT', '/c/a', {}, 'x');
    const expected = await bulkDelete(alone, names, headers);
    expect(comparable(await bulkDelete(here, names, headers as Record<string, string>))).toEqual(
      comparable(expected),
    );
    expect((await here.request('HEAD', '/c/a')).status).toBe(200);
  });

  it('of many, in chunks, by DELETE, and announced (100-continue)', async () => {
    await here.request('PUT', '/c');
    const names = Array.from({ length: 60 }, (_, i) => `/c/folder/o${i}`);
    await Promise.all(names.map((name) => here.request('PUT', name, {}, 'x')));
    const headers = { 'Expect': '100-continue', 'Transfer-Encoding': 'chunked' };
    const answer = await bulkDelete(here, names, { ...headers, Accept: 'application/json' }, 'DELETE');
    expect(JSON.parse(answer.text)).toMatchObject({ 'Number Deleted': 60, 'Errors': [] });
    expect((await here.request('GET', '/c')).text).toBe('');
  });

  it('by somebody who may not deletes nothing', async () => {
    await fill(here);
    const user = { ...(await freshUser()), account: sessions.user.account };
    const stranger = await SwiftSession.login(gateway.url, user);
    const { text } = await bulkDelete(stranger, ['/c/a', '/c']);
    expect(text).toContain('Number Deleted: 0');
    expect(text).toContain('c/a, 403 Forbidden');
    const nobody = await bulkDelete(Object.assign(stranger, { token: 'AUTH_tkwrong' }), ['/c/a']);
    expect(nobody.text).toContain('c/a, 401 Unauthorized');
    expect((await here.request('HEAD', '/c/a')).status).toBe(200);
  });

  it('says which could not be deleted while the clusters that hold them are away', async () => {
    await fill(here);
    for (const name of [two, three]) await link(one, name).cut();
    const { text } = await bulkDelete(here, ['/c/a', '/home/o']);
    expect(text).toContain('Number Deleted: 1');
    expect(text).toContain('Response Status: 502 Bad Gateway');
    expect(text).toContain('c/a, 503 Service Unavailable');
    await restoreLinks();
    await waitFor('it is deleted', async () =>
      (await bulkDelete(here, ['/c/a'])).text.includes('Number Deleted: 1'),
    );
  });
});
