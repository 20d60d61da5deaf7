// Objects of a container that is placed on other clusters only are written through this cluster's gateway as if they were here.
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  cluster,
  clusters,
  freshUser,
  link,
  restoreLinks,
  send,
  serviceUserOf,
  waitFor,
  type Answer,
} from '../support/clusters.js';
import { SERVED_BY } from '../support/as-there.js';
import { headEverywhere, sessionsOf, type Sessions } from '../support/containers.js';
import { pass } from '../support/daemon.js';
import type { ExtraGateway } from '../support/extra-gateways.js';
import { startPlacing } from '../support/placing.js';
import { exchange, type RawAnswer } from '../support/raw-http.js';
import { SwiftSession } from '../support/swift-client.js';
import { tempUrl } from '../support/temp-url.js';

const all = clusters();
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];

let gateway: ExtraGateway;
let sessions: Sessions;
/** Through a gateway of the first cluster that places everything on the others. */
let here: SwiftSession;

beforeAll(async () => {
  gateway = await startPlacing({ default: `${two}, ${three}` });
});
beforeEach(async () => {
  sessions = await sessionsOf(await freshUser());
  here = await SwiftSession.login(gateway.url, sessions.user);
  expect((await here.request('PUT', '/c')).status).toBe(201);
});
afterEach(heal);

/** The gateway has noticed, too. */
async function heal(): Promise<void> {
  await restoreLinks();
  await waitFor('all peers are up again', async () => {
    const { headers } = await here.request('POST', '/c', { 'X-Container-Meta-Healed': 'yes' });
    return headers['x-autosync-pending'] === undefined;
  });
}

async function expectOnlyAt(name: string, path: string): Promise<void> {
  for (const [each, { status }] of Object.entries(await headEverywhere(sessions, path)))
    expect([each, status]).toEqual([each, each === name ? 200 : 404]);
}

