// COPY works through any gateway, wherever source and destination are placed, and answers what one Swift that had both would answer.
import { createHash, randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { clusters, freshUser, send } from '../support/clusters.js';
import { headEverywhere, sessionsOf, type Sessions } from '../support/containers.js';
import type { ExtraGateway } from '../support/extra-gateways.js';
import { besideAlone, startPlacing, type BesideAlone } from '../support/placing.js';
import { SwiftSession, type Answer } from '../support/swift-client.js';

const all = clusters();
const [one, two] = all.map(({ name }) => name) as [string, string, string];

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
  });
  ({ sessions, here, alone, expectAsAlone } = await besideAlone(gateway, [
    'here',
    'here-too',
    'away',
    'away-too',
  ]));
});

const PAIRS = [
  ['here', 'here-too'],
  ['here', 'away'],
  ['away', 'here'],
  ['away', 'away-too'],
] as const;

describe.each(PAIRS)('a copy from %s to %s', (from, to) => {
  it('has bytes and metadata of its source, and says where it came from', async () => {
    const headers = {
      ...{ 'Content-Type': 'text/x', 'X-Object-Meta-Colour': 'red', 'X-Object-Meta-Shape': 'round' },
      ...{ 'Content-Disposition': 'inline', 'Content-Encoding': 'x-y', 'X-Delete-At': '4000000000' },
    };
    await expectAsAlone('PUT', `/${from}/a%20b/%C3%BC`, headers, 'some bytes');
    const copy = await expectAsAlone('COPY', `/${from}/a%20b/%C3%BC`, {
      'Destination': `${to}/new%20one`,
      'X-Object-Meta-Colour': 'blue',
    });
    expect(copy.status).toBe(201);
    await expectAsAlone('HEAD', `/${to}/new%20one`);
    await expectAsAlone('GET', `/${to}/new%20one`);
    const where = await headEverywhere(sessions, `/${to}/new%20one`);
    expect(where[to.startsWith('here') ? one : two]!.status).toBe(200);
    expect(where[to.startsWith('here') ? two : one]!.status).toBe(404);
  });

  it('can be asked for by a PUT, of a range, with fresh metadata, under conditions', async () => {
    const meta = { 'Content-Type': 'text/x', 'X-Object-Meta-Colour': 'red' };
    const put = await expectAsAlone('PUT', `/${from}/o`, meta, '0123456789');
    const etag = put.headers['etag']!;
    const source = { 'X-Copy-From': `/${from}/o`, 'Content-Length': '0' };
    for (const [i, headers] of [
      {},
      { Range: 'bytes=2-4' },
      { 'X-Fresh-Metadata': 'true', 'X-Object-Meta-Size': 'small' },
      { 'Content-Type': 'text/y', 'X-Delete-After': '1000' },
      { 'If-Match': etag },
      { 'If-Match': '"another"' },
      { 'If-None-Match': etag },
      { Range: 'bytes=99-' },
      { Etag: '0'.repeat(32) },
    ].entries()) {
      await expectAsAlone('PUT', `/${to}/n${i}`, { ...source, ...headers });
      const copied = await here.request('GET', `/${to}/n${i}`);
      const wanted = await alone.request('GET', `/${to}/n${i}`);
      const kept = ['content-type', 'x-object-meta-colour', 'x-object-meta-size', 'etag'];
      const shown = (answer: Answer): unknown => [
        answer.status,
        answer.text,
        kept.map((each) => answer.headers[each]),
      ];
      if (wanted.status === 200) expect(shown(copied)).toEqual(shown(wanted));
      else expect(copied.status).toBe(wanted.status);
    }
  });

  it('of nothing, to nowhere, or with a body is refused as Swift refuses it', async () => {
    await expectAsAlone('PUT', `/${from}/o`, {}, 'x');
    await expectAsAlone('COPY', `/${from}/none`, { Destination: `${to}/n` });
    await expectAsAlone('COPY', `/${from}/o`, { Destination: 'missing/n' });
    for (const destination of ['', to, `${to}/`, `//${to}/n`])
      await expectAsAlone('COPY', `/${from}/o`, { Destination: destination });
    await expectAsAlone('COPY', `/${from}/o`);
    await expectAsAlone('COPY', `/${from}/o`, { 'Destination': `${to}/n`, 'Destination-Account': 'a/b' });
    for (const source of [from, `${from}/`, 'x'])
      await expectAsAlone('PUT', `/${to}/n`, { 'X-Copy-From': source, 'Content-Length': '0' });
    await expectAsAlone('PUT', `/${to}/n`, { 'X-Copy-From': `${from}/o` }, 'body');
    await expectAsAlone('HEAD', `/${to}/n`);
  });

  it('is of what links and large objects stand for, or of these themselves', async () => {
    for (const [i, text] of ['first,', 'second'].entries())
      await expectAsAlone('PUT', `/${from}/s/${i}`, {}, text);
    await expectAsAlone('PUT', `/${from}/link`, { 'X-Symlink-Target': `${from}/s/0`, 'Content-Length': '0' });
    await expectAsAlone('PUT', `/${from}/dlo`, { 'X-Object-Manifest': `${from}/s/`, 'Content-Length': '0' });
    const manifest = JSON.stringify([{ path: `/${from}/s/0` }, { path: `/${from}/s/1` }]);
    await expectAsAlone('PUT', `/${from}/slo?multipart-manifest=put`, { 'Content-Type': 'text/x' }, manifest);
    for (const object of ['link', 'dlo', 'slo']) {
      await expectAsAlone('COPY', `/${from}/${object}`, { Destination: `${to}/${object}` });
      const copied = await here.request('GET', `/${to}/${object}`);
      expect([object, copied.text]).toEqual([object, object === 'link' ? 'first,' : 'first,second']);
    }
    for (const [object, query] of [
      ['link', 'symlink=get'],
      ['dlo', 'multipart-manifest=get'],
      ['slo', 'multipart-manifest=get'],
    ] as const) {
      await expectAsAlone('COPY', `/${from}/${object}?${query}`, { Destination: `${to}/${object}-itself` });
      const itself = await here.request('HEAD', `/${to}/${object}-itself?symlink=get`);
      const name = { link: 'x-symlink-target', dlo: 'x-object-manifest', slo: 'x-static-large-object' }[
        object
      ];
      expect(itself.headers[name], object).toBeDefined();
      const read = await here.request('GET', `/${to}/${object}-itself`);
      expect([object, read.text]).toEqual([object, object === 'link' ? 'first,' : 'first,second']);
    }
  });

  it('of many bytes arrives whole', async () => {
    const bytes = randomBytes(12 * 1024 * 1024);
    await here.request('PUT', `/${from}/large`, {}, bytes);
    const copy = await here.request('COPY', `/${from}/large`, { Destination: `${to}/large` });
    const etag = createHash('md5').update(bytes).digest('hex');
    expect([copy.status, copy.headers['etag']?.replaceAll('"', '')]).toEqual([201, etag]);
    expect((await here.request('GET', `/${to}/large`)).body.equals(bytes)).toBe(true);
  });

  it('takes nothing from, and puts nothing into, an account where the client may not', async () => {
    const stranger = await sessionsOf(await freshUser());
    const theirs = await SwiftSession.login(gateway.url, stranger.user);
    for (const container of [from, to]) await theirs.request('PUT', `/${container}`);
    await theirs.request('PUT', `/${from}/secret`, {}, 'secret');
    const account = stranger.user.account;
    const source = { 'X-Copy-From': `${from}/secret`, 'X-Copy-From-Account': account, 'Content-Length': '0' };
    expect((await here.request('PUT', `/${to}/n`, source)).status).toBe(403);
    await here.request('PUT', `/${from}/o`, {}, 'mine');
    const into = { 'Destination': `${to}/theirs`, 'Destination-Account': account };
    expect((await here.request('COPY', `/${from}/o`, into)).status).toBe(403);
    expect((await here.request('GET', `/${to}/n`)).status).toBe(404);
    expect((await theirs.request('GET', `/${to}/theirs`)).status).toBe(404);
    const leak = { 'X-Symlink-Target': `${from}/secret`, 'X-Symlink-Target-Account': account };
    await here.request('PUT', `/${from}/leak`, { ...leak, 'Content-Length': '0' });
    expect((await here.request('COPY', `/${from}/leak`, { Destination: `${to}/n` })).status).toBe(403);
    await here.request('PUT', `/${from}/empty`, {}, '');
    const asking = {
      ...leak,
      'X-Symlink-Target-Etag': 'x',
      'X-Copy-From': `${from}/empty`,
      'Content-Length': '0',
    };
    const asked = await here.request('PUT', `/${to}/asking`, asking);
    expect([asked.status, asked.text.includes(createHash('md5').update('secret').digest('hex'))]).toEqual([
      403,
      false,
    ]);
    await theirs.request('POST', `/${from}`, { 'X-Container-Read': sessions.user.user });
    await theirs.request('POST', `/${to}`, { 'X-Container-Write': sessions.user.user });
    const read = await here.request('PUT', `/${to}/n`, source);
    expect([read.status, read.headers['x-copied-from-account']]).toEqual([201, account]);
    expect((await here.request('COPY', `/${from}/o`, into)).status).toBe(201);
    expect((await theirs.request('GET', `/${to}/theirs`)).text).toBe('mine');
  });
});

describe('a copy', () => {
  it('with no token, or a wrong one, is refused', async () => {
    await here.request('PUT', '/away/o', {}, 'x');
    const path = `/v1/${sessions.user.account}/away/o`;
    for (const token of [{}, { 'X-Auth-Token': 'AUTH_tkwrong' }] as Record<string, string>[])
      for (const destination of ['here/n', 'away/n']) {
        const headers = { ...token, Destination: destination };
        expect((await send(gateway.url, 'COPY', path, headers)).status).toBe(401);
      }
  });

  it('of what is placed here and has not come yet is made from a cluster that has it', async () => {
    const via = sessions.via[one]!;
    await via.request('PUT', '/both');
    await sessions.direct[two]!.request('PUT', '/both/o', {}, 'from two');
    const copy = await via.request('COPY', '/both/o', { Destination: 'both/n' });
    expect([copy.status, copy.headers['x-copied-from']]).toEqual([201, 'both/o']);
    await via.request('DELETE', '/both/n');
    await via.request('PUT', '/both/gone', {}, 'x');
    await sessions.direct[one]!.request('DELETE', '/both/gone');
    expect((await via.request('COPY', '/both/gone', { Destination: 'both/n' })).status).toBe(404);
  });
});
