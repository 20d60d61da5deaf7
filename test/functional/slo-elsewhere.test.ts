// Static large objects, and links to a certain object, are put and deleted through any gateway, wherever their parts are placed; and look at
// nothing, and delete nothing, that the client may not.
import { beforeAll, describe, expect, it } from 'vitest';
import { clusters, freshUser } from '../support/clusters.js';
import { headEverywhere, sessionsOf, type Sessions } from '../support/containers.js';
import type { ExtraGateway } from '../support/extra-gateways.js';
import { besideAlone, startPlacing, type BesideAlone } from '../support/placing.js';
import { SwiftSession } from '../support/swift-client.js';

const all = clusters();
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];

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
    rule_away: `AUTH_*/away* -> ${two}`,
    rule_third: `AUTH_*/third* -> ${three}`,
  });
  ({ sessions, here, alone, expectAsAlone } = await besideAlone(gateway, ['here', 'away', 'third']));
});

async function putSegments(container: string): Promise<string[]> {
  const etags: string[] = [];
  for (const [i, text] of ['first,', 'second,', 'third'].entries()) {
    const { headers } = await expectAsAlone('PUT', `/${container}/s%20/${i}`, {}, text);
    etags.push(headers['etag']!);
  }
  return etags;
}

const PLACES = [
  ['away', 'away'],
  ['away', 'here'],
  ['away', 'third'],
  ['here', 'away'],
] as const;

describe.each(PLACES)('a large object in %s with its segments in %s', (container, of) => {
  const path = `/${container}/slo`;

  it('is put, read and deleted with its segments', async () => {
    const etags = await putSegments(of);
    const manifest = [
      { path: `/${of}/s /0`, etag: etags[0], size_bytes: 6 },
      { path: `${of}/s /1`, range: '0-3' },
      { data: Buffer.from('inline').toString('base64') },
      { path: `/${of}/s /2` },
    ];
    const headers = { 'Content-Type': 'text/x', 'X-Object-Meta-Colour': 'red' };
    const put = await expectAsAlone(
      'PUT',
      `${path}?multipart-manifest=put`,
      headers,
      JSON.stringify(manifest),
    );
    expect(put.status).toBe(201);
    for (const range of ['bytes=0-', 'bytes=4-12', 'bytes=-3'])
      await expectAsAlone('GET', path, { Range: range });
    expect((await here.request('GET', path)).text).toBe('first,secoinlinethird');
    const where = await headEverywhere(sessions, path);
    expect(where[container === 'away' ? two : one]!.status).toBe(200);
    const nested = JSON.stringify([{ path }, { path: `/${of}/s /0` }]);
    const outer = await expectAsAlone('PUT', `/${container}/outer?multipart-manifest=put`, {}, nested);
    expect(outer.status).toBe(201);
    await expectAsAlone('GET', `/${container}/outer`);
    const accept = { Accept: 'application/json' };
    const gone = await here.request('DELETE', `/${container}/outer?multipart-manifest=delete`, accept);
    const wanted = await alone.request('DELETE', `/${container}/outer?multipart-manifest=delete`, accept);
    expect([gone.status, JSON.parse(gone.text)]).toEqual([wanted.status, JSON.parse(wanted.text)]);
    for (const left of [path, `/${container}/outer`, `/${of}/s%20/0`, `/${of}/s%20/1`, `/${of}/s%20/2`])
      for (const [name, { status }] of Object.entries(await headEverywhere(sessions, left)))
        expect([left, name, status]).toEqual([left, name, 404]);
  });

  it('is deleted together with another one that it names, and that names it', async () => {
    const other = `/${of}/other`;
    await putSegments(of);
    const put = async (of: string, ...paths: string[]): Promise<void> => {
      const manifest = JSON.stringify(paths.map((each) => ({ path: each })));
      expect((await here.request('PUT', `${of}?multipart-manifest=put`, {}, manifest)).status).toBe(201);
    };
    await put(path, `/${of}/s /0`);
    await put(other, path, `/${of}/s /1`);
    await put(path, other, `/${of}/s /0`, other);
    const gone = await here.request('DELETE', `${path}?multipart-manifest=delete`, {
      Accept: 'application/json',
    });
    expect(JSON.parse(gone.text)).toMatchObject({ 'Number Deleted': 4, 'Errors': [] });
    for (const left of [path, other, `/${of}/s%20/0`, `/${of}/s%20/1`])
      expect([left, (await here.request('HEAD', left)).status]).toEqual([left, 404]);
  });

  it('is refused for what is wrong with it, in the words of Swift', async () => {
    const etags = await putSegments(of);
    const query = `${path}?multipart-manifest=put`;
    for (const manifest of [
      'no json',
      '{}',
      '["x"]',
      '[{"path": 7}]',
      `[{"path": "/${of}"}]`,
      `[{"path": "/${of}/s /0", "colour": "red"}]`,
      `[{"path": "/${of}/s /0", "404 Not Found": 1}, {"data": "eHl6", "name": "/${of}/x", "bytes": 9}]`,
      `[{"path": "/${of}/s /0", "/${of}/s%20/0, 404 Not Found": 1}]`,
      JSON.stringify([{ path: `/${of}/none` }, { path: `/${of}/s /0` }]),
      JSON.stringify([
        { path: `/${of}/s /0`, etag: etags[1] },
        { path: `/${of}/s /1`, size_bytes: 3 },
      ]),
      JSON.stringify([{ path: `/${of}/s /0`, range: '90-99' }]),
    ])
      await expectAsAlone('PUT', query, {}, manifest);
    const good = JSON.stringify([{ path: `/${of}/s /0` }]);
    await expectAsAlone('PUT', query, { Etag: '0'.repeat(32) }, good);
    await expectAsAlone('PUT', '/missing/slo?multipart-manifest=put', {}, good);
    await expectAsAlone('HEAD', path);
    await expectAsAlone('PUT', path, { 'X-Static-Large-Object': 'True' }, good);
    await expectAsAlone('PUT', `/${container}/plain`, {}, 'plain');
    for (const name of ['plain', 'none']) {
      await expectAsAlone('DELETE', `/${container}/${name}?multipart-manifest=delete`);
      await expectAsAlone('DELETE', `/${container}/${name}?multipart-manifest=delete`, {
        Accept: 'text/xml',
      });
    }
  });
});

