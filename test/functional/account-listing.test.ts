// What an account has is told through any gateway as it is of all clusters together, in Swift's own words.
import { createServer, request } from 'node:http';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  clusters,
  freshUser,
  healLinks,
  link,
  restoreLinks,
  send,
  type Answer,
} from '../support/clusters.js';
import { sessionsOf, type Sessions } from '../support/containers.js';
import { planPort, startGateway, type Conf } from '../support/extra-gateways.js';
import { SwiftSession } from '../support/swift-client.js';

const all = clusters();
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];
/** What any container may be called. */
const ODD = [
  ...['plain', 'a b', 'ü😀', '50%25', `q"'<&>;`, 'line\nend', 'return\rtab\t', '\x7f\x01', '\uffff'],
  ...['x-1', 'x-2-a', 'x-2-b', 'x', 'x.'],
];
const ELSEWHERE: Conf = [['filter:placement', 'default', `${two}, ${three}`]];

let sessions: Sessions;
/** At a gateway of the first cluster that places what is new on the two others. */
let placing: SwiftSession;

async function fresh(): Promise<void> {
  sessions = await sessionsOf(await freshUser());
}

function pathOf(...names: readonly string[]): string {
  return names.map((name) => `/${encodeURIComponent(name)}`).join('');
}

/** Straight to one cluster's Swift. */
async function put(cluster: string, names: readonly string[], body?: string): Promise<void> {
  const { status, text } = await sessions.direct[cluster]!.request('PUT', pathOf(...names), {}, body);
  expect(status, `${names.join('/')} at ${cluster}: ${text}`).toBeLessThan(203);
}

/** Until Swift's updater has been there, accounts do not know of objects. */
async function countObjects(...names: readonly string[]): Promise<void> {
  const counted = all.filter(({ name }) => names.includes(name));
  await Promise.all(counted.map(({ control }) => control.runOnce('container-updater')));
}

const DATE = /\d{4}-\d\d-\d\dT[\d:.]+/g;
const OF_THE_ANSWER =
  /^(?:date|x-trans-id|x-openstack-request-id|connection|x-timestamp|x-put-timestamp|x-account-storage-policy-.*)$/;

/** All that must not depend on where it is asked. */
function ofTheAccount({ status, headers, text }: Answer): unknown {
  const kept = Object.entries(headers).filter(([name]) => !OF_THE_ANSWER.test(name));
  return { status, headers: Object.fromEntries(kept.sort()), text: text.replace(DATE, 'DATE') };
}

function totalsOf({ headers }: Answer): readonly (string | undefined)[] {
  return ['container-count', 'object-count', 'bytes-used'].map((name) => headers[`x-account-${name}`]);
}

/** Name, count, bytes. */
function rowsOf({ text }: Answer): unknown {
  const rows = JSON.parse(text) as readonly { name: string; count: number; bytes: number }[];
  return rows.map(({ name, count, bytes }) => [name, count, bytes]);
}

async function namesOf(session: SwiftSession, query = ''): Promise<readonly string[]> {
  const { text } = await session.request('GET', `?format=json${query}`);
  return (JSON.parse(text) as readonly { name?: string; subdir?: string }[]).map(
    ({ name, subdir = '' }) => name ?? subdir,
  );
}

let url: string;
beforeAll(async () => {
  ({ url } = await startGateway(all[0]!, { conf: ELSEWHERE }));
});
afterEach(restoreLinks);

