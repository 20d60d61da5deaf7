// Swift's own container sync gets in by its signature, in the forms that its daemon sends; the signature opens nothing else.
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { HeaderList } from '../../src/http/headers.js';
import { canonicalPath, signContainerSync } from '../../src/sync/container-sync-auth.js';
import { parseTimestamp } from '../../src/swift/timestamp.js';
import { cluster, freshUser, realm, send, type User } from '../support/clusters.js';
import { sendDated, sessionsOf, type Sessions } from '../support/containers.js';
import { siteOf } from '../support/daemon.js';
import type { SwiftSession } from '../support/swift-client.js';

const SECRET = 'what only the owner may read';
let sessions: Sessions;
let user: User;
let containerKey: string;

beforeAll(async () => {
  user = await freshUser();
  sessions = await sessionsOf(user);
  await sessions.via['one']!.request('PUT', '/c');
  await sessions.via['one']!.request('PUT', '/private');
  await sessions.direct['one']!.request('PUT', '/private/o', {}, SECRET);
  await sessions.direct['one']!.request('PUT', '/c/o', {}, 'old');
  const { headers } = await sessions.direct['one']!.request('HEAD', '/c');
  containerKey = headers['x-container-sync-key']!;
});

function stamp(aheadSeconds = 0): string {
  return (Date.now() / 1000 + aheadSeconds).toFixed(5);
}

interface Forged {
  readonly method: string;
  readonly path: string;
  readonly timestamp?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly key?: string;
  /** What the signature is for, where it is not for this very request. */
  readonly signedMethod?: string;
  readonly signedPath?: string;
}

/** To cluster one, signed as the daemon of cluster three would. */
function deliver(request: Forged) {
  const { method, path, timestamp = stamp(), headers = [], body } = request;
  const target = `/v1/${user.account}${path}`;
  const auth = signContainerSync({
    method: request.signedMethod ?? method,
    path: canonicalPath(`/v1/${user.account}${request.signedPath ?? path}`),
    timestamp,
    realm: 'LOCAL',
    realmKey: realm().realmKey,
    containerKey: request.key ?? containerKey,
  });
  const fields = ['X-Container-Sync-Auth', auth, 'X-Timestamp', timestamp, ...headers];
  return send(cluster('one').gatewayUrl, method, target, fields, body);
}

/** The container's listing, and its object: what a refused request may not change. */
async function contents() {
  const { one } = sessions.direct;
  const [listing, object, container] = await Promise.all([
    one!.request('GET', '/c?format=json'),
    one!.request('GET', '/c/o'),
    one!.request('HEAD', '/c'),
  ]);
  const { 'x-container-meta-a': meta, 'x-container-read': acl } = container.headers;
  return [listing.text, object.text, meta, acl];
}

const REFUSED: readonly (readonly [string, () => Forged])[] = [
  ['GET of an object', () => ({ method: 'GET', path: '/c/o' })],
  ['POST of an object', () => ({ method: 'POST', path: '/c/o', headers: ['X-Object-Meta-A', 'b'] })],
  ['COPY of an object', () => ({ method: 'COPY', path: '/c/o', headers: ['Destination', 'c/p'] })],
  ['a listing', () => ({ method: 'GET', path: '/c' })],
  ['HEAD of the container', () => ({ method: 'HEAD', path: '/c' })],
  ['POST of the container', () => ({ method: 'POST', path: '/c', headers: ['X-Container-Meta-A', 'b'] })],
  ['PUT of the container', () => ({ method: 'PUT', path: '/c', headers: ['X-Container-Read', '.r:*'] })],
  ['DELETE of the container', () => ({ method: 'DELETE', path: '/c' })],
  ['a request for the account', () => ({ method: 'GET', path: '' })],
  ['a manifest put by query', () => ({ method: 'PUT', path: '/c/p?multipart-manifest=put', body: '[]' })],
  ['a manifest deleted by query', () => ({ method: 'DELETE', path: '/c/o?multipart-manifest=delete' })],
  ['an empty query', () => ({ method: 'PUT', path: '/c/p?', body: 'x' })],
  [
    'a copy',
    () => ({ method: 'PUT', path: '/c/p', headers: ['X-Copy-From', '/private/o', 'Content-Length', '0'] }),
  ],
  [
    'a copy spelled with _',
    () => ({ method: 'PUT', path: '/c/p', headers: ['X_Copy_From', '/private/o', 'Content-Length', '0'] }),
  ],
  [
    'a copy from another account',
    () => ({
      method: 'PUT',
      path: '/c/p',
      headers: ['X-Copy-From', '/c/o', 'X-Copy-From-Account', 'AUTH_t0', 'Content-Length', '0'],
    }),
  ],
  ['a date an hour ahead', () => ({ method: 'PUT', path: '/c/o', timestamp: stamp(3600), body: 'new' })],
  ['a deletion dated an hour ahead', () => ({ method: 'DELETE', path: '/c/o', timestamp: stamp(3600) })],
  ['no date', () => ({ method: 'PUT', path: '/c/p', timestamp: '', body: 'x' })],
  ['a date that is none', () => ({ method: 'PUT', path: '/c/p', timestamp: 'now', body: 'x' })],
  ['two dates', () => ({ method: 'PUT', path: '/c/o', headers: ['X-Timestamp', stamp(3600)], body: 'new' })],
  [
    'a second date spelled with _',
    () => ({ method: 'PUT', path: '/c/o', headers: ['X_Timestamp', stamp(3600)], body: 'new' }),
  ],
  [
    'two signatures',
    () => ({ method: 'PUT', path: '/c/o', headers: ['X-Container-Sync-Auth', 'a b c'], body: 'new' }),
  ],
  ['another key', () => ({ method: 'PUT', path: '/c/o', key: 'guessed', body: 'new' })],
  ['a signature for another method', () => ({ method: 'DELETE', path: '/c/o', signedMethod: 'HEAD' })],
  [
    'a signature for another object',
    () => ({ method: 'PUT', path: '/c/o', signedPath: '/c/p', body: 'new' }),
  ],
  [
    'a signature for another container',
    () => ({ method: 'PUT', path: '/private/o', signedPath: '/c/o', body: 'new' }),
  ],
];

