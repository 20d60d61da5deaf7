// Peers prove themselves by their signature and by nothing else; whoever only says to be one is refused, and nothing happens.
import { register } from '../../src/records/register.js';
import { renderChange } from '../../src/records/record.js';
import { VersionClock } from '../../src/records/version.js';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { Gateway } from '../../src/gateway/gateway.js';
import { HeaderList } from '../../src/http/headers.js';
import { signPeerRequest, type PeerRequestToSign } from '../../src/peers/signature.js';
import { newSecrets, readSecrets } from '../../src/sync/secrets.js';
import { cluster, freshUser, send, serviceUserOf, SwiftSession } from '../support/clusters.js';
import { headEverywhere, sessionsOf } from '../support/containers.js';

interface Line {
  readonly reason?: string;
  readonly message: string;
}

/** A gateway of cluster one in this very process, whose log and counters can be looked at. */
let gateway: Gateway;
let url: string;
const warnings: Line[] = [];

beforeAll(async () => {
  const { config, problems } = loadConfig(join(cluster('one').swiftDir, 'autosync.conf'));
  if (config === undefined) throw new Error(JSON.stringify(problems));
  const ignore = () => undefined;
  const warn = (fields: object, message: string) => void warnings.push({ ...fields, message });
  gateway = new Gateway(
    { ...config, server: { ...config.server, bindPort: 0 } },
    {
      log: { debug: ignore, info: ignore, warn, error: warn },
      version: 'test',
      copies: { add: ignore, copy: () => Promise.resolve([]) },
    },
  );
  url = `http://127.0.0.1:${await gateway.listen()}`;
});

afterAll(() => gateway.close(0));

interface Wire {
  method: string;
  target: string;
  headers: HeaderList;
  body: string;
}

/** A request as cluster two's gateway would send it, signed; then whatever was done to it on the way. */
function signed(
  change: Partial<Omit<PeerRequestToSign, 'headers' | 'body'>> & { headers?: HeaderList; body?: string },
  alter: (wire: Wire) => void = () => undefined,
): Wire {
  const { method = 'PUT', target = '/v1/AUTH_t0/c', headers = new HeaderList(), body = '' } = change;
  const wire: Wire = { method, target, headers: headers.clone(), body };
  signPeerRequest({
    from: '//local/two',
    to: '//local/one',
    realm: 'local',
    secrets: readSecrets(join(cluster('one').swiftDir, 'autosync-secrets')),
    nowMs: Date.now(),
    ...change,
    method,
    target,
    headers: wire.headers,
    body: Buffer.from(body),
  });
  alter(wire);
  return wire;
}

function deliver({ method, target, headers, body }: Wire) {
  return send(url, method, target, headers.raw, body === '' ? undefined : body);
}

/** A change that makes a container with these settings. */
function change(settings: Readonly<Record<string, string>> = {}): string {
  const version = new VersionClock('two.test.0', Date.now, 0).next();
  const all = { life: 'present', ...settings };
  const desired = new Map(Object.entries(all).map(([name, value]) => [name, register(value, version)]));
  return renderChange(desired).toString();
}

const otherSecrets = newSecrets(join(cluster('one').swiftDir, `other-secrets-${process.pid}`));
const MINUTES = 60_000;

