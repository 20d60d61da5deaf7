// A container whose objects are on other clusters only is listed and counted through this cluster's gateway as it is there; who may see
// what, this cluster's Swift says.
import { createServer, request as httpRequest } from 'node:http';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clusters, freshUser, link, restoreLinks, send, waitFor, type Answer } from '../support/clusters.js';
import { expectAsThere, SERVED_BY } from '../support/as-there.js';
import { putSame, sessionsOf, type Sessions } from '../support/containers.js';
import { planPort, type ExtraGateway } from '../support/extra-gateways.js';
import { startPlacing } from '../support/placing.js';
import { SwiftSession } from '../support/swift-client.js';

const all = clusters();
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];
const ELSEWHERE = { default: `${two}, ${three}` };
const PARTIAL = 'x-autosync-partial';
const COUNT = 'x-container-object-count';
/** Each cluster's own, of a container that is the same everywhere. */
const OF_THE_CLUSTER = new Set([
  ...['x-timestamp', 'last-modified', 'x-container-sync-to', 'x-container-sync-key', 'x-storage-policy'],
]);

let gateway: ExtraGateway;
let sessions: Sessions;
/** Through a gateway of the first cluster that places everything on the others. */
let here: SwiftSession;
/** Straight at a cluster that has the objects. */
let there: SwiftSession;

beforeAll(async () => {
  gateway = await startPlacing(ELSEWHERE);
});
beforeEach(async () => {
  sessions = await sessionsOf(await freshUser());
  here = await SwiftSession.login(gateway.url, sessions.user);
  there = sessions.direct[two]!;
});
afterEach(async () => {
  await restoreLinks();
  await waitFor('all peers are up again', async () => {
    const { headers } = await here.request('PUT', '/healed');
    return headers['x-autosync-pending'] === undefined;
  });
});

const pathOf = (path: string): string => `/v1/${sessions.user.account}${path}`;

/** Makes a container through the gateway. */
async function make(container: string, headers: Record<string, string> = {}): Promise<void> {
  expect((await here.request('PUT', container, headers)).status).toBe(201);
}

/** The same objects on both clusters that the container is placed on. */
async function fill(container: string, ...names: string[]): Promise<void> {
  const direct = { [two]: sessions.direct[two]!, [three]: sessions.direct[three]! };
  for (const name of names) await putSame({ direct }, container, name, `bytes of ${name}`);
}

function expectListed(path: string, method = 'GET', headers: Record<string, string> = {}): Promise<Answer> {
  return expectAsThere(here, there, method, path, headers, OF_THE_CLUSTER);
}

