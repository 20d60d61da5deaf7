// While a cluster's Swift is down, its gateway has changes done by the others (`failover = all`); all of them come home by themselves.
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { Readable } from 'node:stream';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { SERVED_BY } from '../support/as-there.js';
import { clusters, freshUser, send, waitFor, type Answer, type TestCluster } from '../support/clusters.js';
import { waitUntilSame } from '../support/compare.js';
import { withContainerSync } from '../support/container-sync.js';
import { headEverywhere, sessionsOf, statusEverywhere, type Sessions } from '../support/containers.js';
import { pass } from '../support/daemon.js';
import {
  planPort,
  startGateway,
  startGateways,
  type Conf,
  type ExtraGateway,
  type ExtraGateways,
} from '../support/extra-gateways.js';
import { outageOf } from '../support/outage.js';
import { exchange } from '../support/raw-http.js';
import { shareToken } from '../support/shared-token.js';
import type { SwiftSession } from '../support/swift-client.js';
import { tempUrl } from '../support/temp-url.js';

const all = clusters();
const [first, ...others] = all as [TestCluster, ...TestCluster[]];
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];
const PENDING = 'x-autosync-pending';
const TEMP_URL_KEY = 'key-of-the-account';
const FAILOVER: Conf = [
  ['filter:autosync', 'copy_jobs', 'true'],
  ['filter:autosync', 'failover', 'all'],
  ['filter:autosync', 'peer_probe_interval', '0.2'],
];

let gateways: ExtraGateways;
let sessions: Sessions;
let down: Conf;

beforeAll(async () => {
  gateways = await startGateways(FAILOVER);
  down = [['app:proxy', 'upstream', `http://127.0.0.1:${await planPort()}`]];
});
beforeEach(async () => {
  sessions = await sessionsOf(await freshUser());
  await sessions.via[one]!.request('POST', '', { 'X-Account-Meta-Temp-URL-Key': TEMP_URL_KEY });
  expect((await sessions.via[one]!.request('PUT', '/c')).status).toBe(201);
});

function peersAt(urls: Readonly<Record<string, string>>): Conf {
  return Object.entries(urls).map(([name, url]) => [`cluster:${name}`, 'gateway', url] as const);
}

function urlsOf(): Record<string, string> {
  return Object.fromEntries(Object.entries(gateways).map(([name, { url }]) => [name, url]));
}

/** Another gateway of the first cluster, whose Swift nobody can reach. */
function startCutOff(peers: Readonly<Record<string, string>>, conf: Conf = []): Promise<ExtraGateway> {
  return startGateway(first, { conf: [...FAILOVER, ...down, ...peersAt(peers), ...conf] });
}

/** The user's session at a gateway of the first cluster, with a token that all clusters know. */
async function knownAt(url: string): Promise<SwiftSession> {
  const session = sessions.direct[one]!.at(url);
  await shareToken(session.token, first, others);
  return session;
}

/** With a TempURL and no token. */
function putSigned(url: string, path: string, body: string, key = TEMP_URL_KEY): Promise<Answer> {
  return send(url, 'PUT', tempUrl('PUT', `/v1/${sessions.user.account}${path}`, key), {}, body);
}

function expectDoneElsewhere({ status, headers, text }: Answer, expected: number): void {
  expect(status, text).toBe(expected);
  expect(headers[SERVED_BY]).toMatch(/^(two|three)$/);
  expect(headers[PENDING]?.split(', ')).toContain(one);
}

function portOf({ url }: ExtraGateway): number {
  return Number(new URL(url).port);
}

