// Links and large objects are read through any gateway, wherever their parts are, and lead to nothing that the client may not read.
import { beforeEach, describe, expect, it } from 'vitest';
import { expectAsThere, SERVED_BY } from '../support/as-there.js';
import { clusters, freshUser, send } from '../support/clusters.js';
import { sessionsOf, type Sessions } from '../support/containers.js';
import type { SwiftSession } from '../support/swift-client.js';

const all = clusters();
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];

let sessions: Sessions;
let here: SwiftSession;
let away: SwiftSession;

beforeEach(async () => {
  sessions = await sessionsOf(await freshUser());
  here = sessions.via[one]!;
  // Past the gateways: nothing copies what is written so.
  away = sessions.direct[two]!;
  await here.request('PUT', '/c');
});

describe('a symlink that another cluster has', () => {
  it('leads to its target, wherever that is', async () => {
    await here.request('PUT', '/targets');
    await away.request('PUT', '/targets/t', {}, 'target');
    await away.request('PUT', '/c/link', { 'X-Symlink-Target': 'targets/t' });
    for (const method of ['GET', 'HEAD']) await expectAsThere(here, away, method, '/c/link');
    await expectAsThere(here, away, 'GET', '/c/link', { Range: 'bytes=1-3' });
    await expectAsThere(here, away, 'GET', '/c/link?symlink=get');
    await sessions.direct[one]!.request('PUT', '/targets/t', {}, 'target at one');
    expect((await here.request('GET', '/c/link')).text).toBe('target at one');
  });

  it('in a circle, or with another target than it was made for, is a conflict', async () => {
    await away.request('PUT', '/c/a', { 'X-Symlink-Target': 'c/b' });
    await away.request('PUT', '/c/b', { 'X-Symlink-Target': 'c/a' });
    expect((await here.request('GET', '/c/a')).status).toBe(409);
    const put = await away.request('PUT', '/c/t', {}, 'one');
    const etag = put.headers['etag']!.replaceAll('"', '');
    await away.request('PUT', '/c/static', { 'X-Symlink-Target': 'c/t', 'X-Symlink-Target-Etag': etag });
    expect((await here.request('GET', '/c/static')).text).toBe('one');
    await sessions.direct[one]!.request('PUT', '/c/t', {}, 'another');
    expect((await here.request('GET', '/c/static')).status).toBe(409);
  });

  it('does not lead to what the client may not read', async () => {
    const other = await sessionsOf(await freshUser());
    await other.via[one]!.request('PUT', '/private');
    await other.direct[two]!.request('PUT', '/private/secret', {}, 'secret');
    const to = { 'X-Symlink-Target': 'private/secret', 'X-Symlink-Target-Account': other.user.account };
    expect((await away.request('PUT', '/c/leak', to)).status).toBe(201);
    expect((await away.request('GET', '/c/leak')).status).toBe(403);
    expect((await here.request('GET', '/c/leak')).status).toBe(403);
  });
});

describe('a link that is here', () => {
  it('leads to what only another cluster has', async () => {
    await here.request('PUT', '/targets');
    await away.request('PUT', '/targets/t', {}, 'target');
    await sessions.direct[one]!.request('PUT', '/c/link', { 'X-Symlink-Target': 'targets/t' });
    const answer = await here.request('GET', '/c/link', { Range: 'bytes=0-2' });
    expect([answer.status, answer.text, answer.headers[SERVED_BY]]).toEqual([206, 'tar', two]);
    // What a client sends with a GET belongs to that request alone, whatever becomes of it.
    for (let i = 0; i < 4; i += 1) {
      const odd = await here.request(
        'GET',
        '/c/link',
        {},
        `GET /healthcheck HTTP/1.1\r\nX: ${'x'.repeat(i)}`,
      );
      expect([odd.status, odd.text]).toEqual([200, 'target']);
      expect((await here.request('HEAD', '/c')).status).toBe(204);
    }
  });
});