describe('an object of a container that is placed elsewhere', () => {
  it('has its metadata there, whatever the names', async () => {
    const head = [
      `PUT /v1/${sessions.user.account}/c/o HTTP/1.1`,
      ...['Host: x', `X-Auth-Token: ${here.token}`, 'X-Object-Meta-foo_bar: 1', 'X-Object-Meta-\u00e9: 2'],
      ...['Content-Length: 1', '', 'x'],
    ];
    const port = Number(new URL(gateway.url).port);
    expect((await exchange(port, 'PUT', [Buffer.from(head.join('\r\n'))])).status).toBe(201);
    const asked = [
      `HEAD /v1/${sessions.user.account}/c/o HTTP/1.1`,
      ...['Host: x', `X-Auth-Token: ${sessions.direct[two]!.token}`, '', ''],
    ];
    const swift = Number(new URL(all[1]!.proxyUrl).port);
    const there = await exchange(swift, 'HEAD', [Buffer.from(asked.join('\r\n'))]);
    const meta = there.headers.filter(([name]) => name.toLowerCase().startsWith('x-object-meta-'));
    expect(meta.map(([, value]) => value).sort()).toEqual(['1', '2']);
  });

  it('takes the place at once of a copy that was left here, and so does its deletion', async () => {
    for (const name of ['/c/o', '/c/gone']) await sessions.direct[one]!.request('PUT', name, {}, 'left here');
    expect((await here.request('GET', '/c/o')).text).toBe('left here');
    expect((await here.request('PUT', '/c/o', {}, 'new')).status).toBe(201);
    expect((await here.request('GET', '/c/o')).text).toBe('new');
    expect((await here.request('DELETE', '/c/gone')).status).toBe(204);
    expect((await here.request('GET', '/c/gone')).status).toBe(404);
    expect((await here.request('DELETE', '/c/gone')).status).toBe(404);
  });

  it('is put there, changed there and deleted there, and read back at once', async () => {
    const headers = { 'Content-Type': 'text/x', 'X-Object-Meta-Colour': 'ü', 'X-Delete-After': '3600' };
    const put = await here.request('PUT', '/c/a%20b/%C3%BC%3F', headers, 'first');
    const etag = createHash('md5').update('first').digest('hex');
    expect([put.status, put.headers['etag'], put.headers[SERVED_BY]]).toEqual([201, etag, two]);
    await expectOnlyAt(two, '/c/a%20b/%C3%BC%3F');
    const got = await here.request('GET', '/c/a%20b/%C3%BC%3F');
    const colour = Buffer.from(got.headers['x-object-meta-colour']!, 'latin1').toString();
    expect([got.text, got.headers['content-type'], colour]).toEqual(['first', 'text/x', 'ü']);
    expect(got.headers['x-delete-at']).toBeDefined();
    expect((await here.request('PUT', '/c/a%20b/%C3%BC%3F', {}, 'second')).status).toBe(201);
    expect((await here.request('GET', '/c/a%20b/%C3%BC%3F')).text).toBe('second');
    const post = await here.request('POST', '/c/a%20b/%C3%BC%3F', { 'X-Object-Meta-Shape': 'round' });
    expect([post.status, post.headers[SERVED_BY]]).toEqual([202, two]);
    expect((await here.request('HEAD', '/c/a%20b/%C3%BC%3F')).headers['x-object-meta-shape']).toBe('round');
    expect((await here.request('DELETE', '/c/a%20b/%C3%BC%3F')).status).toBe(204);
    for (const method of ['GET', 'DELETE', 'POST'])
      expect((await here.request(method, '/c/a%20b/%C3%BC%3F')).status, method).toBe(404);
  });

  it('of any size and framing arrives whole, and a refused one is not sent at all', async () => {
    const bytes = randomBytes(20 * 1024 * 1024);
    const md5 = createHash('md5').update(bytes).digest('hex');
    const put = await here.request('PUT', '/c/large', { Etag: md5 }, bytes);
    expect([put.status, put.headers['etag']]).toEqual([201, md5]);
    const chunked = await here.request(
      'PUT',
      '/c/chunked',
      {},
      Readable.from([bytes.subarray(0, 70_000), 'x']),
    );
    expect(chunked.status).toBe(201);
    expect((await here.request('HEAD', '/c/chunked')).headers['content-length']).toBe('70001');
    const head = [
      `PUT /v1/${sessions.user.account}/c/few HTTP/1.1`,
      ...[
        'Host: x',
        `X-Auth-Token: ${here.token}`,
        'Transfer-Encoding: chunked',
        '',
        '3',
        'few',
        '0',
        '',
        '',
      ],
    ];
    const atOnce = Buffer.from(head.join('\r\n'));
    expect((await exchange(Number(new URL(gateway.url).port), 'PUT', [atOnce])).status).toBe(201);
    expect((await here.request('GET', '/c/few')).text).toBe('few');
    expect((await here.request('PUT', '/c/large', { Etag: '0'.repeat(32) }, 'x')).status).toBe(422);
    expect((await here.request('PUT', '/c/large', { 'If-None-Match': '*' }, 'x')).status).toBe(412);
    expect((await here.request('GET', '/c/large')).body.equals(bytes)).toBe(true);
    expect((await here.request('PUT', '/c/empty', { 'Content-Length': '0' })).status).toBe(201);
  });

  it('comes only once it is asked for (100-continue)', async () => {
    const ask = (token: string): Promise<RawAnswer> => {
      const head = [
        `PUT /v1/${sessions.user.account}/c/asked HTTP/1.1`,
        ...['Host: x', `X-Auth-Token: ${token}`, 'Content-Length: 4', 'Expect: 100-continue', '', ''],
      ];
      const parts = [Buffer.from(head.join('\r\n')), 'wait-for-100', Buffer.from('body')] as const;
      return exchange(Number(new URL(gateway.url).port), 'PUT', parts);
    };
    const taken = await ask(here.token);
    expect([taken.informational, taken.status]).toEqual([[100], 201]);
    const refused = await ask('AUTH_tkwrong');
    expect([refused.informational, refused.status]).toEqual([[], 401]);
    expect((await here.request('GET', '/c/asked')).text).toBe('body');
  });

  it('is refused where the quotas of the container or of the account are full', async () => {
    await here.request('POST', '/c', { 'X-Container-Meta-Quota-Bytes': '10' });
    expect((await here.request('PUT', '/c/o', {}, '12345678')).status).toBe(201);
    await here.request('POST', '/c', { 'X-Container-Meta-Quota-Bytes': '10' });
    expect((await here.request('PUT', '/c/small', {}, '12345678')).status).toBe(413);
    await here.request('POST', '/c', { 'X-Remove-Container-Meta-Quota-Bytes': 'x' });
    const admin = (await SwiftSession.login(all[0]!.gatewayUrl, serviceUserOf(cluster(one), ''))).in(
      sessions.user.account,
    );
    expect((await admin.request('POST', '', { 'X-Account-Meta-Quota-Bytes': '15' })).status).toBe(204);
    const refused = await here.request('PUT', '/c/large', {}, '123456789012345678');
    expect([refused.status, refused.text]).toEqual([413, 'Upload exceeds quota.\n']);
  });

  it('is written to the next of its clusters while the first is away, and with none left the answer is 503', async () => {
    await link(one, two).cut();
    const put = await here.request('PUT', '/c/o', {}, 'x');
    expect([put.status, put.headers[SERVED_BY]]).toEqual([201, three]);
    expect((await here.request('GET', '/c/o')).text).toBe('x');
    await link(one, three).cut();
    for (const method of ['PUT', 'POST', 'DELETE']) {
      const refused = await here.request(method, '/c/o', {}, method === 'PUT' ? 'y' : undefined);
      expect([method, refused.status, refused.headers['retry-after']]).toEqual([method, 503, '1']);
      expect(refused.headers['x-autosync-partial']).toBe(`${two}, ${three}`);
    }
    await heal();
    expect((await sessions.direct[three]!.request('GET', '/c/o')).text).toBe('x');
  });

  it('with a TempURL is judged by the cluster that it goes to', async () => {
    await here.request('POST', '', { 'X-Account-Meta-Temp-URL-Key': 'secret-key' });
    const path = `/v1/${sessions.user.account}/c/tempurl`;
    const put = (target: string): Promise<Answer> => send(gateway.url, 'PUT', target, {}, 'x');
    expect((await put(tempUrl('PUT', path, 'other-key'))).status).toBe(401);
    expect((await put(tempUrl('PUT', path, 'secret-key'))).status).toBe(201);
    expect((await put(path)).status).toBe(401);
    expect((await here.request('GET', '/c/tempurl')).text).toBe('x');
  });

  it('takes nothing from a client that only gateways may say', async () => {
    const other = await sessionsOf(await freshUser());
    const headers = {
      'X-Autosync-Acts-As': 'granted',
      'X-Timestamp': '1.00000',
      'X-Autosync-Signature': 'v=1',
    };
    const put = await other.direct[two]!.at(gateway.url).request('PUT', '/c/o', headers, 'x');
    expect(put.status).toBe(401);
    const path = `/v1/${sessions.user.account}/c/o`;
    const as = { 'X-Autosync-Acts-As': 'granted' };
    expect((await send(cluster(two).gatewayUrl, 'PUT', path, as, 'x')).status).toBe(401);
    expect((await here.request('PUT', '/c/o', { 'X-Timestamp': '1.00000' }, 'now')).status).toBe(201);
    expect(Number((await here.request('HEAD', '/c/o')).headers['x-timestamp'])).toBeGreaterThan(1e9);
  });
});

