// An object is read through any gateway, before it has come there, and with no more rights than its own cluster gives.
import { createServer, request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clusters, freshUser, link, restoreLinks, send, type Answer } from '../support/clusters.js';
import { expectAsThere, SERVED_BY } from '../support/as-there.js';
import { sessionsOf, type Sessions } from '../support/containers.js';
import { planPort, startGateway } from '../support/extra-gateways.js';
import { SwiftSession } from '../support/swift-client.js';
import { tempUrl, type TempUrlOptions } from '../support/temp-url.js';

const all = clusters();
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];
const BYTES = 'The quick brown fox jumps over the lazy dog';

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
afterEach(restoreLinks);

describe('an object that another cluster has', () => {
  it('is served with all its headers, in parts and on conditions', async () => {
    const put = await away.request(
      'PUT',
      '/c/a%20b/%C3%BC%3F',
      { 'X-Object-Meta-A': 'ü', 'Content-Type': 'text/x' },
      BYTES,
    );
    const etag = put.headers['etag']!;
    for (const method of ['GET', 'HEAD']) {
      for (const headers of [
        {},
        { Range: 'bytes=4-8' },
        { Range: 'bytes=-3' },
        { Range: 'bytes=100-' },
        { 'If-None-Match': etag },
        { 'If-None-Match': '"other"' },
        { 'If-Match': '"other"' },
        { 'If-Modified-Since': new Date(Date.now() + 5_000).toUTCString() },
        { 'If-Unmodified-Since': new Date(0).toUTCString() },
      ]) {
        const answer = await expectAsThere(here, away, method, '/c/a%20b/%C3%BC%3F', headers);
        expect(answer.headers[SERVED_BY]).toBe(two);
      }
    }
    const parts = await here.request('GET', '/c/a%20b/%C3%BC%3F', { Range: 'bytes=0-1,4-5' });
    expect([parts.status, parts.text]).toEqual([206, expect.stringContaining('Content-Range: bytes 4-5/43')]);
  });

  it('is served from here as soon as it is here', async () => {
    await away.request('PUT', '/c/o', {}, 'there');
    await sessions.direct[one]!.request('PUT', '/c/o', {}, 'here');
    const answer = await here.request('GET', '/c/o');
    expect([answer.text, answer.headers[SERVED_BY]]).toEqual(['here', undefined]);
  });

  it('is not served after it was deleted here, and is again when it was written there since', async () => {
    await away.request('PUT', '/c/o', {}, 'old');
    const direct = sessions.direct[one]!;
    await direct.request('PUT', '/c/o', {}, 'old');
    await direct.request('DELETE', '/c/o');
    expect((await here.request('GET', '/c/o')).status).toBe(404);
    expect((await here.request('HEAD', '/c/o')).status).toBe(404);
    await away.request('PUT', '/c/o', {}, 'new');
    const answer = await here.request('GET', '/c/o');
    expect([answer.text, answer.headers[SERVED_BY]]).toEqual(['new', two]);
  });

  it('is served where it was written since, not from where its deletion has not come', async () => {
    const direct = sessions.direct[one]!;
    // Whichever of them is asked first.
    for (const [stale, newer] of [
      [two, three],
      [three, two],
    ] as const) {
      await sessions.direct[stale]!.request('PUT', `/c/${newer}`, {}, 'old');
      await direct.request('PUT', `/c/${newer}`, {}, 'old');
      await direct.request('DELETE', `/c/${newer}`);
      await sessions.direct[newer]!.request('PUT', `/c/${newer}`, {}, 'new');
      for (const method of ['GET', 'HEAD']) {
        const answer = await here.request(method, `/c/${newer}`);
        expect([method, answer.status, answer.headers[SERVED_BY]]).toEqual([method, 200, newer]);
      }
    }
  });

  it('is one 404 where none has it, and the other clusters are not asked again at once', async () => {
    const session = await gatewayWith({ negative_ttl: '60' });
    const answer = await session.request('GET', '/c/none');
    expect([answer.status, answer.headers['x-autosync-partial']]).toEqual([404, undefined]);
    expect(answer.text).toBe((await away.request('GET', '/c/none')).text);
    await away.request('PUT', '/c/none', {}, 'late');
    expect((await session.request('GET', '/c/none')).status).toBe(404);
    expect((await here.request('GET', '/c/other')).status).toBe(404);
  });

  it('is waited for no longer than fallback_timeout, and the answer says who did not say', async () => {
    const session = await gatewayWith({ fallback_timeout: '3', peer_timeout: '60', read_order: two });
    await link(one, two).blackhole();
    await away.request('PUT', '/c/o', {}, 'x');
    const began = performance.now();
    const answer = await session.request('GET', '/c/o');
    expect([answer.status, answer.headers['x-autosync-partial']]).toEqual([
      404,
      expect.stringContaining(two),
    ]);
    expect(performance.now() - began).toBeLessThan(50_000);
    await sessions.direct[three]!.request('PUT', '/c/o', {}, 'y');
    expect((await session.request('GET', '/c/o')).text).toBe('y');
  });

  it.each([
    [three, two],
    [two, three],
  ])('is read at %s, where %s is farther away', async (near, far) => {
    await link(one, far).delay(150);
    for (const name of [two, three]) await sessions.direct[name]!.request('PUT', '/c/o', {}, name);
    const session = await gatewayWith({ hedge_delay: '20', fallback_timeout: '5' });
    const read = async (): Promise<string> => (await session.request('GET', '/c/o')).text;
    // How far they are shows in the first answers.
    for (let i = 0; i < 3; i += 1) await read();
    for (let i = 0; i < 5; i += 1) expect(await read()).toBe(near);
  });

  it('is asked for where read_order says first', async () => {
    const session = await gatewayWith({ read_order: `${three}, ${two}`, hedge_delay: '20' });
    for (const name of [two, three]) await sessions.direct[name]!.request('PUT', '/c/o', {}, name);
    for (let i = 0; i < 3; i += 1) {
      const answer = await session.request('GET', '/c/o');
      expect([answer.text, answer.headers[SERVED_BY]]).toEqual([three, three]);
    }
  });

  it('is not asked for with fallback_timeout = 0', async () => {
    const session = await gatewayWith({ fallback_timeout: '0' });
    await away.request('PUT', '/c/o', {}, 'x');
    expect((await session.request('GET', '/c/o')).status).toBe(404);
  });
});