describe('while no proxy server of the local Swift answers', () => {
  let cutOff: ExtraGateway;
  let here: SwiftSession;
  beforeAll(async () => {
    cutOff = await startCutOff(urlsOf());
  });
  beforeEach(async () => {
    here = await knownAt(cutOff.url);
  });

  it('objects are put, changed, copied and deleted by another cluster, and all clusters follow', async () => {
    const headers = { 'Content-Type': 'text/x', 'X-Object-Meta-N': '1' };
    expectDoneElsewhere(await here.request('PUT', '/c/a%20b', headers, 'hello'), 201);
    await waitUntilSame(sessions.user, 'c');
    expectDoneElsewhere(await here.request('POST', '/c/a%20b', { 'X-Object-Meta-N': '2' }), 202);
    expectDoneElsewhere(await here.request('COPY', '/c/a%20b', { Destination: 'c/copied' }), 201);
    const from = { 'X-Copy-From': '/c/a%20b', 'Content-Length': '0' };
    expectDoneElsewhere(await here.request('PUT', '/c/from', from), 201);
    await waitUntilSame(sessions.user, 'c');
    await waitFor('metadata is everywhere', async () =>
      Object.values(await headEverywhere(sessions, '/c/a%20b')).every(
        (head) => head.headers['x-object-meta-n'] === '2',
      ),
    );
    expect((await sessions.direct[one]!.request('GET', '/c/copied')).text).toBe('hello');
    expectDoneElsewhere(await here.request('DELETE', '/c/a%20b'), 204);
    await waitFor('it is gone everywhere', async () =>
      Object.values(await statusEverywhere(sessions, '/c/a%20b')).every((status) => status === 404),
    );
  });

  it('bodies of any size and framing arrive whole, once they are asked for', async () => {
    const bytes = randomBytes(5 * 1024 * 1024);
    const md5 = createHash('md5').update(bytes).digest('hex');
    expectDoneElsewhere(await here.request('PUT', '/c/large', { Etag: md5 }, bytes), 201);
    expect((await here.request('PUT', '/c/large', { Etag: '0'.repeat(32) }, 'x')).status).toBe(422);
    expectDoneElsewhere(await here.request('PUT', '/c/chunked', {}, Readable.from(['a', 'bc'])), 201);
    const head = [
      `PUT /v1/${sessions.user.account}/c/asked HTTP/1.1`,
      ...['Host: x', `X-Auth-Token: ${here.token}`, 'Content-Length: 4', 'Expect: 100-continue', '', ''],
    ];
    const parts = [Buffer.from(head.join('\r\n')), 'wait-for-100', Buffer.from('body')] as const;
    const asked = await exchange(portOf(cutOff), 'PUT', parts);
    expect([asked.informational, asked.status]).toEqual([[100], 201]);
    await waitUntilSame(sessions.user, 'c');
    const get = async (name: string): Promise<string> =>
      (await sessions.direct[one]!.request('GET', `/c/${name}`)).text;
    expect([await get('chunked'), await get('asked')]).toEqual(['abc', 'body']);
    expect((await sessions.direct[one]!.request('HEAD', '/c/large')).headers['etag']).toBe(md5);
  });

  it('of what was written both here and elsewhere the newest stays', async () => {
    const local = here.at(gateways[one]!.url);
    const write = async (session: SwiftSession, path: string, body: string): Promise<void> =>
      expect((await session.request('PUT', path, {}, body)).status).toBe(201);
    await Promise.all([
      write(local, '/c/first-here', 'here').then(() => write(here, '/c/first-here', 'elsewhere')),
      write(here, '/c/first-elsewhere', 'elsewhere').then(() => write(local, '/c/first-elsewhere', 'here')),
      write(local, '/c/at-once', 'here'),
      write(here, '/c/at-once', 'elsewhere'),
    ]);
    await waitUntilSame(sessions.user, 'c');
    for (const { name } of all) {
      const get = async (object: string): Promise<string> =>
        (await sessions.direct[name]!.request('GET', `/c/${object}`)).text;
      expect([await get('first-here'), await get('first-elsewhere')]).toEqual(['elsewhere', 'here']);
    }
  });

  it('a TempURL is good, and nobody writes without', async () => {
    expectDoneElsewhere(await putSigned(cutOff.url, '/c/o', 'x'), 201);
    expect((await putSigned(cutOff.url, '/c/p', 'x', 'another')).status).toBe(401);
    const path = `/v1/${sessions.user.account}/c/p`;
    expect((await send(cutOff.url, 'PUT', path, {}, 'x')).status).toBe(401);
    expect((await send(cutOff.url, 'DELETE', `/v1/${sessions.user.account}/c`)).status).toBe(401);
    await waitUntilSame(sessions.user, 'c');
    expect(await statusEverywhere(sessions, '/c/p')).toEqual({ one: 404, two: 404, three: 404 });
  });

  it('containers are made, changed and deleted, and accounts changed, on all clusters', async () => {
    const settings = {
      'X-Container-Read': '.r:*',
      'X-Container-Meta-Colour': 'red',
      'X-Container-Sync-Key': 'own',
    };
    const made = await here.request('PUT', '/made', settings);
    expectDoneElsewhere(made, 201);
    expect(made.headers['x-autosync-warning']).toContain('x-container-sync-key ignored');
    expectDoneElsewhere(await here.request('POST', '/made', { 'X-Container-Meta-Colour': 'blue' }), 204);
    for (const { headers } of Object.values(await headEverywhere(sessions, '/made'))) {
      expect(headers).toMatchObject({ 'x-container-read': '.r:*', 'x-container-meta-colour': 'blue' });
      expect(headers['x-container-sync-key']).not.toBe('own');
    }
    expectDoneElsewhere(await here.request('POST', '', { 'X-Account-Meta-Book': 'Moby' }), 204);
    for (const { headers } of Object.values(await headEverywhere(sessions, '')))
      expect(headers['x-account-meta-book']).toBe('Moby');
    expectDoneElsewhere(await here.request('DELETE', '/made'), 204);
    expect(await statusEverywhere(sessions, '/made')).toEqual({ one: 404, two: 404, three: 404 });
    await here.request('PUT', '/c/o', {}, 'x');
    expect((await here.request('DELETE', '/c')).status).toBe(409);
  });

  it('what is private is read and listed by a token that all clusters know, but by no stranger’s', async () => {
    expectDoneElsewhere(await here.request('PUT', '/c/o', {}, 'hello'), 201);
    await waitUntilSame(sessions.user, 'c');
    const shown = { '/c/o': 'hello', '/c': 'o\n', '': 'c\n' };
    for (const [path, text] of Object.entries(shown)) {
      const answer = await here.request('GET', path);
      expect([path, answer.status, answer.text]).toEqual([path, 200, text]);
      expect(answer.headers[SERVED_BY]).toMatch(/^(two|three)$/);
    }
    const stranger = (await sessionsOf(await freshUser())).direct[one]!.at(cutOff.url);
    await shareToken(stranger.token, first, others);
    const theirs = stranger.in(sessions.user.account);
    for (const path of Object.keys(shown)) expect((await theirs.request('GET', path)).status, path).toBe(403);
  });

  it('a token of this cluster alone is a 503 that says why, and nothing is done', async () => {
    const { via } = await sessionsOf(await freshUser());
    const alone = via[one]!.at(cutOff.url);
    for (const answer of [
      await alone.request('PUT', '/made'),
      await alone.request('PUT', '/c/o', {}, 'x'),
      await alone.request('POST', '', { 'X-Account-Meta-Book': 'Moby' }),
    ]) {
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
      expect(answer.text).toContain('one identity service');
    }
    expect((await via[two]!.request('GET', '')).text).toBe('');
  });

  it('what is not there elsewhere is a 503, and no 404', async () => {
    for (const answer of [
      await here.request('POST', '/c/none', { 'X-Object-Meta-N': '1' }),
      await here.request('COPY', '/c/none', { Destination: 'c/copied' }),
      await here.request('PUT', '/none/o', {}, 'x'),
      await here.request('DELETE', '/none'),
    ]) {
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
      expect(answer.text).toMatch(/Not on (two|three)/);
    }
  });

  it('what other clusters cannot do in its place stays a 503', async () => {
    for (const answer of [
      await here.request('DELETE', ''),
      await here.request('POST', '?bulk-delete', { 'Content-Type': 'text/plain' }, 'c/o\n'),
      await here.request('POST', '/c', { 'X-Versions-Enabled': 'true' }),
    ])
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
  });

  it('metadata may have any name that Swift takes', async () => {
    const head = [
      `PUT /v1/${sessions.user.account}/c/o HTTP/1.1`,
      ...['Host: x', `X-Auth-Token: ${here.token}`, 'X-Object-Meta-\u00e9: 1', 'Content-Length: 1', '', 'x'],
    ];
    expect((await exchange(portOf(cutOff), 'PUT', [Buffer.from(head.join('\r\n'))])).status).toBe(201);
  });

  it('objects of a versioned container stay where they are written', async () => {
    await sessions.via[one]!.request('PUT', '/versioned', { 'X-Versions-Enabled': 'true' });
    const answer = await here.request('PUT', '/versioned/o', {}, 'x');
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(await statusEverywhere(sessions, '/versioned/o')).toEqual({ one: 404, two: 404, three: 404 });
  });

  it('takes nothing from a client that only gateways may say', async () => {
    const headers = { 'X-Autosync-Acts-As': 'granted', 'X-Timestamp': '1.00000' };
    const path = `/v1/${sessions.user.account}/c/o`;
    expect((await send(cutOff.url, 'PUT', path, headers, 'x')).status).toBe(401);
    expectDoneElsewhere(await here.request('PUT', '/c/o', headers, 'x'), 201);
    await waitUntilSame(sessions.user, 'c');
    const head = await sessions.direct[one]!.request('HEAD', '/c/o');
    expect(Number(head.headers['x-timestamp'])).toBeGreaterThan(1e9);
  });

  it('is ready for reads and writes', async () => {
    const ready = await send(cutOff.url, 'GET', '/healthcheck/ready');
    expect([ready.status, ready.text]).toEqual([200, expect.stringContaining('OK, reads and writes by')]);
    const metrics = await send(cutOff.adminUrl, 'GET', '/metrics');
    expect(metrics.text).toMatch(/autosync_writes_to_peers_total\{why="down"\} [1-9]/);
  });
});