describe('container sync’s signature', () => {
  it.each(REFUSED)('does not open the way for %s', async (_, make) => {
    const before = await contents();
    const answer = await deliver(make());
    expect(answer.status).toBe(401);
    expect(answer.text).not.toContain(SECRET);
    expect(answer.text).not.toContain(containerKey);
    expect(await contents()).toEqual(before);
    expect((await sessions.direct['one']!.request('GET', '/private/o')).text).toBe(SECRET);
  });

  it('lets in HEAD, PUT and DELETE of an object as the daemon sends them', async () => {
    expect((await deliver({ method: 'HEAD', path: '/c/new' })).status).toBe(404);
    const dated = stamp();
    const headers = ['X-Object-Meta-Colour', 'red', 'Content-Type', 'text/x-odd'];
    const put = await deliver({ method: 'PUT', path: '/c/new', timestamp: dated, headers, body: 'synced' });
    expect(put.status).toBe(201);
    const head = await deliver({ method: 'HEAD', path: '/c/new' });
    expect([head.status, head.headers['x-timestamp']]).toEqual([200, dated]);
    expect((await sessions.direct['one']!.request('GET', '/c/new')).text).toBe('synced');
    expect((await deliver({ method: 'DELETE', path: '/c/new' })).status).toBe(204);
    expect((await sessions.direct['one']!.request('HEAD', '/c/new')).status).toBe(404);
  });

  it('a deletion older than a POST here deletes nothing, whoever brings it, and who has no key is not told', async () => {
    const { one } = sessions.direct;
    const put = await deliver({ method: 'PUT', path: '/c/posted', timestamp: stamp(-10), body: 'kept' });
    expect(put.status).toBe(201);
    expect((await one!.request('POST', '/c/posted', { 'X-Object-Meta-A': '1' })).status).toBe(202);
    const older = { method: 'DELETE', path: '/c/posted', timestamp: stamp(-5) };
    expect((await deliver({ ...older, key: 'wrong' })).status).toBe(401);
    expect((await deliver(older)).status).toBe(409);
    const target = `/v1/${user.account}/c/posted`;
    const headers = HeaderList.from([['X-Timestamp', older.timestamp]]);
    const copied = await siteOf('two').site.clusters.peer('one')!.send({ method: 'DELETE', target, headers });
    expect(copied).toMatchObject({ kind: 'answer', answer: { status: 409 } });
    expect((await one!.request('GET', '/c/posted')).text).toBe('kept');
    expect((await deliver({ ...older, timestamp: stamp() })).status).toBe(204);
    expect((await one!.request('GET', '/c/posted')).status).toBe(404);
  });

  it('bytes older than those here do not come by the date of a POST, and newer ones do', async () => {
    const { one, three } = sessions.direct as Record<string, SwiftSession>;
    const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
    const [old, posted] = [BigInt(Date.now()) * 100n - 1_000_000n, stamp(-2)];
    const bring = (object: string, body: string, key?: string) =>
      deliver({
        method: 'PUT',
        path: `/c/${object}`,
        timestamp: posted,
        headers: ['ETag', md5(body)],
        body,
        ...(key && { key }),
      });
    for (const object of ['older', 'newer']) {
      await sendDated(three!, 'PUT', `/c/${object}`, old, { body: 'there' });
      await sendDated(three!, 'POST', `/c/${object}`, parseTimestamp(posted)!, {
        headers: { 'X-Object-Meta-A': '1' },
      });
    }
    await sendDated(one!, 'PUT', '/c/older', old - 100n, { body: 'here' });
    await sendDated(one!, 'PUT', '/c/newer', old + 100n, { body: 'here' });
    expect((await bring('newer', 'there', 'wrong')).status).toBe(401);
    expect((await bring('newer', 'there')).status).toBe(409);
    expect((await bring('older', 'there')).status).toBe(201);
    expect((await one!.request('GET', '/c/newer')).text).toBe('here');
    expect((await one!.request('GET', '/c/older')).text).toBe('there');
    // Once the newer bytes are there, what comes has them.
    expect((await bring('newer', 'here')).status).toBe(201);
  });

  it('with a key that is not ours any more, or never was, is for Swift to judge', async () => {
    const own = { 'X-Container-Sync-Key': 'the owner’s'.replace('’', '') };
    await sessions.direct['one']!.request('PUT', '/own', own);
    const key = own['X-Container-Sync-Key'];
    expect((await deliver({ method: 'PUT', path: '/own/o', key, body: 'x' })).status).toBe(201);
    expect((await deliver({ method: 'PUT', path: '/own/p', body: 'x' })).status).toBe(401);
  });
});
