// With clusters that share a Keystone: the service user's tokens, and (peer_auth = token) the clients' own.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTokenSource, type ServiceOptions } from '../../src/auth/token-source.js';
import { Deadlines } from '../../src/http/deadline.js';
import { HttpClient } from '../../src/http/http-client.js';
import { OriginPool } from '../../src/http/origin-pool.js';
import type { LocalCluster } from '../../src/local/cluster.js';
import { LocalRealm } from '../../src/local/realm.js';
import { SwiftClient } from '../../src/swift/swift-client.js';
import { planPort, startGateway, type ExtraGatewayOptions } from '../support/extra-gateways.js';
import { send } from '../support/swift-client.js';

type Conf = NonNullable<ExtraGatewayOptions['conf']>;

const FOLDER = join(fileURLToPath(new URL('../../', import.meta.url)), '.local', `keystone-${process.pid}`);
const ORIGIN = { connectTimeoutMs: 5_000, silenceMs: 60_000, idleMs: 1_000, maxIdle: 2 };

let realm: LocalRealm;
let identityUrl: string;
const deadlines = new Deadlines();
/** Requests to Keystone that token sources of this file made. */
let asked = 0;

beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  realm = await LocalRealm.start({ folder: FOLDER, keystone: true, syncInterval: 1, firstPort: 14_000 });
  identityUrl = realm.keystone!.url;
});

afterAll(async () => {
  deadlines.close();
  await realm.stop();
  rmSync(FOLDER, { recursive: true, force: true });
});

function tokenSource(options: Partial<ServiceOptions>) {
  const base = { authVersion: 3, authUrl: identityUrl, timeoutMs: 60_000, resellerPrefix: 'AUTH' } as const;
  const createSender = (origin: string) => {
    const client = new HttpClient(new OriginPool(origin, ORIGIN, deadlines));
    return {
      request: (request: Parameters<HttpClient['request']>[0]) => {
        asked += 1;
        return client.request(request);
      },
    };
  };
  return createTokenSource({ ...base, ...options }, createSender, Date.now);
}

function serviceUser(): Partial<ServiceOptions> {
  const { servicePassword } = realm.keystone!.access;
  return { username: 'autosync', password: servicePassword, projectName: 'service' };
}

/** A user's token and account, from Keystone. */
async function login(username: string, password: string, projectName: string) {
  const source = tokenSource({ username, password, projectName });
  return { token: await source.token(), account: await source.account() };
}

/** A call to Keystone's API. */
async function callIdentity(method: string, path: string, headers: Record<string, string>, body?: object) {
  const url = new URL(identityUrl);
  const text = body === undefined ? undefined : JSON.stringify(body);
  const fields = { 'Content-Type': 'application/json', ...headers };
  const answer = await send(url.origin, method, `${url.pathname}${path}`, fields, text);
  expect(answer.status, `${method} ${path}: ${answer.text}`).toBeLessThan(300);
  return answer.text === '' ? {} : (JSON.parse(answer.text) as Record<string, Record<string, string>>);
}

/** The credential with which a program acts for the service user. */
async function applicationCredential(): Promise<{ id: string; secret: string }> {
  const token = await tokenSource(serviceUser()).token();
  const { token: about } = await callIdentity('GET', '/auth/tokens', {
    'X-Auth-Token': token,
    'X-Subject-Token': token,
  });
  const { id: user } = about!['user'] as unknown as { id: string };
  const made = await callIdentity(
    'POST',
    `/users/${user}/application_credentials`,
    { 'X-Auth-Token': token },
    {
      application_credential: {
        name: `for-tests-${Date.now()}`,
        secret: 'a secret of forty bytes at the very least',
      },
    },
  );
  return made['application_credential'] as unknown as { id: string; secret: string };
}

function swiftOf(cluster: LocalCluster, tokens: ReturnType<typeof tokenSource>): SwiftClient {
  return new SwiftClient(new HttpClient(new OriginPool(cluster.proxyUrl, ORIGIN, deadlines)), tokens, 60_000);
}

/** Gateways before both clusters that are each other's peers. */
async function startGateways(conf: Conf): Promise<string[]> {
  const ports = [await planPort(), await planPort()];
  const peers: Conf = realm.clusters.map(
    ({ name }, index) => [`cluster:${name}`, 'gateway', `http://127.0.0.1:${ports[index]}`] as const,
  );
  const started = realm.clusters.map((cluster, index) =>
    startGateway(cluster, { port: ports[index]!, conf: [...peers, ...conf] }),
  );
  return (await Promise.all(started)).map(({ url }) => url);
}