describe('a container that is placed elsewhere', () => {
  const NAMES = [
    'a',
    'a b',
    'a/1',
    'a/2',
    'b/c/d',
    'ü/…',
    '100%',
    'quo"te',
    '<&>',
    'a//b',
    'plus+and&x=y',
    ' ',
  ];
  const QUERIES = [
    ...['', '?limit=2', '?marker=a', '?end_marker=b', '?marker=a&end_marker=b&limit=1', '?prefix=a/'],
    ...['?delimiter=/', '?prefix=a&delimiter=/', '?prefix=%C3%BC', '?path=', '?path=a', '?reverse=on'],
    ...['?reverse=true&marker=b&limit=3', '?delimiter=%20', '?limit=0', '?prefix=none', '?marker=a+b'],
    ...['?prefix=plus%2B', '?limit=1&limit=3', '?multipart-manifest=get&symlink=get&x=y', '?%6Cimit=1'],
  ];

  it('is listed as it is there, in every format, with every parameter', async () => {
    await make('/c', { 'X-Container-Meta-Colour': 'blue' });
    await fill('/c', ...NAMES);
    for (const query of QUERIES) {
      for (const format of ['', 'format=plain', 'format=json', 'format=xml']) {
        const joined = [query.slice(1), format].filter((part) => part !== '').join('&');
        const answer = await expectListed(joined === '' ? '/c' : `/c?${joined}`);
        expect([answer.headers[SERVED_BY], answer.headers[PARTIAL]]).toEqual([two, undefined]);
      }
    }
  });

  it('is listed as Accept says, and refused as Swift refuses', async () => {
    await make('/c');
    await fill('/c', 'o');
    for (const accept of [
      'application/json',
      'text/xml',
      'text/plain',
      '*/*',
      'application/xml;q=0.5, text/plain;q=0.1',
    ])
      await expectListed('/c', 'GET', { Accept: accept });
    expect((await here.request('GET', '/c', { Accept: 'image/png' })).status).toBe(406);
    for (const query of ['limit=x', 'limit=100000', 'format=%00', 'prefix=%FF', 'delimiter=%00']) {
      const [got, wanted] = await Promise.all(
        [here, there].map((session) => session.request('GET', `/c?${query}`)),
      );
      expect([query, got!.status]).toEqual([query, wanted!.status]);
    }
  });

  it('answers conditions and ranges as there', async () => {
    await make('/c');
    await fill('/c', 'o');
    for (const headers of [
      { 'If-None-Match': '*' },
      { 'If-Modified-Since': new Date(Date.now() + 60_000).toUTCString() },
      { Range: 'bytes=0-0' },
      { 'X-Newest': 'true' },
    ])
      for (const method of ['GET', 'HEAD']) await expectListed('/c', method, headers);
  });

  it('is open to the same other sites', async () => {
    await make('/c', { 'X-Container-Meta-Access-Control-Allow-Origin': 'http://a.example' });
    await fill('/c', 'o');
    const exposed = 'access-control-expose-headers';
    const ofNoOrder = new Set([...OF_THE_CLUSTER, exposed]);
    for (const origin of ['http://a.example', 'http://b.example']) {
      const headers = { Origin: origin };
      const got = await expectAsThere(here, there, 'GET', '/c', headers, ofNoOrder);
      const wanted = await there.request('GET', '/c', headers);
      expect(got.headers[exposed]?.split(', ').sort()).toEqual(wanted.headers[exposed]?.split(', ').sort());
    }
  });

  it('is counted as it is there, and its settings are those from here', async () => {
    await make('/c', { 'X-Container-Meta-Colour': 'blue', 'X-Container-Read': '.r:*' });
    await fill('/c', 'o', 'p');
    for (const path of ['/c', '/c?format=json']) {
      const answer = await expectListed(path, 'HEAD');
      expect([answer.status, answer.headers[COUNT], answer.headers['x-container-meta-colour']]).toEqual([
        204,
        '2',
        'blue',
      ]);
      const local = await sessions.direct[one]!.request('HEAD', '/c');
      expect(local.headers[COUNT]).toBe('0');
      for (const header of OF_THE_CLUSTER)
        expect([header, answer.headers[header]]).toEqual([header, local.headers[header]]);
    }
  });

  it('has whatever name', async () => {
    for (const name of ['a%20b', '%C3%BC', '100%25', 'a%3Fb%23c', 'a&b=c', 'quo%22te']) {
      await make(`/${name}`);
      await fill(`/${name}`, 'o');
      expect((await expectListed(`/${name}?format=xml`)).text).toContain('<name>o</name>');
    }
  });

  it('is listed in full from another cluster while one is cut off; when all are, that is a 503', async () => {
    await make('/c');
    await fill('/c', 'o');
    await link(one, two).cut();
    for (const method of ['GET', 'HEAD']) {
      const answer = await expectListed('/c', method);
      expect([answer.headers[SERVED_BY], answer.headers[PARTIAL]]).toEqual([three, undefined]);
    }
    await link(one, three).cut();
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await here.request(method, '/c');
      expect([status, headers['retry-after'], headers[PARTIAL]]).toEqual([503, '1', `${two}, ${three}`]);
    }
    expect((await here.request('GET', '/none')).status).toBe(404);
  });

  it('is listed by who has it, and is empty where it is new everywhere', async () => {
    await make('/c');
    expect([(await here.request('GET', '/c')).status, (await here.request('HEAD', '/c')).status]).toEqual([
      204, 204,
    ]);
    await sessions.direct[two]!.request('DELETE', '/c');
    await sessions.direct[three]!.request('PUT', '/c/o', {}, 'x');
    const answer = await here.request('GET', '/c');
    expect([answer.text, answer.headers[SERVED_BY]]).toEqual(['o\n', three]);
    await sessions.direct[three]!.request('DELETE', '/c/o');
    await sessions.direct[three]!.request('DELETE', '/c');
    const empty = await here.request('GET', '/c?format=json');
    expect([empty.status, empty.text, empty.headers[SERVED_BY]]).toEqual([200, '[]', undefined]);
    await link(one, three).cut();
    expect((await here.request('GET', '/c')).status).toBe(503);
  });

  it('shows no object that was deleted there', async () => {
    await make('/c');
    await fill('/c', 'o', 'p');
    expect((await here.request('GET', '/c')).text).toBe('o\np\n');
    await there.request('DELETE', '/c/o');
    expect((await here.request('GET', '/c')).text).toBe('p\n');
    expect((await here.request('HEAD', '/c')).headers[COUNT]).toBe('1');
  });

  it('says so while objects are left here that are not listed', async () => {
    await make('/c');
    await sessions.direct[one]!.request('PUT', '/c/left', {}, 'x');
    expect((await here.request('GET', '/c')).headers[PARTIAL]).toBe(one);
  });

  it('is read there while the local Swift is down, by whom that cluster knows', async () => {
    await make('/c', { 'X-Container-Read': '.r:*,.rlistings', 'X-Container-Meta-Web-Index': 'i' });
    await fill('/c', 'i', 'o');
    const nobody = ['app:proxy', 'upstream', `http://127.0.0.1:${await planPort()}`] as const;
    const { url } = await startPlacing(ELSEWHERE, [nobody]);
    const page = await send(url, 'GET', pathOf('/c/'));
    expect([page.text, page.headers[SERVED_BY]]).toEqual(['bytes of i', two]);
    const asked = await here.at(url).request('GET', '/c');
    expect([asked.status, asked.headers['retry-after'], asked.text]).toEqual([
      503,
      '1',
      expect.stringContaining('one identity service'),
    ]);
  });

  it('is listed as it is here with fallback_timeout = 0', async () => {
    await make('/c');
    await fill('/c', 'o');
    const { url } = await startPlacing(ELSEWHERE, [['filter:autosync', 'fallback_timeout', '0']]);
    const session = here.at(url);
    expect((await session.request('GET', '/c')).status).toBe(204);
  });
});