describe('a peer', () => {
  it('whose Swift is down as well passes nothing on: the next is asked, and where none is left the answer is 503', async () => {
    const [twoDown, threeDown] = await Promise.all(
      others.map((each) => startGateway(each, { conf: [...FAILOVER, ...down, ...peersAt(urlsOf())] })),
    );
    const [cutOff, alone] = await Promise.all([
      startCutOff({ ...urlsOf(), [two]: twoDown!.url }, [['filter:autosync', 'read_order', two]]),
      startCutOff({ [two]: twoDown!.url, [three]: threeDown!.url }),
    ]);
    const here = await knownAt(cutOff.url);
    const done = [
      await here.request('PUT', '/c/o', {}, 'x'),
      await here.request('PUT', '/made'),
      await here.request('POST', '', { 'X-Account-Meta-Book': 'Moby' }),
    ];
    expect(done.map(({ status, headers }) => [status, headers[SERVED_BY]])).toEqual([
      [201, three],
      [201, three],
      [204, three],
    ]);
    for (const [method, path] of [['PUT', '/c/p'] as const, ['PUT', '/other'] as const]) {
      const refused = await here.at(alone.url).request(method, path, {}, 'x');
      expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    }
    await waitUntilSame(sessions.user, 'c');
    expect(await statusEverywhere(sessions, '/c/p')).toEqual({ one: 404, two: 404, three: 404 });
  });

  it('that may have done it is the last that is asked', async () => {
    const server = await breakingOff();
    const { port } = server.address() as { port: number };
    const peers = { ...urlsOf(), [two]: `http://127.0.0.1:${port}` };
    const cutOff = await startCutOff(peers, [['filter:autosync', 'read_order', two]]);
    const here = await knownAt(cutOff.url);
    const answer = await here.request('PUT', '/c/o', {}, 'x');
    expect([answer.status, answer.text]).toEqual([
      503,
      expect.stringContaining('two, which may have done it'),
    ]);
    expect(await statusEverywhere(sessions, '/c/o')).toEqual({ one: 404, two: 404, three: 404 });
  });
});