/** A container made at the first gateway is on both clusters, and objects travel both ways by container sync. */
async function expectOneContainer(urls: readonly string[], container: string): Promise<void> {
  const owner = await login('tester', 'testing', 'test');
  const path = `/v1/${owner.account}/${container}`;
  const token = { 'X-Auth-Token': owner.token };
  const settings = { 'X-Container-Read': '.r:*', 'X-Container-Meta-Colour': 'red' };
  const made = await send(urls[0]!, 'PUT', path, { ...token, ...settings });
  expect([made.status, made.headers['x-autosync-pending'], made.headers['x-autosync-warning']]).toEqual([
    201,
    undefined,
    undefined,
  ]);
  const heads = await Promise.all(realm.clusters.map(({ proxyUrl }) => send(proxyUrl, 'HEAD', path, token)));
  for (const { status, headers } of heads) {
    expect(status).toBe(204);
    expect(headers).toMatchObject({ 'x-container-read': '.r:*', 'x-container-meta-colour': 'red' });
    expect(headers['x-container-sync-to']).toMatch(/^\/\/local\/(?:one|two)\//);
    expect(headers['x-container-sync-key']).toBe(heads[0]!.headers['x-container-sync-key']);
  }
  for (const [from, to] of [[0, 1] as const, [1, 0] as const]) {
    await send(urls[from]!, 'PUT', `${path}/from-${from}`, token, 'hello');
    const there = realm.clusters[to]!.proxyUrl;
    await expect
      .poll(async () => (await send(there, 'GET', `${path}/from-${from}`, token)).text, { timeout: 60_000 })
      .toBe('hello');
  }
  const removed = await send(urls[1]!, 'POST', path, { ...token, 'X-Remove-Container-Read': 'x' });
  expect([removed.status, removed.headers['x-autosync-pending']]).toEqual([204, undefined]);
  const after = await send(realm.clusters[0]!.proxyUrl, 'HEAD', path, token);
  expect(after.headers['x-container-read']).toBeUndefined();
}

describe('the service user', () => {
  it('with a password makes containers on both clusters', async () => {
    await expectOneContainer(
      realm.clusters.map(({ gatewayUrl }) => gatewayUrl),
      'by-password',
    );
  });

  it('with an application credential makes containers on both clusters', async () => {
    const { id, secret } = await applicationCredential();
    const urls = await startGateways([
      ['service', 'username', null],
      ['service', 'password', null],
      ['service', 'project_name', null],
      ['service', 'application_credential_id', id],
      ['service', 'application_credential_secret', secret],
    ]);
    await expectOneContainer(urls, 'by-application-credential');
  });

  it('asks Keystone once for many requests at a time, and once more when its token was taken back', async () => {
    const tokens = tokenSource(serviceUser());
    const swift = swiftOf(realm.clusters[0]!, tokens);
    const account = await tokens.account();
    expect(account).toMatch(/^AUTH_[0-9a-f]{32}$/);
    const revoked = await tokens.token();
    await callIdentity('DELETE', '/auth/tokens', { 'X-Auth-Token': revoked, 'X-Subject-Token': revoked });
    const before = asked;
    const list = () => swift.request({ kind: 'service' }, { method: 'GET', target: `/v1/${account}` });
    expect((await list()).status).toBeLessThan(300);
    expect(asked).toBe(before + 1);
    const answers = await Promise.all(Array.from({ length: 10 }, list));
    for (const { status } of answers) expect(status).toBeLessThan(300);
    expect(asked).toBe(before + 1);
    expect(await tokens.token()).not.toBe(revoked);
  });

  it('with a wrong password leaves clients’ containers to the local Swift, and names who is behind', async () => {
    const [url] = await startGateways([['service', 'password', 'wrong']]);
    const owner = await login('tester', 'testing', 'test');
    const token = { 'X-Auth-Token': owner.token };
    const answer = await send(url!, 'PUT', `/v1/${owner.account}/lonely`, token);
    expect([answer.status, answer.headers['x-autosync-pending']]).toEqual([201, 'two']);
  });
});

describe('with peer_auth = token', () => {
  let urls: string[];
  beforeAll(async () => {
    urls = await startGateways([['filter:autosync', 'peer_auth', 'token']]);
  });

  it('an owner’s own token makes the container on both clusters', async () => {
    await expectOneContainer(urls, 'by-own-token');
  });

  it('a member without the role, a stranger and nobody get no more done there than here', async () => {
    const owner = await login('tester', 'testing', 'test');
    const member = await login('tester3', 'testing3', 'test');
    const stranger = await login('tester2', 'testing2', 'test2');
    const path = `/v1/${owner.account}/guarded`;
    const acl = { 'X-Auth-Token': owner.token, 'X-Container-Write': 'test:tester3', 'X-Container-Read': '' };
    expect((await send(urls[0]!, 'PUT', path, acl)).status).toBe(201);
    const change = {
      'X-Container-Read': '.r:*',
      'X-Container-Meta-Colour': 'red',
      'X-Versions-Enabled': 'true',
    };
    for (const [token, status] of [
      [member.token, 403] as const,
      [stranger.token, 403] as const,
      ['', 401] as const,
    ]) {
      const headers = token === '' ? change : { ...change, 'X-Auth-Token': token };
      for (const url of urls) {
        for (const method of ['PUT', 'POST', 'DELETE'])
          expect((await send(url, method, path, headers)).status, method).toBe(status);
        expect((await send(url, 'PUT', `${path}-new`, headers)).status).toBe(status);
      }
    }
    const mine = { 'X-Auth-Token': owner.token };
    for (const { proxyUrl } of realm.clusters) {
      const head = await send(proxyUrl, 'HEAD', path, mine);
      expect(head.status).toBe(204);
      expect(head.headers['x-container-sync-to']).toBeDefined();
      for (const header of ['x-container-read', 'x-container-meta-colour', 'x-versions-enabled'])
        expect(head.headers[header]).toBeUndefined();
      expect((await send(proxyUrl, 'HEAD', `${path}-new`, mine)).status).toBe(404);
    }
    expect((await send(urls[1]!, 'DELETE', path, mine)).status).toBe(204);
    for (const { proxyUrl } of realm.clusters)
      expect((await send(proxyUrl, 'HEAD', path, mine)).status).toBe(404);
  });
});