describe('a container that is placed elsewhere', () => {
  it('has its settings on every cluster, wherever they are changed, and is made again where it is missing', async () => {
    await sessions.via[three]!.request('POST', '/c', {
      'X-Container-Read': '.r:*',
      'X-Container-Meta-A': 'a',
    });
    for (const { headers } of Object.values(await headEverywhere(sessions, '/c')))
      expect([headers['x-container-read'], headers['x-container-meta-a']]).toEqual(['.r:*', 'a']);
    await link(two, one).cut();
    await sessions.via[two]!.request('POST', '/c', { 'X-Container-Meta-A': 'b' });
    await restoreLinks();
    await pass(one, sessions.user);
    expect((await headEverywhere(sessions, '/c'))[one]!.headers['x-container-meta-a']).toBe('b');
  });

  it('is deleted when it is empty where its objects belong, and no sooner', async () => {
    await here.request('PUT', '/c/o', {}, 'x');
    expect((await here.request('DELETE', '/c')).status).toBe(409);
    await here.request('DELETE', '/c/o');
    expect((await here.request('DELETE', '/c')).status).toBe(204);
    for (const { status } of Object.values(await headEverywhere(sessions, '/c'))) expect(status).toBe(404);
  });

  it('is deleted although a cluster has not heard yet of its objects’ deletion', async () => {
    for (const name of [two, three]) await sessions.direct[name]!.request('PUT', '/c/o', {}, 'x');
    await here.request('DELETE', '/c/o');
    expect((await sessions.direct[three]!.request('HEAD', '/c/o')).status).toBe(200);
    expect((await here.request('DELETE', '/c')).status).toBe(204);
    for (const { status } of Object.values(await headEverywhere(sessions, '/c'))) expect(status).toBe(404);
  });

  it('is not deleted while none of the clusters that hold its objects can be asked', async () => {
    for (const name of [two, three]) await link(one, name).cut();
    const refused = await here.request('DELETE', '/c');
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    await heal();
    for (const { status } of Object.values(await headEverywhere(sessions, '/c'))) expect(status).toBe(204);
  });

  it('is deleted everywhere in the end although one of its clusters was away and holds objects still', async () => {
    for (const name of [two, three]) await sessions.direct[name]!.request('PUT', '/c/o', {}, 'x');
    await link(one, three).cut();
    await here.request('DELETE', '/c/o');
    const deleted = await here.request('DELETE', '/c');
    expect([deleted.status, deleted.headers['x-autosync-pending']]).toEqual([204, three]);
    await restoreLinks();
    for (const name of [one, two, three, one, two]) await pass(name, sessions.user);
    for (const { status } of Object.values(await headEverywhere(sessions, '/c'))) expect(status).toBe(404);
  });
});