describe('an account whose objects are all on another cluster', () => {
  beforeAll(async () => {
    await fresh();
    placing = await SwiftSession.login(url, sessions.user);
    // The last ones are not even here.
    for (const [index, name] of ODD.entries()) {
      if (index % 3 === 2) await put(two, [name]);
      else expect((await placing.request('PUT', pathOf(name))).status).toBe(201);
      for (let i = 0; i < index % 4; i += 1) await put(two, [name, `o${i}`], 'x'.repeat(index + i));
    }
    await countObjects(two);
  });

  /** Status, headers and body, but for dates, are as Swift itself says them where all is. */
  async function expectAsThere(method: string, query: string, headers = {}): Promise<Answer> {
    const [got, wanted] = await Promise.all([
      placing.request(method, query, headers),
      sessions.direct[two]!.request(method, query, headers),
    ]);
    expect(ofTheAccount(got), `${method} ${query} ${JSON.stringify(headers)}`).toEqual(ofTheAccount(wanted));
    return got;
  }

  it.each([
    ['?format=json', {}],
    ['?format=xml', {}],
    ['?format=plain', {}],
    ['', {}],
    ['', { Accept: 'application/json' }],
    ['', { Accept: 'application/xml;q=0.5, text/xml' }],
    ['', { Accept: 'image/png' }],
  ])('is listed as there: %s %j', async (query, headers) => {
    await expectAsThere('GET', query, headers);
    await expectAsThere('HEAD', query, headers);
  });

  it.each([
    ...['limit=0', 'limit=1', 'limit=4', 'limit=10001', 'limit=x', 'limit='],
    ...['marker=plain', 'marker=%C3%BC', 'marker=line%0Aend', 'marker=zzzz%F0%9F%98%80', 'marker=%FF'],
    ...['end_marker=plain', 'end_marker=q&marker=a', 'prefix=x', 'prefix=x-&limit=2', 'prefix=none'],
    ...['delimiter=-', 'delimiter=-&limit=2', 'delimiter=-&prefix=x-', 'delimiter=-&marker=x-'],
    ...['reverse=true', 'reverse=on&limit=3', 'reverse=1&marker=q&end_marker=a', 'reverse=no'],
    ...['reverse=true&delimiter=-&limit=4', 'reverse=yes&delimiter=-&prefix=x', 'delimiter=2-&prefix=x'],
  ])('is listed in parts as there: %s', async (query) => {
    for (const format of ['json', 'xml', 'plain']) await expectAsThere('GET', `?format=${format}&${query}`);
  });

  it.each([1, 2, 5])('is listed whole, page by page of %i', async (limit) => {
    for (const reverse of ['', '&reverse=true']) {
      const names: string[] = [];
      for (;;) {
        const marker = encodeURIComponent(names.at(-1) ?? '');
        const page = await namesOf(placing, `&limit=${limit}&marker=${marker}${reverse}`);
        names.push(...page);
        if (page.length === 0) break;
      }
      expect(names).toEqual(await namesOf(sessions.direct[two]!, reverse));
    }
  });

  it('has dates of here where the container is here', async () => {
    const datesAt = async (session: SwiftSession): Promise<Map<string, string>> => {
      const { text } = await session.request('GET', '?format=json');
      const rows = JSON.parse(text) as readonly { name: string; last_modified: string }[];
      return new Map(rows.map((row) => [row.name, row.last_modified]));
    };
    const [got, here] = [await datesAt(placing), await datesAt(sessions.direct[one]!)];
    expect(here.size).toBeLessThan(got.size);
    for (const [name, date] of here) expect(got.get(name)).toBe(date);
  });

  it('is this cluster’s own with fallback_timeout = 0', async () => {
    const { url: alone } = await startGateway(all[0]!, {
      conf: [['filter:autosync', 'fallback_timeout', '0']],
    });
    const got = await (await SwiftSession.login(alone, sessions.user)).request('GET', '?format=json');
    const wanted = await sessions.direct[one]!.request('GET', '?format=json');
    expect(ofTheAccount(got)).toEqual(ofTheAccount(wanted));
  });

  it('is told to nobody whom the local Swift does not let in', async () => {
    const stranger = await SwiftSession.login(url, await freshUser());
    const path = `/v1/${sessions.user.account}?format=json`;
    for (const method of ['GET', 'HEAD']) {
      for (const headers of [{}, { 'X-Auth-Token': stranger.token }, { 'X-Auth-Token': 'none' }]) {
        const [got, wanted] = await Promise.all([
          send(url, method, path, headers),
          send(all[0]!.proxyUrl, method, path, headers),
        ]);
        expect(ofTheAccount(got)).toEqual(ofTheAccount(wanted));
        expect([401, 403]).toContain(got.status);
      }
    }
  });

  it('is not told where Swift takes the request for one of another account', async () => {
    const swift = new URL(all[0]!.proxyUrl);
    // As domain_remap does it: by the host, another account is meant, and that one is empty.
    const remapping = createServer(({ method, url: target, headers }, answer) => {
      if (headers.host === 'pub.attacker.example') {
        const empty = { 'X-Account-Container-Count': 0, 'X-Account-Object-Count': 0 };
        const type = 'application/json; charset=utf-8';
        answer.writeHead(200, {
          ...empty,
          'X-Account-Bytes-Used': 0,
          'Content-Type': type,
          'Content-Length': 2,
        });
        answer.end('[]');
        return;
      }
      const { hostname: host, port } = swift;
      const onward = request({ host, port, method, path: target, headers, agent: false });
      onward.on('response', (came) => {
        answer.writeHead(came.statusCode!, came.headers);
        came.pipe(answer);
      });
      onward.end();
    });
    const port = await planPort();
    await new Promise<void>((resolve) => remapping.listen(port, '127.0.0.1', resolve));
    try {
      const upstream = [['app:proxy', 'upstream', `http://127.0.0.1:${port}`]] as const;
      const { url: remapped } = await startGateway(all[0]!, { conf: upstream });
      const path = `/v1/${sessions.user.account}?format=json`;
      const owner = await send(remapped, 'GET', path, { 'X-Auth-Token': placing.token });
      expect(rowsOf(owner)).toHaveLength(ODD.length);
      for (const method of ['GET', 'HEAD']) {
        const { text, headers } = await send(remapped, method, path, { Host: 'pub.attacker.example' });
        expect([text, headers['x-account-object-count']]).toEqual([method === 'GET' ? '[]' : '', '0']);
      }
    } finally {
      remapping.close();
      remapping.closeAllConnections();
    }
  });
});