describe('an object whose container is placed on other clusters only', () => {
  let session: SwiftSession;
  beforeEach(async () => {
    const conf = [['filter:placement', 'default', `${two}, ${three}`]] as const;
    const { url } = await startGateway(all[0]!, { conf });
    session = await SwiftSession.login(url, sessions.user);
    expect((await session.request('PUT', '/elsewhere')).status).toBe(201);
  });

  it('is read from these, and none of them answering is a 503, not a 404', async () => {
    await away.request('PUT', '/elsewhere/o', {}, 'there');
    expect((await session.request('GET', '/elsewhere/o')).text).toBe('there');
    expect((await session.request('GET', '/elsewhere/none')).status).toBe(404);
    for (const name of [two, three]) await link(one, name).cut();
    for (const headers of [{}, { 'X-Newest': 'true' }]) {
      const answer = await session.request('GET', '/elsewhere/o', headers);
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    }
  });

  it('is not served from where its deletion has not come', async () => {
    for (const name of [two, three]) await sessions.direct[name]!.request('PUT', '/elsewhere/o', {}, name);
    await away.request('DELETE', '/elsewhere/o');
    const ordered = await session.request('GET', '/elsewhere/o');
    expect([ordered.status, ordered.headers[SERVED_BY]]).toEqual([404, undefined]);
  });
});

describe('X-Newest: true', () => {
  const newest = { 'X-Newest': 'true' };

  it('is the newest of all clusters', async () => {
    await sessions.direct[one]!.request('PUT', '/c/o', {}, 'first');
    expect((await here.request('GET', '/c/o', newest)).text).toBe('first');
    await away.request('PUT', '/c/o', {}, 'second');
    expect((await here.request('GET', '/c/o')).text).toBe('first');
    const answer = await here.request('GET', '/c/o', newest);
    expect([answer.text, answer.headers[SERVED_BY]]).toEqual(['second', two]);
    await sessions.direct[three]!.request('PUT', '/c/o', {}, 'third');
    expect((await here.request('GET', '/c/o', newest)).text).toBe('third');
    await sessions.direct[one]!.request('PUT', '/c/o', {}, 'fourth');
    expect((await here.request('GET', '/c/o', newest)).text).toBe('fourth');
  });

  it('is a 404 where the newest is a deletion', async () => {
    await sessions.direct[one]!.request('PUT', '/c/o', {}, 'first');
    await away.request('PUT', '/c/o', {}, 'second');
    await away.request('DELETE', '/c/o');
    expect((await here.request('GET', '/c/o', newest)).status).toBe(404);
    expect((await here.request('GET', '/c/o')).text).toBe('first');
  });
});

