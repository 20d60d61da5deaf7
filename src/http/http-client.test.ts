// Promises of small requests of our own.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BALANCER } from '../../test/support/bare-gateway.js';
import { ok, RawServer, type RawSocket } from '../../test/support/raw-sockets.js';
import { Deadlines } from './deadline.js';
import { HeaderList } from './headers.js';
import { HttpClient } from './http-client.js';
import { OriginPool, type OriginOptions } from './origin-pool.js';

vi.setConfig({ testTimeout: 30_000 });

let cleanUps: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
  cleanUps = [];
});

async function start(
  options: Partial<OriginOptions> = {},
): Promise<{ server: RawServer; client: HttpClient }> {
  const server = await RawServer.listen();
  const deadlines = new Deadlines();
  const pool = new OriginPool(server.origin, { ...BALANCER, ...options }, deadlines);
  cleanUps.push(async () => {
    pool.close();
    deadlines.close();
    await server.close();
  });
  return { server, client: new HttpClient(pool) };
}

const GET = { method: 'GET', target: '/v1/a%2Fb?x', timeoutMs: 10_000 };

async function taken(server: RawServer): Promise<RawSocket> {
  const connection = await server.accept();
  await connection.until('\r\n\r\n');
  return connection;
}

describe('a request', () => {
  it('has its Host, its length, and its target as given', async () => {
    const { server, client } = await start();
    const requests: string[] = [];
    server.answerAll((text) => {
      requests.push(text);
      return ok();
    });
    const headers = HeaderList.from([['X-A', '1']]);
    await client.request({ ...GET, headers });
    await client.request({ ...GET, method: 'POST' });
    await client.request({ ...GET, method: 'PUT', body: 'caf\u00e9' });
    await client.request({ ...GET, headers: HeaderList.from([['host', 'other']]) });
    const host = `Host: 127.0.0.1:${server.port}\r\n`;
    expect(requests).toEqual([
      `GET /v1/a%2Fb?x HTTP/1.1\r\n${host}X-A: 1\r\n\r\n`,
      `POST /v1/a%2Fb?x HTTP/1.1\r\n${host}Content-Length: 0\r\n\r\n`,
      `PUT /v1/a%2Fb?x HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\ncaf\xc3\xa9`,
      'GET /v1/a%2Fb?x HTTP/1.1\r\nhost: other\r\n\r\n',
    ]);
    expect(headers.raw).toEqual(['X-A', '1']);
  });

  it('hands back the whole answer, chunks taken off', async () => {
    const { server, client } = await start();
    server.answerAll(
      () =>
        'HTTP/1.1 404 Gone Away\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n',
    );
    const answer = await client.request(GET);
    expect(answer).toMatchObject({ status: 404, reason: 'Gone Away', body: Buffer.from('abc') });
    expect(answer.headers.get('x-a')).toBe('1');
  });

  it.each(['', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'])(
    'is TIMEOUT when the whole answer takes longer than its time, and is broken off (after %j)',
    async (part) => {
      const { server, client } = await start();
      const sent = client.request({ ...GET, timeoutMs: 1_000 });
      const connection = await taken(server);
      connection.send(part);
      await expect(sent).rejects.toMatchObject({ code: 'TIMEOUT' });
      await connection.untilClosed();
    },
  );

  it('ends with the reason of its signal', async () => {
    const { server, client } = await start();
    const controller = new AbortController();
    const sent = client.request({ ...GET, signal: controller.signal });
    const connection = await taken(server);
    controller.abort(new Error('not needed'));
    await expect(sent).rejects.toThrow('not needed');
    await connection.untilClosed();
    await expect(client.request({ ...GET, signal: controller.signal })).rejects.toThrow('not needed');
  });

  it('speaks of any server, not of the local Swift: refused or broken off is CONNECTION_FAILED', async () => {
    const { server, client } = await start();
    const sent = client.request(GET);
    (await taken(server)).reset();
    await expect(sent).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
    const cut = client.request(GET);
    (await taken(server)).send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf').end();
    await expect(cut).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
    await server.close();
    await expect(client.request(GET)).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
  });

  it('to a server that falls silent is TIMEOUT, and nonsense is BAD_ANSWER', async () => {
    const { server, client } = await start({ silenceMs: 100 });
    await expect(client.request(GET)).rejects.toMatchObject({ code: 'TIMEOUT' });
    const sent = client.request(GET);
    await server.accept();
    (await taken(server)).send('nonsense\r\n\r\n');
    await expect(sent).rejects.toMatchObject({ code: 'BAD_ANSWER' });
  });
});