describe('who may list it', () => {
  /** What a client sends, at each of the two. */
  type Client = readonly [string, (session: SwiftSession) => Record<string, string>];
  let reader: Sessions;
  let stranger: Sessions;

  beforeEach(async () => {
    [reader, stranger] = await Promise.all([sessionsOf(await freshUser()), sessionsOf(await freshUser())]);
  });

  it('is who may here, and is shown what it would be shown there', async () => {
    const clients: readonly Client[] = [
      ['owner', ({ token }) => ({ 'X-Auth-Token': token })],
      ['reader', ({ baseUrl }) => ({ 'X-Auth-Token': tokenAt(reader, baseUrl) })],
      ['stranger', ({ baseUrl }) => ({ 'X-Auth-Token': tokenAt(stranger, baseUrl) })],
      ['wrong token', () => ({ 'X-Auth-Token': 'AUTH_tkwrong' })],
      ['nobody', () => ({})],
      ['friend', () => ({ Referer: 'http://friend.example/x' })],
    ];
    const acls = {
      private: {},
      named: { 'X-Container-Read': reader.user.user },
      public: { 'X-Container-Read': '.r:*' },
      listed: { 'X-Container-Read': '.r:*,.rlistings' },
      friends: { 'X-Container-Read': '.r:friend.example' },
      listedfriends: { 'X-Container-Read': '.r:friend.example,.rlistings' },
    };
    const served: string[] = [];
    for (const [container, acl] of Object.entries(acls)) {
      await make(`/${container}`, { ...acl, 'X-Container-Meta-Temp-URL-Key': 'secret' });
      await fill(`/${container}`, 'o');
      for (const [client, headersAt] of clients) {
        for (const method of ['GET', 'HEAD']) {
          const [got, wanted] = (await Promise.all(
            [here, there].map((session) =>
              send(session.baseUrl, method, pathOf(`/${container}`), headersAt(session)),
            ),
          )) as [Answer, Answer];
          const what = `${method} ${container} as ${client}`;
          expect([what, got.status, got.text], what).toEqual([what, wanted.status, textOf(wanted, got)]);
          expect([what, ...settings(got)]).toEqual([what, ...settings(wanted)]);
          if (got.status < 300) served.push(`${container} ${client}`);
        }
      }
    }
    expect(new Set(served)).toEqual(
      new Set([
        ...Object.keys(acls).map((container) => `${container} owner`),
        'named reader',
        ...['reader', 'stranger', 'nobody', 'friend'].map((client) => `listed ${client}`),
        'listedfriends friend',
      ]),
    );
  });

  /** Refusals name their request. */
  const textOf = (wanted: Answer, got: Answer): string => (wanted.status < 300 ? wanted.text : got.text);
  const settings = ({ headers }: Answer): string[] =>
    Object.keys(headers)
      .filter((name) => name.startsWith('x-container-') && !OF_THE_CLUSTER.has(name))
      .sort();
  const tokenAt = ({ direct }: Sessions, baseUrl: string): string =>
    (baseUrl === there.baseUrl ? direct[two] : direct[one])!.token;

  it('is not who sends a request that Swift takes for another container', async () => {
    await make('/open', { 'X-Container-Read': '.r:*,.rlistings' });
    await make('/secret');
    await fill('/secret', 'hidden');
    const swift = new URL(all[0]!.proxyUrl);
    const remapping = createServer((asked, answer) => {
      const isRemapped = asked.headers.host === 'open.example';
      const path = isRemapped ? pathOf('/open') : asked.url;
      const { method, headers } = asked;
      const onward = httpRequest({
        host: swift.hostname,
        port: swift.port,
        method,
        path,
        headers,
        agent: false,
      });
      onward.on('response', (came) => {
        answer.writeHead(came.statusCode!, came.headers);
        came.pipe(answer);
      });
      asked.pipe(onward);
    });
    const port = await planPort();
    await new Promise<void>((resolve) => remapping.listen(port, '127.0.0.1', resolve));
    try {
      const { url } = await startPlacing(ELSEWHERE, [['app:proxy', 'upstream', `http://127.0.0.1:${port}`]]);
      const token = { 'X-Auth-Token': stranger.direct[one]!.token };
      const answer = await send(url, 'GET', pathOf('/secret'), { ...token, Host: 'open.example' });
      expect(answer.text).not.toContain('hidden');
      const nobodys = await send(url, 'GET', pathOf('/secret'), { Host: 'open.example' });
      expect(nobodys.text).not.toContain('hidden');
      const owner = { 'X-Auth-Token': sessions.direct[one]!.token };
      expect((await send(url, 'GET', pathOf('/secret'), owner)).text).toBe('hidden\n');
    } finally {
      remapping.close();
      remapping.closeAllConnections();
    }
  });
});
