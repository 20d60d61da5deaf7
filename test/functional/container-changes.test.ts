// Container PUT and POST through any gateway: every cluster then holds the same settings.
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  cluster,
  clusters,
  connectionsOver,
  freshUser,
  link,
  send,
  waitFor,
  type SwiftSession,
} from '../support/clusters.js';
import { expectEverywhere, headEverywhere, sessionsOf, type Sessions } from '../support/containers.js';
import { withContainerSync } from '../support/container-sync.js';

withContainerSync();

const names = clusters().map(({ name }) => name);
const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

let sessions: Sessions;
beforeAll(async () => {
  sessions = await sessionsOf(await freshUser());
});

describe.each(names)('a container created through the gateway of %s', (name) => {
  const headers = {
    'X-Container-Read': '.r:*,.rlistings',
    'X-Container-Write': 't1:u',
    'X-Container-Meta-Colour': 'green',
    'X-Container-Meta-Quota-Count': '17',
  };

  it('is on every cluster with the same settings, synced', async () => {
    const path = `/created-at-${name}`;
    const answer = await sessions.via[name]!.request('PUT', path, headers);
    expect(answer.status).toBe(201);
    expect(answer.headers).not.toHaveProperty('x-autosync-pending');
    await expectEverywhere(sessions, path, headers);
  });

  it('loses nothing when it is created again everywhere', async () => {
    const path = `/created-at-${name}`;
    const before = await headEverywhere(sessions, path);
    for (const each of names) expect((await sessions.via[each]!.request('PUT', path)).status).toBe(202);
    await expectEverywhere(sessions, path, headers);
    const after = await headEverywhere(sessions, path);
    for (const each of names) {
      expect(after[each]!.headers['x-container-sync-to']).toBe(before[each]!.headers['x-container-sync-to']);
    }
  });
});

describe('every kind of setting', () => {
  const settings: Record<string, string> = {
    'X-Container-Read': 't1:u,t2:*',
    'X-Container-Write': 't3:u',
    'X-Container-Meta-Access-Control-Allow-Origin': 'http://example.com http://other.example.com',
    'X-Container-Meta-Access-Control-Max-Age': '60',
    'X-Container-Meta-Access-Control-Expose-Headers': 'X-Foo',
    'X-Container-Meta-Quota-Bytes': '1000000',
    'X-Container-Meta-Quota-Count': '3',
    'X-Container-Meta-Web-Index': 'index.html',
    'X-Container-Meta-Web-Error': 'error.html',
    'X-Container-Meta-Temp-URL-Key': 'first',
    'X-Container-Meta-Temp-URL-Key-2': 'second',
    'X-Container-Meta-Plain': ' with, "signs"; and %25 ',
    'X-Container-Meta-Words': 'Zürich 東京 🜁',
  };
  const onTheWire = Object.entries(settings).flatMap(([name, value]) => [name, latin1(value)]);
  const seen = Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, value.trim()]));
  const gone = Object.fromEntries(Object.keys(settings).map((name) => [name, undefined]));

  it('set at any cluster is set on all, and removed at any is removed on all', async () => {
    await sessions.via[names[0]!]!.request('PUT', '/settings');
    for (const [index, name] of names.entries()) {
      expect((await sessions.via[name]!.request('POST', '/settings', onTheWire)).status).toBe(204);
      await expectEverywhere(sessions, '/settings', seen);
      const removal = Object.keys(settings).flatMap((header) =>
        index % 2 === 0 ? [header.replace(/^X-/, 'X-Remove-'), 'x'] : [header, ''],
      );
      const other = sessions.via[names[(index + 1) % names.length]!]!;
      expect((await other.request('POST', '/settings', removal)).status).toBe(204);
      await expectEverywhere(sessions, '/settings', gone);
    }
  });

  it('is taken from a PUT on a container that exists as well', async () => {
    await sessions.via[names[0]!]!.request('PUT', '/put-again', { 'X-Container-Meta-Kept': 'yes' });
    const answer = await sessions.via[names[1]!]!.request('PUT', '/put-again', onTheWire);
    expect(answer.status).toBe(202);
    await expectEverywhere(sessions, '/put-again', { ...seen, 'X-Container-Meta-Kept': 'yes' });
  });

  it('may have a name of UTF-8 letters, or be written with underscores', async () => {
    // Node's own client does not send such names.
    const put = (session: SwiftSession, path: string): Promise<string> => {
      const { host, hostname, port } = new URL(session.baseUrl);
      const socket = connect(Number(port), hostname);
      const lines = [
        `PUT /v1/${session.user.account}${path} HTTP/1.1`,
        `Host: ${host}`,
        `X-Auth-Token: ${session.token}`,
        'X-Container-Meta-Größe: m',
        'X_Container_Meta_Under_Score: u',
        'Content-Length: 0',
        'Connection: close',
      ];
      socket.write(`${lines.join('\r\n')}\r\n\r\n`);
      return text(socket);
    };
    const direct = await put(sessions.direct[names[0]!]!, '/odd-setting-direct');
    const answer = await put(sessions.via[names[0]!]!, '/odd-setting');
    expect(answer.split('\r\n', 1)).toEqual(direct.split('\r\n', 1));
    const told = (await headEverywhere(sessions, '/odd-setting-direct'))[names[0]!]!;
    const meta = (rawHeaders: readonly string[]): string[] =>
      rawHeaders.flatMap((name, i) =>
        i % 2 === 0 && /^x-container-meta-/i.test(name) ? [`${name}: ${rawHeaders[i + 1] ?? ''}`] : [],
      );
    for (const [name, { rawHeaders }] of Object.entries(await headEverywhere(sessions, '/odd-setting'))) {
      expect(meta(rawHeaders), name).toEqual(meta(told.rawHeaders));
    }
  });
});

