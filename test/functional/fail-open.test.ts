// What fails beside Swift does not fail the client; what fails in Swift is told at once, and leaves nothing behind.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { clusters, freshUser, send, SwiftSession, waitFor } from '../support/clusters.js';
import {
  expectEverywhere,
  expectStatusEverywhere,
  putSame,
  sessionsOf,
  statusEverywhere,
  type Sessions,
} from '../support/containers.js';
import { startGateway, type ExtraGateway } from '../support/extra-gateways.js';

const all = clusters();
const [here, there, third] = all.map(({ name }) => name) as [string, string, string];
const DEAD = 'http://127.0.0.1:1';
const pending = 'x-autosync-pending';

let sessions: Sessions;
beforeAll(async () => {
  sessions = await sessionsOf(await freshUser());
});

describe.each([
  ['the identity service is down', 'auth_url', `${DEAD}/auth/v1.0`],
  ["the service user's key is wrong", 'key', 'wrong'],
])('while %s', (_, option, value) => {
  let gateway: ExtraGateway;
  let session: SwiftSession;
  const name = (what: string): string => `/${what}-${option}`;
  beforeAll(async () => {
    gateway = await startGateway(all[0]!, { conf: [['service', option, value]] });
    session = await SwiftSession.login(gateway.url, sessions.user);
  });
  afterAll(async () => {
    await gateway.stop();
  });

  it('changes are done here, and the answer names the peers that do not know yet', async () => {
    const created = await session.request('PUT', name('c'), { 'X-Container-Meta-A': '1' });
    expect([created.status, created.headers[pending]]).toEqual([201, [there, third].join(', ')]);
    const changed = await session.request('POST', name('c'), { 'X-Container-Meta-A': '2' });
    expect([changed.status, changed.headers[pending]]).toEqual([204, [there, third].join(', ')]);
    const versioned = await session.request('POST', name('c'), { 'X-Versions-Enabled': 'true' });
    expect(versioned.status).toBeLessThan(500);
    const account = await session.request('POST', '', { 'X-Account-Meta-A': '1' });
    expect([account.status, account.headers[pending]]).toEqual([204, [there, third].join(', ')]);
    expect(await statusEverywhere(sessions, name('c'))).toEqual({ [here]: 204, [there]: 404, [third]: 404 });
    expect(gateway.logs()).toContain('[service]');
  });

  it('an empty container is deleted everywhere', async () => {
    await sessions.via[here]!.request('PUT', name('empty'));
    const answer = await session.request('DELETE', name('empty'));
    expect([answer.status, answer.headers[pending]]).toEqual([204, undefined]);
    await expectStatusEverywhere(sessions, name('empty'), 404);
  });

  it('the delete hole stays closed, and what others wrote is kept', async () => {
    for (const path of [name('hole'), name('written')]) {
      await sessions.via[here]!.request('PUT', path);
      await putSame(sessions, path, 'a', 'x');
      expect((await session.request('DELETE', `${path}/a`)).status).toBe(204);
    }
    expect((await session.request('DELETE', name('hole'))).status).toBe(204);
    await expectStatusEverywhere(sessions, name('hole'), 404);
    await sessions.direct[there]!.request('PUT', `${name('written')}/new`, {}, 'precious');
    expect((await session.request('DELETE', name('written'))).status).toBe(409);
    await expectStatusEverywhere(sessions, name('written'), 204);
  });
});