/** What can be wrong with a request that claims to be a peer's, by the reason that is told. */
const WRONG: readonly (readonly [reason: string, what: string, make: (target: string) => Wire])[] = [
  ...['', 'x', 'v=1; from="//local/two"', 'x'.repeat(20_000)].map(
    (text) =>
      [
        'malformed',
        `the signature “${text.slice(0, 30)}”`,
        (target: string) => signed({ target }, ({ headers }) => headers.set('X-Autosync-Signature', text)),
      ] as const,
  ),
  [
    'malformed',
    'two signatures',
    (target) =>
      signed({ target }, ({ headers }) => {
        headers.add('X-Autosync-Signature', headers.get('X-Autosync-Signature')!);
      }),
  ],
  [
    'bad-signature',
    'another method',
    (target) => signed({ target, method: 'GET' }, (wire) => (wire.method = 'PUT')),
  ],
  [
    'bad-signature',
    'another target',
    (target) => signed({ target: `${target}x` }, (wire) => (wire.target = target)),
  ],
  ['bad-signature', 'another query', (target) => signed({ target }, (wire) => (wire.target += '?a=b'))],
  [
    'bad-signature',
    'another value of a header',
    (target) =>
      signed({ target, headers: HeaderList.from([['X-Container-Read', '']]) }, ({ headers }) =>
        headers.set('X-Container-Read', '.r:*'),
      ),
  ],
  [
    'bad-signature',
    'one more header of a signed name',
    (target) =>
      signed({ target, headers: HeaderList.from([['X-Container-Meta-A', 'b']]) }, ({ headers }) =>
        headers.add('x-container-meta-a', 'c'),
      ),
  ],
  [
    'bad-signature',
    'a signed header taken out',
    (target) =>
      signed({ target, headers: HeaderList.from([['X-Container-Meta-A', 'b']]) }, ({ headers }) =>
        headers.remove('x-container-meta-a'),
      ),
  ],
  [
    'bad-signature',
    'another secret',
    (target) => {
      const { number } = readSecrets(join(cluster('one').swiftDir, 'autosync-secrets')).current;
      const secrets = { current: { ...otherSecrets.current, number }, previous: undefined };
      return signed({ target, secrets });
    },
  ],
  ['bad-signature', 'another realm', (target) => signed({ target, realm: 'other' })],
  ['wrong-body', 'another body', (target) => signed({ target, body: 'a' }, (wire) => (wire.body = 'b'))],
  [
    'wrong-body',
    'another body of an object',
    (target) => signed({ target: `${target}/o`, body: 'a' }, (wire) => (wire.body = 'b')),
  ],
  ['wrong-body', 'a body that was not signed', (target) => signed({ target }, (wire) => (wire.body = 'b'))],
  ['wrong-cluster', 'another cluster', (target) => signed({ target, to: '//local/three' })],
  ['clock', 'a time long ago', (target) => signed({ target, nowMs: Date.now() - 10 * MINUTES })],
  ['clock', 'a time to come', (target) => signed({ target, nowMs: Date.now() + 10 * MINUTES })],
  [
    'unknown-generation',
    'an unknown generation',
    (target) => {
      const { current } = otherSecrets;
      return signed({ target, secrets: { current: { ...current, number: 7 }, previous: undefined } });
    },
  ],
];

