// Where clusters are named by URL, Swift takes dates and keys from anyone: the gateway lets them in from the sync hosts only.
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cluster, freshUser, send, waitFor } from '../support/clusters.js';
import { startGateway, planPort } from '../support/extra-gateways.js';
import { SwiftSession, type User } from '../support/swift-client.js';
import { withContainerSync } from '../support/container-sync.js';

withContainerSync();

const KEY = 'a key of the container';
const FAR = '4000000000.00000';
/** Neither is this machine's usual address; only the first may sync. */
const SYNC_HOST = '127.0.0.7';
const ELSEWHERE = '127.0.0.9';

/** The gateways of clusters one and two. */
let urls: readonly string[];
let user: User;
let direct: SwiftSession;

beforeAll(async () => {
  urls = [await planPort(), await planPort()].map((port) => `http://127.0.0.1:${port}`);
  await Promise.all([startNamedByUrl('one', urls[0]!), startNamedByUrl('two', urls[1]!)]);
  user = await freshUser();
  direct = await SwiftSession.login(cluster('one').proxyUrl, user);
  await direct.request('PUT', '/c', { 'X-Container-Sync-Key': KEY });
});

/** The original's way: clusters named by URL, and dates let in by Swift's gatekeeper. */
async function startNamedByUrl(name: string, url: string): Promise<void> {
  await shunt(name, 'false');
  await startGateway(cluster(name), {
    port: Number(new URL(url).port),
    conf: [
      ['DEFAULT', 'allowed_sync_hosts', `${SYNC_HOST}, 127.0.0.1`],
      ['filter:autosync', 'my_cluster', null],
      ['filter:autosync', 'autosync_my_cluster', url],
      ['filter:autosync', 'autosync_placement', urls.join(', ')],
      ['filter:placement', 'default', null],
    ],
  });
}

async function shunt(name: string, value: string | null): Promise<void> {
  const { control, gatewayUrl } = cluster(name);
  await control.editConf('proxy', 'filter:gatekeeper', 'shunt_inbound_x_timestamp', value);
  await control.restartServer('proxy');
  await waitFor('its own gateway has seen that the proxy is back', async () => {
    return (await send(gatewayUrl, 'GET', '/info')).status === 200;
  });
}

afterAll(() => Promise.all([shunt('one', null), shunt('two', null)]));

interface Sent {
  readonly from: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A request from one of this machine's addresses; resolves with the status. */
function deliver({ from, method, path, headers, body = '' }: Sent): Promise<number> {
  return new Promise((resolve, reject) => {
    const target = `/v1/${user.account}${path}`;
    const fields = { ...headers, 'Content-Length': String(body.length) };
    const options = {
      localAddress: from,
      port: new URL(urls[0]!).port,
      path: target,
      method,
      headers: fields,
    };
    const req = request({ ...options, host: '127.0.0.1', agent: false }, (res) => {
      res.resume();
      resolve(res.statusCode ?? 0);
    });
    req.once('error', reject);
    req.end(body);
  });
}

function now(): string {
  return (Date.now() / 1000).toFixed(5);
}

async function dateOf(object: string): Promise<string | undefined> {
  return (await direct.request('HEAD', `/c/${object}`)).headers['x-timestamp'];
}

describe('with clusters named by URL', () => {
  it('Swift’s daemons carry objects and deletions both ways', async () => {
    const [one, two] = await Promise.all(urls.map((url) => SwiftSession.login(url, user)));
    expect((await one!.request('PUT', '/ring%20c')).status).toBe(201);
    const head = await one!.request('HEAD', '/ring%20c');
    expect(head.headers['x-container-sync-to']).toBe(`${urls[1]}/v1/${user.account}/ring%20c`);
    await one!.request('PUT', '/ring%20c/from-one', {}, '1');
    await two!.request('PUT', '/ring%20c/from-two', {}, '2');
    for (const [session, object] of [[two!, 'from-one'] as const, [one!, 'from-two'] as const])
      await waitFor(`${object} arrives`, async () => {
        return (await session.request('HEAD', `/ring%20c/${object}`)).status === 200;
      });
    await one!.request('DELETE', '/ring%20c/from-two');
    await waitFor('its deletion arrives', async () => {
      return (await two!.request('HEAD', '/ring%20c/from-two')).status === 404;
    });
  });

  it('container sync of a sync host comes in with key and date', async () => {
    const headers = { 'X-Container-Sync-Key': KEY, 'X-Timestamp': now() };
    const object = { from: SYNC_HOST, path: '/c/synced', headers };
    expect(await deliver({ ...object, method: 'PUT', body: 'x' })).toBe(201);
    expect(await dateOf('synced')).toBe(headers['X-Timestamp']);
    expect(await deliver({ ...object, method: 'HEAD' })).toBe(200);
    const guessed = { ...headers, 'X-Container-Sync-Key': 'guessed' };
    expect(await deliver({ ...object, headers: guessed, method: 'HEAD' })).toBe(401);
    const later = { ...headers, 'X-Timestamp': now() };
    expect(await deliver({ ...object, headers: later, method: 'DELETE' })).toBe(204);
  });

  it.each([
    ['X-Container-Sync-Key', 'X-Timestamp'],
    ['X_Container_Sync_Key', 'X_Timestamp'],
  ])('%s and %s from elsewhere bring nobody in', async (keyName, dateName) => {
    const headers = { [keyName]: KEY, [dateName]: now() };
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE'])
      expect(await deliver({ from: ELSEWHERE, method, path: '/c/o', headers }), method).toBe(401);
    expect(await deliver({ from: ELSEWHERE, method: 'GET', path: '/c', headers })).toBe(401);
  });

  it.each(['X-Timestamp', 'x_timestamp', 'X_TIMESTAMP'])(
    'a client dates nothing by %s, wherever it is',
    async (name) => {
      for (const from of [ELSEWHERE, SYNC_HOST]) {
        const headers = { 'X-Auth-Token': direct.token, [name]: FAR };
        expect(await deliver({ from, method: 'PUT', path: '/c/mine', headers, body: 'x' })).toBe(201);
        expect(await dateOf('mine')).not.toBe(FAR);
        expect(await deliver({ from, method: 'DELETE', path: '/c/mine', headers })).toBe(204);
        expect(await deliver({ from, method: 'PUT', path: '/c/mine', headers, body: 'x' })).toBe(201);
      }
    },
  );

  it('a sync host’s key opens nothing but what the daemon does', async () => {
    const headers = { 'X-Container-Sync-Key': KEY, 'X-Timestamp': now() };
    const at = (method: string, path: string, more = {}) =>
      deliver({ from: SYNC_HOST, method, path, headers: { ...headers, ...more } });
    expect(await at('GET', '/c/o')).toBe(401);
    expect(await at('GET', '/c')).toBe(401);
    expect(await at('POST', '/c', { 'X-Container-Meta-A': 'b' })).toBe(401);
    expect(await at('PUT', '/c/o?multipart-manifest=put')).toBe(401);
    expect(await at('PUT', '/c/o', { 'X-Copy-From': '/c/mine' })).toBe(401);
    expect(await at('PUT', '/c/o', { 'X-Timestamp': FAR })).toBe(401);
    expect(await at('PUT', '/c/o', { 'X-Container-Sync-Key': 'guessed' })).toBe(401);
    expect((await direct.request('HEAD', '/c/o')).status).toBe(404);
  });
});
