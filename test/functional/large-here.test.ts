// A large object that is placed here is whole wherever its segments are placed, and opens none that the client may not read.
import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { SERVED_BY } from '../support/as-there.js';
import { clusters, link, restoreLinks, send, waitFor } from '../support/clusters.js';
import type { Sessions } from '../support/containers.js';
import { startGateway, type ExtraGateway } from '../support/extra-gateways.js';
import { besideAlone, startPlacing, type BesideAlone } from '../support/placing.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { SwiftSession, type Answer } from '../support/swift-client.js';
import { tempUrl } from '../support/temp-url.js';

const all = clusters();
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];
const SEGMENTS = ['first segment, ', 'second segment, ', 'third'];
const WHOLE = SEGMENTS.join('');
const PARTS = [
  {},
  { Range: 'bytes=3-20' },
  { Range: 'bytes=-7' },
  { Range: 'bytes=15-' },
  { Range: 'bytes=999-' },
] as const;

let gateway: ExtraGateway;
let sessions: Sessions;
/** Through a gateway of the first cluster that places containers by their names. */
let here: SwiftSession;
/** One Swift that has everything, in containers of the same names. */
let alone: SwiftSession;
let expectAsAlone: BesideAlone['expectAsAlone'];

beforeAll(async () => {
  gateway = await startPlacing({
    rule_here: `AUTH_*/here* -> ${one}`,
    rule_away: `AUTH_*/away* -> ${two}, ${three}`,
  });
  ({ sessions, here, alone, expectAsAlone } = await besideAlone(gateway, ['here', 'away']));
});
afterEach(restoreLinks);

/** Each in the container said. */
async function putSegments(...containers: string[]): Promise<{ path: string }[]> {
  const rows = [];
  for (const [i, text] of SEGMENTS.entries()) {
    const path = `/${containers[i % containers.length]}/s/${i}`;
    expect((await expectAsAlone('PUT', path, {}, text)).status).toBe(201);
    rows.push({ path });
  }
  return rows;
}

function etagOfAll(): string {
  const etag = createHash('md5');
  for (const text of SEGMENTS) etag.update(createHash('md5').update(text).digest('hex'));
  return etag.digest('hex');
}

describe('a dynamic large object that is placed here, its segments elsewhere', () => {
  beforeEach(async () => {
    await putSegments('away');
    await expectAsAlone('PUT', '/here/dlo', { 'X-Object-Manifest': 'away/s/', 'Content-Type': 'text/x' });
  });

  it('is whole, in parts and on conditions', async () => {
    expect((await here.request('GET', '/here/dlo')).text).toBe(WHOLE);
    // But for the Content-Type, for which Swift then gives that of its own 412.
    const matching = await here.request('GET', '/here/dlo', { 'If-Match': `"${etagOfAll()}"` });
    expect([matching.status, matching.text]).toEqual([200, WHOLE]);
    for (const method of ['GET', 'HEAD']) {
      for (const headers of [
        ...PARTS,
        { 'If-None-Match': `"${etagOfAll()}"` },
        { 'If-Match': '"another"' },
        { 'X-Newest': 'true' },
      ])
        await expectAsAlone(method, '/here/dlo', { ...headers });
      await expectAsAlone(method, '/here/dlo?multipart-manifest=get');
    }
  });

  it('is copied whole', async () => {
    for (const to of ['here', 'away']) {
      await expectAsAlone('COPY', '/here/dlo', { Destination: `${to}/copied` });
      expect((await here.request('GET', `/${to}/copied`)).text).toBe(WHOLE);
    }
    const part = { 'X-Copy-From': 'here/dlo', 'Content-Length': '0', 'Range': 'bytes=3-20' };
    expect((await here.request('PUT', '/here/part', part)).status).toBe(201);
    expect((await here.request('GET', '/here/part')).text).toBe(WHOLE.slice(3, 21));
  });

  it('is whole behind a link', async () => {
    await expectAsAlone('PUT', '/here/link', { 'X-Symlink-Target': 'here/dlo', 'Content-Length': '0' });
    for (const headers of PARTS)
      expect((await here.request('GET', '/here/link', headers)).text).toBe(
        (await alone.request('GET', '/here/link', headers)).text,
      );
  });

  it('has what has been written here all the same', async () => {
    await sessions.direct[one]!.request('PUT', '/away/s/9', {}, ' and more');
    expect((await here.request('GET', '/here/dlo')).text).toBe(`${WHOLE} and more`);
    await sessions.direct[one]!.request('DELETE', '/away/s/9');
  });

  it('is read while one of the clusters of its segments is away, and is a 503 while none answers', async () => {
    for (const each of [two, three]) {
      await sessions.direct[each]!.request('PUT', '/away/s/0', {}, SEGMENTS[0]);
      await sessions.direct[each]!.request('PUT', '/away/s/1', {}, SEGMENTS[1]);
      await sessions.direct[each]!.request('PUT', '/away/s/2', {}, SEGMENTS[2]);
    }
    await link(one, two).cut();
    expect((await here.request('GET', '/here/dlo')).text).toBe(WHOLE);
    await link(one, three).cut();
    for (const method of ['GET', 'HEAD']) {
      const answer = await here.request(method, '/here/dlo');
      expect([answer.status, answer.headers['x-autosync-partial']]).toEqual([503, `${two}, ${three}`]);
    }
    await restoreLinks();
    await waitFor('both are back', async () => (await here.request('GET', '/here/dlo')).status === 200);
  });

  it('opens nothing to who may not list or read its segments', async () => {
    await here.request('POST', '/here', { 'X-Container-Read': '.r:*' });
    await alone.request('POST', '/here', { 'X-Container-Read': '.r:*' });
    const get = (session: SwiftSession, token = {}): Promise<Answer> =>
      send(session.baseUrl, 'GET', `/v1/${session.user.account}/here/dlo`, token);
    const [got, wanted] = await Promise.all([get(here), get(alone)]);
    expect([got.status, wanted.status]).toEqual([401, 401]);
    for (const session of [here, alone])
      await session.request('POST', '/away', { 'X-Container-Read': '.r:*,.rlistings' });
    expect([(await get(here)).text, (await get(alone)).text]).toEqual([WHOLE, WHOLE]);
  });

  it('is a conflict by TempURL, which opens no segments elsewhere', async () => {
    await here.request('POST', '', { 'X-Account-Meta-Temp-URL-Key': 'key' });
    const target = tempUrl('GET', `/v1/${sessions.user.account}/here/dlo`, 'key');
    expect((await send(gateway.url, 'GET', target)).status).toBe(409);
  });
});