describe('an account of which this cluster has nothing', () => {
  beforeEach(async () => {
    await fresh();
    placing = await SwiftSession.login(url, sessions.user);
  });

  it('is empty where the others have nothing either', async () => {
    for (const [query, headers] of [
      ['', {}],
      ['?format=json', {}],
      ['?format=xml', {}],
    ] as const) {
      const [got, wanted] = await Promise.all([
        placing.request('GET', query, headers),
        sessions.direct[one]!.request('GET', query, headers),
      ]);
      expect(ofTheAccount(got)).toEqual(ofTheAccount(wanted));
    }
  });

  it('is what the others have', async () => {
    await put(two, ['there']);
    await put(three, ['elsewhere']);
    const text = await placing.request('GET', '');
    expect([text.status, text.text, text.headers['content-length']]).toEqual([
      200,
      'elsewhere\nthere\n',
      '16',
    ]);
    expect(rowsOf(await placing.request('GET', '?format=json'))).toEqual([
      ['elsewhere', 0, 0],
      ['there', 0, 0],
    ]);
    expect(totalsOf(await placing.request('HEAD', ''))).toEqual(['2', '0', '0']);
  });
});

describe('an account whose objects are on several clusters', () => {
  beforeEach(async () => {
    await fresh();
    placing = await SwiftSession.login(url, sessions.user);
    for (const name of ['a', 'b', 'c']) for (const { name: cluster } of all) await put(cluster, [name]);
    await put(one, ['a', 'o'], 'here');
    await put(two, ['a', 'o'], 'not counted');
    await put(two, ['b', 'o'], 'some');
    await put(three, ['b', 'o'], 'more');
    await put(three, ['b', 'p'], 'more');
    await put(three, ['c', 'o'], 'there');
    await countObjects(one, two, three);
  });

  it('counts each container once, by the cluster that holds it', async () => {
    const listing = await placing.request('GET', '?format=json');
    expect(rowsOf(listing)).toEqual([
      ['a', 1, 4],
      ['b', 2, 8],
      ['c', 1, 5],
    ]);
    const totals = ['3', '4', '17'];
    expect(totalsOf(listing)).toEqual(totals);
    for (const query of ['?format=json&limit=1', '?marker=b', '?prefix=c&format=xml'])
      expect(totalsOf(await placing.request('GET', query)), query).toEqual(totals);
    expect(totalsOf(await placing.request('HEAD', ''))).toEqual(totals);
  });

  it('is told as far as it is known where a cluster does not answer, and the answer says so', async () => {
    await link(one, three).cut();
    const listing = await placing.request('GET', '?format=json');
    expect(rowsOf(listing)).toEqual([
      ['a', 1, 4],
      ['b', 1, 4],
      ['c', 0, 0],
    ]);
    expect([...totalsOf(listing), listing.headers['x-autosync-partial']]).toEqual(['3', '2', '8', three]);
    const head = await placing.request('HEAD', '');
    expect([...totalsOf(head), head.headers['x-autosync-partial']]).toEqual(['3', '2', '8', three]);
    await link(one, two).cut();
    const alone = await placing.request('GET', '');
    expect([alone.status, alone.text]).toEqual([200, 'a\nb\nc\n']);
    expect(alone.headers['x-autosync-partial']?.split(', ').sort()).toEqual([three, two].sort());
  });

  it('is waited for no longer than fallback_timeout', async () => {
    const conf: Conf = [
      ['filter:autosync', 'fallback_timeout', '4'],
      ['filter:autosync', 'peer_timeout', '60'],
    ];
    const { url: impatient } = await startGateway(all[0]!, { conf });
    const session = await SwiftSession.login(impatient, sessions.user);
    await link(one, three).blackhole();
    for (const method of ['GET', 'HEAD']) {
      const began = performance.now();
      const { status, headers } = await session.request(method, '?format=json');
      expect([Math.floor(status / 100), headers['x-autosync-partial']]).toEqual([2, three]);
      expect(performance.now() - began).toBeLessThan(50_000);
    }
  });
});

describe('a container that is deleted here', () => {
  it('is not listed, nor counted, while a peer has not got the deletion', async () => {
    await fresh();
    const here = sessions.via[one]!;
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      expect((await here.request('PUT', `/${name}`)).status).toBe(201);
    await link(one, two).cut();
    for (const name of ['a', 'b', 'd']) expect((await here.request('DELETE', `/${name}`)).status).toBe(204);
    await healLinks();
    expect(await namesOf(sessions.direct[two]!)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(await namesOf(here)).toEqual(['c', 'e']);
    expect((await here.request('GET', '')).text).toBe('c\ne\n');
    expect(await namesOf(here, '&limit=1')).toEqual(['c']);
    expect(await namesOf(here, '&limit=2')).toEqual(['c', 'e']);
    expect(await namesOf(here, '&limit=1&reverse=true&marker=e')).toEqual(['c']);
    expect(totalsOf(await here.request('GET', ''))[0]).toBe('2');
    expect(totalsOf(await here.request('HEAD', ''))[0]).toBe('2');
  });
});