describe.each(PLACES)('a link in %s to a certain object in %s', (container, of) => {
  it('is put, and is one', async () => {
    const put = await expectAsAlone('PUT', `/${of}/t%20t`, { 'Content-Type': 'text/x' }, 'target');
    const link = { 'X-Symlink-Target': `${of}/t%20t`, 'Content-Length': '0' };
    const etag = put.headers['etag']!;
    const other = { ...link, 'X-Symlink-Target-Etag': '0'.repeat(32) };
    expect((await expectAsAlone('PUT', `/${container}/l`, other)).status).toBe(409);
    const nothing = { ...link, 'X-Symlink-Target': `${of}/none`, 'X-Symlink-Target-Etag': etag };
    expect((await expectAsAlone('PUT', `/${container}/l`, nothing)).status).toBe(409);
    const wrong = { ...link, 'X-Symlink-Target': of, 'X-Symlink-Target-Etag': etag };
    expect((await expectAsAlone('PUT', `/${container}/l`, wrong)).status).toBe(412);
    const right = { ...link, 'X-Symlink-Target-Etag': etag, 'X-Object-Meta-A': 'b' };
    expect((await expectAsAlone('PUT', `/${container}/l`, right)).status).toBe(201);
    expect((await here.request('GET', `/${container}/l`)).text).toBe('target');
    const shown = await here.request('HEAD', `/${container}/l?symlink=get`);
    expect([shown.headers['x-symlink-target-etag'], shown.headers['x-symlink-target-bytes']]).toEqual([
      etag,
      '6',
    ]);
  });
});