/** Takes every change, and says nothing of it. */
async function breakingOff(): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.method === 'GET') response.end('OK');
    else request.resume().on('end', () => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return server;
}

describe('a cluster whose proxy servers are killed and started again', () => {
  // Copies of what is in a container that is not here yet are refused: container sync brings that.
  withContainerSync();
  const outage = outageOf(first, ['proxy']);

  it('has in the end what was written in its place, and of what both sides wrote the newest', async () => {
    const here = await knownAt(gateways[one]!.url);
    await here.request('PUT', '/c/both', {}, 'written here before');
    await here.request('PUT', '/c/lost', {}, 'to be deleted');
    await waitUntilSame(sessions.user, 'c');
    await here.request('PUT', '/old', { 'X-Container-Meta-Colour': 'red' });
    await outage.begin();
    expectDoneElsewhere(await here.request('PUT', '/c/both', {}, 'written elsewhere'), 201);
    expectDoneElsewhere(await putSigned(here.baseUrl, '/c/temp', 'by TempURL'), 201);
    expectDoneElsewhere(await here.request('DELETE', '/c/lost'), 204);
    expectDoneElsewhere(await here.request('PUT', '/new', { 'X-Container-Meta-Colour': 'green' }), 201);
    expectDoneElsewhere(await here.request('PUT', '/new/o', {}, 'in a new container'), 201);
    expectDoneElsewhere(await here.request('POST', '/c', { 'X-Container-Meta-Colour': 'blue' }), 204);
    expectDoneElsewhere(await here.request('DELETE', '/old'), 204);
    await outage.end();
    await waitFor('it serves again', async () => {
      const answer = await here.request('PUT', '/c/after', {}, 'after');
      return answer.status === 201 && answer.headers[SERVED_BY] === undefined;
    });
    await waitFor('all that was pending is told', async () => {
      for (const name of [two, three]) await pass(name, sessions.user);
      return (await sessions.direct[one]!.request('HEAD', '/old')).status === 404;
    });
    for (const container of ['c', 'new', 'old']) await waitUntilSame(sessions.user, container);
    const get = async (path: string): Promise<string> =>
      (await sessions.direct[one]!.request('GET', path)).text;
    expect([await get('/c/both'), await get('/c/temp'), await get('/new/o')]).toEqual([
      'written elsewhere',
      'by TempURL',
      'in a new container',
    ]);
    expect(await statusEverywhere(sessions, '/c/lost')).toEqual({ one: 404, two: 404, three: 404 });
    const { headers } = await sessions.direct[one]!.request('HEAD', '/c');
    expect(headers['x-container-meta-colour']).toBe('blue');
  });

  it('loses no acknowledged write of clients that go on writing', async () => {
    const here = await knownAt(gateways[one]!.url);
    const acknowledged = new Map<string, string>();
    const doneBy = new Set<string>();
    const writing = { isOver: false };
    const writer = async (name: string): Promise<void> => {
      for (let n = 0; !writing.isOver; n += 1) {
        const [path, body] = [`/c/${name}-${n % 7}`, `${name} ${n}`];
        const answer = await here.request('PUT', path, {}, body).catch(() => undefined);
        if (answer?.status === 201) {
          acknowledged.set(path, body);
          doneBy.add(answer.headers[SERVED_BY] ?? one);
        } else acknowledged.delete(path);
      }
    };
    const writers = ['a', 'b', 'c'].map(writer);
    await waitFor('it writes here', () => doneBy.has(one));
    await outage.begin();
    await waitFor('others write', () => doneBy.has(two) || doneBy.has(three));
    await outage.end();
    doneBy.clear();
    await waitFor('it writes here again', () => doneBy.has(one));
    writing.isOver = true;
    await Promise.all(writers);
    await waitUntilSame(sessions.user, 'c');
    expect(acknowledged.size).toBeGreaterThan(0);
    for (const [path, body] of acknowledged)
      expect([path, (await sessions.direct[one]!.request('GET', path)).text]).toEqual([path, body]);
  });
});