describe('only what a request names travels', () => {
  it('a header set meanwhile on a peer is not reverted by an unrelated POST', async () => {
    const [here, there] = names as [string, string];
    await sessions.via[here]!.request('PUT', '/named-only', { 'X-Container-Meta-A': '1' });
    await sessions.direct[there]!.request('POST', '/named-only', {
      'X-Container-Meta-A': '2',
      'X-Container-Read': '.r:*',
    });
    await sessions.via[here]!.request('POST', '/named-only', { 'X-Container-Meta-B': 'b' });
    const found = (await headEverywhere(sessions, '/named-only'))[there]!.headers;
    expect(found).toMatchObject({
      'x-container-meta-a': '2',
      'x-container-meta-b': 'b',
      'x-container-read': '.r:*',
    });
  });

  it('a name that is both set and removed ends as Swift has it', async () => {
    const headers = ['X-Container-Meta-Both', 'set', 'X-Remove-Container-Meta-Both', 'x'];
    await sessions.via[names[0]!]!.request('PUT', '/both', { 'X-Container-Meta-Both': 'before' });
    await sessions.via[names[1]!]!.request('POST', '/both', headers);
    const here = (await headEverywhere(sessions, '/both'))[names[1]!]!;
    await expectEverywhere(sessions, '/both', {
      'X-Container-Meta-Both': here.headers['x-container-meta-both'],
    });
  });
});

describe('the answer', () => {
  it("is the local Swift's own, with its transaction id", async () => {
    const path = '/own-answer';
    const answer = await sessions.via[names[0]!]!.request('PUT', path);
    const direct = await sessions.direct[names[0]!]!.request('PUT', `${path}-direct`);
    expect(answer.status).toBe(direct.status);
    expect(answer.text).toBe(direct.text);
    expect(Object.keys(answer.headers).sort()).toEqual(Object.keys(direct.headers).sort());
    const id = answer.headers['x-trans-id']!;
    await waitFor(`${id} in the log of Swift`, async () =>
      (await cluster(names[0]!).control.logs('proxy')).includes(id),
    );
  });

  it('comes after all peers have it, however many requests share the connection', async () => {
    // Container sync opens a connection for each request.
    await cluster(names[0]!).control.stopServer('container-sync');
    const before = await connectionsOver(names[0]!, names[1]!);
    for (let i = 0; i < 10; i += 1) await sessions.via[names[0]!]!.request('PUT', `/kept-open-${i}`);
    const opened = (await connectionsOver(names[0]!, names[1]!)) - before;
    await cluster(names[0]!).control.startServer('container-sync');
    expect(opened, 'connections for ten changes').toBeLessThan(3);
  });

  it('does not stop a change whose client has gone', async () => {
    const { gatewayUrl } = cluster(names[0]!);
    const { account } = sessions.user;
    const controller = new AbortController();
    await link(names[0]!, names[1]!).delay(300);
    try {
      const request = send(
        gatewayUrl,
        'PUT',
        `/v1/${account}/client-gone`,
        {
          'X-Auth-Token': sessions.via[names[0]!]!.token,
        },
        undefined,
        controller.signal,
      );
      await waitFor('the container is here', async () => {
        const answers = await headEverywhere(sessions, '/client-gone');
        return answers[names[0]!]!.status === 204;
      });
      controller.abort();
      await expect(request).rejects.toThrow();
      await waitFor('the container is everywhere', async () => {
        await expectEverywhere(sessions, '/client-gone');
        return true;
      });
    } finally {
      await link(names[0]!, names[1]!).restore();
    }
  });

  it('is what Swift says where the request has a body, or headers over every limit', async () => {
    const requests: [Record<string, string>, string | undefined][] = [
      [{}, 'a body that means nothing'],
      [{ 'X-Container-Meta-Long': 'x'.repeat(10_000) }, undefined],
      [{ 'X-Something': 'x'.repeat(10_000) }, undefined],
      [{ [`X-Container-Meta-${'n'.repeat(129)}`]: 'x' }, undefined],
      [{ 'X-Container-Meta-Value': 'v'.repeat(257) }, undefined],
      [Object.fromEntries(Array.from({ length: 91 }, (_, i) => [`X-Container-Meta-${i}`, 'x'])), undefined],
      [{ 'X-Container-Read': '.r:*,.unknown:x' }, undefined],
      [{ 'X-Container-Meta-Quota-Bytes': 'many' }, undefined],
    ];
    for (const [index, [headers, body]] of requests.entries()) {
      const direct = await sessions.direct[names[0]!]!.request(
        'PUT',
        `/limits-${index}-direct`,
        headers,
        body,
      );
      const answer = await sessions.via[names[0]!]!.request('PUT', `/limits-${index}`, headers, body);
      expect([answer.status, answer.text], `request ${index}`).toEqual([direct.status, direct.text]);
      const found = await headEverywhere(sessions, `/limits-${index}`);
      const wanted = direct.status < 300 ? 204 : 404;
      for (const name of names) expect(found[name]!.status, `request ${index} at ${name}`).toBe(wanted);
    }
  });
});