describe.each([
  ['first here, others elsewhere', ['here', 'away', 'away']],
  ['first elsewhere', ['away', 'here']],
  ['last elsewhere', ['here', 'here', 'away']],
])('a static large object that is placed here, its segments: %s', (_, containers) => {
  beforeEach(async () => {
    const manifest = JSON.stringify(await putSegments(...containers));
    const headers = { 'Content-Type': 'text/x', 'X-Object-Meta-A': '1' };
    const put = await expectAsAlone('PUT', '/here/slo?multipart-manifest=put', headers, manifest);
    expect(put.status).toBe(201);
  });

  it('is whole, in parts and on conditions', async () => {
    expect((await here.request('GET', '/here/slo')).text).toBe(WHOLE);
    for (const method of ['GET', 'HEAD']) {
      for (const headers of [
        ...PARTS,
        { 'If-None-Match': `"${etagOfAll()}"` },
        { 'If-Match': `"${etagOfAll()}"` },
        { 'If-Match': '"another"' },
      ])
        await expectAsAlone(method, '/here/slo', { ...headers });
    }
    const parts = await here.request('GET', '/here/slo', { Range: 'bytes=0-1,30-33' });
    expect([parts.status, parts.text]).toEqual([206, expect.stringContaining(' thi')]);
  });

  it('is whole where Swift has sent a part of it before it finds that another is missing', async () => {
    const large = randomBytes(200_000);
    const rows = [];
    for (const [i, container] of [...containers, ...containers].entries()) {
      const path = `/${container}/l/${i}`;
      expect((await here.request('PUT', path, {}, large.subarray(i * 10_000))).status).toBe(201);
      rows.push({ path });
    }
    const put = await here.request('PUT', '/here/large?multipart-manifest=put', {}, JSON.stringify(rows));
    expect(put.status).toBe(201);
    const wanted = Buffer.concat(rows.map((_row, i) => large.subarray(i * 10_000)));
    const read = async (headers = {}): Promise<unknown> => {
      const { status, headers: of, body } = await here.request('GET', '/here/large', headers);
      return {
        status,
        etag: of['etag'],
        bytes: body.length,
        md5: createHash('md5').update(body).digest('hex'),
      };
    };
    const etag: unknown = expect.stringMatching(/^"[0-9a-f]{32}"$/);
    const md5 = (of: Buffer): string => createHash('md5').update(of).digest('hex');
    expect(await read()).toEqual({ status: 200, etag, bytes: wanted.length, md5: md5(wanted) });
    const tail = { status: 206, etag, bytes: 300_000, md5: md5(wanted.subarray(-300_000)) };
    expect(await read({ Range: 'bytes=-300000' })).toEqual(tail);
  });

  it('is copied whole', async () => {
    await expectAsAlone('COPY', '/here/slo', { Destination: 'here/copied' });
    expect((await here.request('GET', '/here/copied')).text).toBe(WHOLE);
  });

  it('is whole as a part of another', async () => {
    const outer = JSON.stringify([{ path: '/here/slo' }, { path: '/here/s/tail' }]);
    await expectAsAlone('PUT', '/here/s/tail', {}, ', and the end');
    expect((await expectAsAlone('PUT', '/here/outer?multipart-manifest=put', {}, outer)).status).toBe(201);
    await expectAsAlone('GET', '/here/outer');
    await expectAsAlone('GET', '/here/outer', { Range: 'bytes=10-40' });
  });
});

describe('a static large object that is here with all its segments', () => {
  it('is as the local Swift has it, which is asked once what it is made of', async () => {
    const swift = await FaultProxy.open({ swift: all[0]!.proxyUrl });
    onTestFinished(() => swift.close());
    const conf = [['app:proxy', 'upstream', swift.urlOf('swift')]] as const;
    const session = here.at((await startGateway(all[0]!, { conf })).url);
    const manifest = JSON.stringify(await putSegments('here'));
    await here.request('PUT', '/here/slo?multipart-manifest=put', {}, manifest);
    swift.watch(() => undefined);
    for (let i = 0; i < 3; i += 1) {
      const answer = await session.request('GET', '/here/slo');
      expect([answer.text, answer.headers[SERVED_BY]]).toEqual([WHOLE, undefined]);
    }
    const slo = `/v1/${sessions.user.account}/here/slo`;
    const asked = swift.steps.map(({ target }) => target).filter((target) => target.startsWith(slo));
    expect(asked).toEqual([slo, `${slo}?multipart-manifest=get`, slo, slo]);
  });
});