describe('a large object that another cluster has', () => {
  const segments = ['first segment, ', 'second segment, ', 'third'];

  async function putSegments(at: SwiftSession[]): Promise<object[]> {
    await here.request('PUT', '/segments');
    const rows = [];
    for (const [i, text] of segments.entries()) {
      const put = await at[i % at.length]!.request('PUT', `/segments/s/${i}`, {}, text);
      rows.push({
        path: `/segments/s/${i}`,
        etag: put.headers['etag']!.replaceAll('"', ''),
        size_bytes: text.length,
      });
    }
    return rows;
  }

  const wanted = [
    {},
    { Range: 'bytes=3-20' },
    { Range: 'bytes=-7' },
    { Range: 'bytes=15-' },
    { Range: 'bytes=999-' },
  ];

  it('static, is put together from segments here and there', async () => {
    const manifest = await putSegments([away]);
    const put = await away.request(
      'PUT',
      '/c/slo?multipart-manifest=put',
      { 'Content-Type': 'text/x', 'X-Object-Meta-A': '1' },
      JSON.stringify(manifest),
    );
    expect(put.status).toBe(201);
    for (const headers of [...wanted, { 'If-None-Match': put.headers['etag']! }])
      for (const method of ['GET', 'HEAD']) await expectAsThere(here, away, method, '/c/slo', headers);
    await expectAsThere(here, away, 'GET', '/c/slo?multipart-manifest=get');
    await sessions.direct[one]!.request('PUT', '/segments/s/1', {}, segments[1]);
    expect((await here.request('GET', '/c/slo')).text).toBe(segments.join(''));
    await sessions.direct[one]!.request('PUT', '/segments/s/0', {}, 'another thing!!');
    // A segment that is another one here is read where it is the one that is meant.
    expect((await here.request('GET', '/c/slo')).text).toBe(segments.join(''));
    await away.request('DELETE', '/segments/s/0');
    expect((await here.request('GET', '/c/slo')).status).toBe(409);
  });

  it('static, is whole although its segments have not come here yet', async () => {
    const manifest = await putSegments([away]);
    const direct = sessions.direct[one]!;
    for (const [i, text] of segments.entries()) await direct.request('PUT', `/segments/s/${i}`, {}, text);
    await direct.request('PUT', '/c/slo?multipart-manifest=put', {}, JSON.stringify(manifest));
    await direct.request('DELETE', '/segments/s/0');
    await away.request('PUT', '/segments/s/0', {}, segments[0]);
    expect((await direct.request('GET', '/c/slo')).status).toBe(409);
    expect((await here.request('GET', '/c/slo')).text).toBe(segments.join(''));
  });

  it('dynamic, is what its segments there are', async () => {
    await putSegments([away]);
    await away.request('PUT', '/c/dlo', { 'X-Object-Manifest': 'segments/s/', 'Content-Type': 'text/x' });
    for (const headers of wanted)
      for (const method of ['GET', 'HEAD']) await expectAsThere(here, away, method, '/c/dlo', headers);
    // Its segments may be on clusters that have not the manifest.
    await sessions.direct[three]!.request('PUT', '/segments/s/9', {}, ' and more');
    expect((await here.request('GET', '/c/dlo')).text).toBe(`${segments.join('')} and more`);
  });

  it('opens no segment that the client may not read', async () => {
    await putSegments([away]);
    await away.request('PUT', '/c/dlo', { 'X-Object-Manifest': 'segments/s/' });
    const manifest = await putSegments([away]);
    await away.request('PUT', '/c/slo?multipart-manifest=put', {}, JSON.stringify(manifest));
    await here.request('POST', '/c', { 'X-Container-Read': '.r:*' });
    for (const object of ['dlo', 'slo']) {
      const path = `/v1/${sessions.user.account}/c/${object}`;
      const straight = await send(all[1]!.proxyUrl, 'GET', path);
      const through = await send(all[0]!.gatewayUrl, 'GET', path);
      expect([object, through.status]).toEqual([object, straight.status]);
      expect(through.text).not.toContain('segment,');
    }
  });
});