describe('while the identity service takes connections and says nothing', () => {
  it('objects are written and read all the same', async () => {
    const sockets: Socket[] = [];
    const silent: Server = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const conf = [
      ['service', 'auth_url', `http://127.0.0.1:${port}/auth/v1.0`],
      ['service', 'timeout', '600'],
    ] as const;
    const gateway = await startGateway(all[0]!, { conf });
    const session = sessions.via[here]!.at(gateway.url);
    await sessions.via[here]!.request('PUT', '/silent');
    expect((await session.request('PUT', '/silent/o', {}, 'written')).status).toBe(201);
    expect((await session.request('GET', '/silent/o')).text).toBe('written');
    expect((await session.request('POST', '/silent/o', { 'X-Object-Meta-A': 'a' })).status).toBe(202);
    expect((await session.request('DELETE', '/silent/o')).status).toBe(204);
    await gateway.stop();
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});

describe('a realm key that is not the others’', () => {
  it('lets changes through, and lets no object be lost by a container DELETE', async () => {
    const folder = join(all[0]!.plan.folder, 'wrong-realm');
    cpSync(all[0]!.swiftDir, folder, { recursive: true });
    const realms = join(folder, 'container-sync-realms.conf');
    writeFileSync(realms, readFileSync(realms, 'utf8').replace(/^key = .*$/m, 'key = wrong'));
    const gateway = await startGateway(all[0]!, { conf: [['DEFAULT', 'swift_dir', folder]] });
    const session = await SwiftSession.login(gateway.url, sessions.user);
    const created = await session.request('PUT', '/wrong-realm');
    expect([created.status, created.headers[pending]]).toEqual([201, undefined]);
    await expectEverywhere(sessions, '/wrong-realm');
    await putSame(sessions, '/wrong-realm', 'a', 'x');
    await session.request('DELETE', '/wrong-realm/a');
    expect((await session.request('DELETE', '/wrong-realm')).status).toBe(409);
    expect((await sessions.direct[there]!.request('HEAD', '/wrong-realm/a')).status).toBe(200);
    expect(gateway.logs()).toContain('realm key');
    await gateway.stop();
    rmSync(folder, { recursive: true });
  });
});

describe('while the local Swift is down', () => {
  it('every change is 503 with Retry-After, says what to check, and reaches no peer', async () => {
    const gateway = await startGateway(all[0]!, { conf: [['app:proxy', 'upstream', DEAD]] });
    const target = `/v1/${sessions.user.account}/swift-down`;
    const headers = { 'X-Auth-Token': sessions.via[here]!.token };
    await sessions.via[here]!.request('PUT', '/swift-down');
    for (const method of ['PUT', 'POST', 'DELETE']) {
      const answer = await send(gateway.url, method, target, { ...headers, 'X-Container-Meta-A': 'x' });
      expect([answer.status, answer.headers['retry-after']], method).toEqual([503, '1']);
      expect(answer.text).toContain('[app:proxy] upstream');
    }
    const account = await send(gateway.url, 'POST', `/v1/${sessions.user.account}`, headers);
    expect(account.status).toBe(503);
    await expectEverywhere(sessions, '/swift-down', { 'X-Container-Meta-A': undefined });
    await gateway.stop();
  });
});

describe('a Swift that breaks off or hangs in the middle of a change', () => {
  let server: Server | undefined;
  const sockets = new Set<Socket>();
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server?.close();
  });

  async function brokenSwift(behave: (socket: Socket) => void): Promise<string> {
    const created = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => sockets.delete(socket));
      socket.on('data', () => behave(socket));
    });
    server = created;
    await new Promise<void>((resolve) => created.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(created.address() as AddressInfo).port}`;
  }

  it.each<[what: string, behave: (socket: Socket) => void, saysSuccess?: boolean]>([
    ['closes before it answers', (socket) => socket.destroy()],
    ['says what is not HTTP', (socket) => socket.end('nonsense\r\n\r\n')],
    ['hangs', () => undefined],
    [
      'promises a body that never comes',
      (socket) => socket.write('HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\n'),
      true,
    ],
  ])('%s: the client gets no success, and no connection stays behind', async (_, behave, saysSuccess) => {
    const upstream = await brokenSwift(behave);
    const gateway = await startGateway(all[0]!, {
      conf: [
        ['app:proxy', 'upstream', upstream],
        ['app:proxy', 'response_timeout', '1'],
      ],
    });
    const target = `/v1/${sessions.user.account}/broken`;
    const requests = Array.from({ length: 8 }, (_, i) =>
      send(gateway.url, 'PUT', `${target}-${i}`, { 'X-Auth-Token': 'x' }).then(
        (answer) => answer.status,
        () => 'cut',
      ),
    );
    for (const answer of await Promise.all(requests)) expect([502, 503, 504, 'cut']).toContain(answer);
    await waitFor('no connection to Swift is left', () => sockets.size === 0);
    if (!saysSuccess) await expectStatusEverywhere(sessions, '/broken-0', 404);
    await gateway.stop();
  });
});