describe('a request that claims to be a peer’s', () => {
  it.each(WRONG)(
    'is refused as %s with %s; an owner’s token in it does not help',
    async (reason, _, make) => {
      const { direct, user } = await sessionsOf(await freshUser());
      const wire = make(`/v1/${user.account}/c`);
      wire.headers.set('X-Auth-Token', direct['one']!.token);
      const before = gateway.site!.counters.snapshot()[`peer_refused:${reason}`] ?? 0;
      warnings.length = 0;
      const answer = await deliver(wire);
      expect([answer.status, answer.headers['x-autosync-refusal']]).toEqual([401, reason]);
      expect(gateway.site!.counters.snapshot()[`peer_refused:${reason}`]).toBe(before + 1);
      expect(warnings.map((line) => line.reason)).toEqual([reason]);
      expect((await direct['one']!.request('HEAD', '/c')).status).toBe(404);
    },
  );

  it('is carried out once and refused when it comes again', async () => {
    const { direct, user } = await sessionsOf(await freshUser());
    const wire = signed({ target: `/v1/${user.account}/c`, body: change() });
    expect((await deliver(wire)).status).toBe(201);
    expect((await direct['one']!.request('DELETE', '/c')).status).toBe(204);
    const again = await deliver(wire);
    expect([again.status, again.headers['x-autosync-refusal']]).toEqual([401, 'replayed']);
    expect((await direct['one']!.request('HEAD', '/c')).status).toBe(404);
  });

  it('has nothing in it that was not signed', async () => {
    const { direct, user } = await sessionsOf(await freshUser());
    const body = change({ 'x-container-meta-signed': 'yes' });
    const wire = signed({ target: `/v1/${user.account}/c`, body }, (sent) => {
      sent.headers.add('X-Container-Read', '.r:*').add('X-Container-Meta-Unsigned', 'yes');
      sent.headers.add('X-Autosync-State', 'user').add('X-Auth-Token', 'nobody’s'.replace('’', ''));
    });
    expect((await deliver(wire)).status).toBe(201);
    const head = await direct['one']!.request('HEAD', '/c');
    expect(head.headers['x-container-meta-signed']).toBe('yes');
    expect(head.headers['x-container-read']).toBeUndefined();
    expect(head.headers['x-container-meta-unsigned']).toBeUndefined();
  });

  it.each([
    ['PUT', '/c'],
    ['POST', '/c'],
    ['GET', '/c'],
    ['HEAD', ''],
    ['DELETE', '/c'],
    ['DELETE', ''],
    ['DELETE', '/c/o'],
    ['POST', ''],
  ])('%s of account%s reaches no account outside of accounts', async (method, path) => {
    const { account } = serviceUserOf(cluster('one'), 'AUTH_admin');
    const admin = await SwiftSession.login(cluster('one').proxyUrl, {
      account,
      user: 'admin:admin',
      key: 'admin',
    });
    await admin.request('PUT', '/kept');
    const headers = HeaderList.from([['X-Timestamp', '4000000000.00000']]);
    const answer = await deliver(signed({ method, target: `/v1/${account}${path}`, headers }));
    expect(answer.status).toBe(403);
    expect((await admin.request('GET', '?format=json')).text).toContain('kept');
    expect((await admin.request('HEAD', '/c')).status).toBe(404);
  });

  it.each([
    ['COPY', '/c/o'],
    ['PUT', ''],
    ['OPTIONS', '/c'],
  ])('%s of %s is nothing that peers send', async (method, path) => {
    const user = await freshUser();
    expect((await deliver(signed({ method, target: `/v1/${user.account}${path}` }))).status).toBe(405);
  });

  const now = (Date.now() / 1000).toFixed(5);
  const dated = { 'X-Timestamp': now, 'ETag': '9dd4e461268c8034f5c8564e155c67a6' };
  it.each<[string, string, string, Record<string, string>, number]>([
    ['undated', 'PUT', '/c/o', { ETag: dated.ETag }, 400],
    ['undated', 'POST', '/c/o', {}, 400],
    ['with a date that is none', 'POST', '/c/o', { 'X-Timestamp': 'now' }, 400],
    ['that is not held against an ETag', 'PUT', '/c/o', { 'X-Timestamp': now }, 400],
    ['with a query', 'PUT', '/c/o?multipart-manifest=put', dated, 400],
    [
      'that takes its place from far ahead',
      'PUT',
      '/c/o',
      { ...dated, 'X-Timestamp': '4000000000.00000' },
      409,
    ],
    ['in a container of this cluster alone', 'PUT', '/alone/o', dated, 409],
    ['in a container that is not there', 'PUT', '/none/o', dated, 409],
    ['with other bytes than its ETag', 'PUT', '/c/o', { ...dated, ETag: '0'.repeat(32) }, 422],
    ['with all that it needs', 'PUT', '/c/o', dated, 201],
  ])('an object change %s: %s of %s', async (_, method, path, headers, status) => {
    const sessions = await sessionsOf(await freshUser());
    await sessions.via['one']!.request('PUT', '/c');
    await sessions.direct['one']!.request('PUT', '/alone');
    const list = HeaderList.from(Object.entries(headers));
    const target = `/v1/${sessions.user.account}${path}`;
    expect((await deliver(signed({ method, target, headers: list, body: 'x' }))).status).toBe(status);
    const object = await sessions.direct['one']!.request('HEAD', path.split('?')[0]!);
    expect(object.status).toBe(status === 201 ? 200 : 404);
  });
});

describe('a client’s forged headers', () => {
  it('of gateways have no power', async () => {
    const sessions = await sessionsOf(await freshUser());
    const forged = {
      'X-Orig-Cluster': '//local/two',
      'x_orig_cluster': '//local/two',
      'X-Autosync-Placement': 'one',
      'X_Autosync_Placement': 'one',
      'X-Autosync-State': 'user',
      'X-Autosync-Named': 'x-container-read',
      'X-Autosync-Sync-Key': 'mine',
      'X-Container-Sync-Cluster': 'x',
    };
    expect((await sessions.via['one']!.request('PUT', '/c', forged)).status).toBe(201);
    const heads = Object.values(await headEverywhere(sessions, '/c'));
    expect(heads.map(({ headers }) => headers['x-container-sync-to'])).toEqual(
      ['two', 'three', 'one'].map((next) => `//local/${next}/${sessions.user.account}/c`),
    );
    expect(new Set(heads.map(({ headers }) => headers['x-container-sync-key'])).size).toBe(1);
    expect(heads[0]!.headers['x-container-sync-key']).not.toBe('mine');
  });

  it('of gateways bring nobody in', async () => {
    const { account } = await freshUser();
    const answer = await send(url, 'PUT', `/v1/${account}/c`, { 'X-Orig-Cluster': '//local/two' });
    expect(answer.status).toBe(401);
  });
});