describe('rights', () => {
  it('are asked for of the object itself, where Swift takes the client’s request for one of another name', async () => {
    await away.request('PUT', '/c/secret', {}, 'secret');
    // As domain_remap does it, or s3api: by the host, another path is meant, and it is not there.
    const swift = new URL(all[0]!.proxyUrl);
    const remapping = createServer((asked, answer) => {
      if (asked.headers.host === 'pub.attacker.example') {
        answer.writeHead(404).end();
        return;
      }
      const { method, url, headers } = asked;
      const onward = request({
        host: swift.hostname,
        port: swift.port,
        method,
        path: url,
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
      const conf = [['app:proxy', 'upstream', `http://127.0.0.1:${port}`]] as const;
      const { url } = await startGateway(all[0]!, { conf });
      const path = `/v1/${sessions.user.account}/c/secret`;
      const owner = { 'X-Auth-Token': sessions.via[one]!.token };
      expect((await send(url, 'GET', path, owner)).text).toBe('secret');
      const wrong = await send(url, 'GET', path, { Host: 'pub.attacker.example' });
      expect([wrong.status, wrong.headers[SERVED_BY]]).toEqual([404, undefined]);
      const newest = { 'Host': 'pub.attacker.example', 'X-Newest': 'true' };
      expect((await send(url, 'GET', path, newest)).status).toBe(404);
    } finally {
      remapping.close();
      remapping.closeAllConnections();
    }
  });

  it.each([
    ['nobody’s', '', 401],
    ['everybody’s', '.r:*', 200],
    ['a referrer’s', '.r:friend.example', 401],
  ])('%s are what the container gives', async (_, acl, status) => {
    await here.request('POST', '/c', { 'X-Container-Read': acl });
    await away.request('PUT', '/c/o', {}, BYTES);
    const path = `/v1/${sessions.user.account}/c/o`;
    const [through, straight] = await Promise.all([
      send(all[0]!.gatewayUrl, 'GET', path),
      send(all[1]!.proxyUrl, 'GET', path),
    ]);
    expect([through.status, straight.status]).toEqual([status, status]);
    const referred = await send(all[0]!.gatewayUrl, 'GET', path, { Referer: 'http://friend.example/x' });
    expect(referred.status).toBe(acl === '' ? 401 : 200);
  });

  it('a TempURL opens its object, large ones and links included, and no other', async () => {
    const key = 'key-of-the-account';
    await here.request('POST', '', { 'X-Account-Meta-Temp-URL-Key': key });
    await away.request('PUT', '/c/o', {}, BYTES);
    await away.request('PUT', '/c/link', { 'X-Symlink-Target': 'c/o' });
    const path = (object: string): string => `/v1/${sessions.user.account}/c/${object}`;
    const sign = (object: string, by = key, options: TempUrlOptions = {}): string =>
      tempUrl('GET', path(object), by, options);
    const get = (target: string): Promise<Answer> => send(all[0]!.gatewayUrl, 'GET', target);
    expect([(await get(sign('o'))).text, (await get(sign('link'))).text]).toEqual([BYTES, BYTES]);
    for (const wrong of [
      sign('o', key, { expires: 1 }),
      sign('o', 'other'),
      sign('o').replace('/c/o', '/c/link'),
    ])
      expect((await get(wrong)).status).toBe(401);
  });
});

/** A session at a gateway of the first cluster with these options. */
async function gatewayWith(options: Record<string, string>): Promise<SwiftSession> {
  const conf = Object.entries(options).map(([key, value]) => ['filter:autosync', key, value] as const);
  const { url } = await startGateway(all[0]!, { conf });
  return SwiftSession.login(url, sessions.user);
}