describe.each([['away'], ['here']])('what a client may not (from %s)', (container) => {
  let theirs: SwiftSession;
  let account: string;

  beforeAll(async () => {
    const stranger = await sessionsOf(await freshUser());
    account = stranger.user.account;
    theirs = await SwiftSession.login(gateway.url, stranger.user);
    for (const each of ['here', 'away', 'third', 'away-open', 'here-open'])
      await theirs.request('PUT', `/${each}`);
    for (const each of ['here', 'away', 'third'])
      await theirs.request('PUT', `/${each}/secret`, {}, 'secret');
    // The client may read and write these two, and nothing else there.
    for (const each of ['away-open', 'here-open'])
      await theirs.request('POST', `/${each}`, {
        'X-Container-Read': sessions.user.user,
        'X-Container-Write': sessions.user.user,
      });
  });

  it('read, its manifests do not name', async () => {
    const guest = here.in(account);
    for (const of of ['away', 'third', 'here']) {
      const manifest = JSON.stringify([{ path: `/${of}/secret` }, { path: `/${of}/none` }]);
      const put = await guest.request('PUT', `/${container}-open/slo?multipart-manifest=put`, {}, manifest);
      const lines = ['none', 'secret'].map((object) => `/${of}/${object}, 403 Forbidden`);
      expect([put.status, put.text.trim().split('\n').sort()]).toEqual([400, [...lines, 'Errors:']]);
      const link = { 'X-Symlink-Target': `${of}/secret`, 'X-Symlink-Target-Account': account };
      const to = { ...link, 'Content-Length': '0' };
      await here.request('PUT', `/${container}/leak`, to);
      const leak = JSON.stringify([{ path: `/${container}/leak` }]);
      const via = await here.request('PUT', `/${container}/slo?multipart-manifest=put`, {}, leak);
      expect([via.status, via.text]).toEqual([400, `Errors:\n/${container}/leak, 403 Forbidden\n`]);
    }
  });

  it('write, it makes no large object and no link in', async () => {
    await here.request('PUT', '/third/s', {}, 'mine');
    const guest = here.in(account);
    const open = '/away-open/s';
    const { headers } = await guest.request('PUT', open, {}, 'theirs');
    const manifest = JSON.stringify([{ path: open }]);
    const put = await guest.request('PUT', `/${container}/slo?multipart-manifest=put`, {}, manifest);
    expect(put.status).toBe(403);
    const link = { 'X-Symlink-Target': 'away-open/s', 'X-Symlink-Target-Etag': headers['etag']! };
    expect((await guest.request('PUT', `/${container}/l`, { ...link, 'Content-Length': '0' })).status).toBe(
      403,
    );
    for (const object of ['slo', 'l'])
      expect((await theirs.request('HEAD', `/${container}/${object}`)).status).toBe(404);
  });

  it('write, is not deleted with a manifest of its own', async () => {
    for (const of of ['away', 'third']) {
      const manifest = JSON.stringify([{ path: `/${of}/secret` }]);
      await theirs.request('PUT', `/${container}-open/slo?multipart-manifest=put`, {}, manifest);
      const gone = await here
        .in(account)
        .request('DELETE', `/${container}-open/slo?multipart-manifest=delete`, {
          Accept: 'application/json',
        });
      const { 'Errors': errors, 'Response Status': status } = JSON.parse(gone.text) as Record<
        string,
        unknown
      >;
      expect([errors, status]).toEqual([[[`/${of}/secret`, '403 Forbidden']], '400 Bad Request']);
      expect((await theirs.request('GET', `/${of}/secret`)).text).toBe('secret');
    }
  });

  it('read, it makes no link to a certain version of', async () => {
    for (const of of ['away', 'third', 'here']) {
      const { headers } = await theirs.request('HEAD', `/${of}/secret`);
      for (const etag of [headers['etag']!, '0'.repeat(32)]) {
        const link = { 'X-Symlink-Target': `${of}/secret`, 'X-Symlink-Target-Account': account };
        const asked = { ...link, 'X-Symlink-Target-Etag': etag, 'Content-Length': '0' };
        expect((await here.request('PUT', `/${container}/l`, asked)).status).toBe(403);
        // Swift makes one header of the two.
        const twice = { ...asked, 'X-Symlink-Target-Etag': ['', etag] };
        const answer = await here.request('PUT', `/${container}/l`, twice);
        expect([answer.status, answer.text.includes(headers['etag']!)]).toEqual([403, false]);
      }
    }
  });
});

it('large objects in each other are read as deep as Swift reads them, and no deeper', async () => {
  await expectAsAlone('PUT', '/away/nested/0', {}, 'the innermost');
  for (let depth = 1; depth <= 11; depth += 1) {
    const manifest = JSON.stringify([{ path: `/away/nested/${depth - 1}` }]);
    await expectAsAlone('PUT', `/away/nested/${depth}?multipart-manifest=put`, {}, manifest);
    const [ours, theirs] = await Promise.all(
      [here, alone].map((session) => session.request('GET', `/away/nested/${depth}`)),
    );
    expect([depth, ours!.status]).toEqual([depth, theirs!.status]);
  }
});
