// Promises of the server's answers and of its end, on real sockets.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import tls from 'node:tls';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { LIMITS } from '../../test/support/bare-gateway.js';
import { answer, connectTo, echo, get, put, serve } from '../../test/support/bare-server.js';
import { eventually, RawSocket } from '../../test/support/raw-sockets.js';
import { HeaderList } from './headers.js';
import { MessageBody } from './message-body.js';
import type { OutgoingResponse, RequestHandler } from './server-connection.js';
import { HttpServer } from './server.js';

vi.setConfig({ testTimeout: 30_000 });

describe('an answer', () => {
  it.each([204, 304])('%i has no length added', async (status) => {
    const connect = await serve(() =>
      Promise.resolve({ status, reason: 'X', headers: new HeaderList(['Etag', 'e']), body: undefined }),
    );
    const client = await connect();
    client.send(get('/'));
    expect(await client.until('\r\n\r\n')).toBe(`HTTP/1.1 ${status} X\r\nEtag: e\r\n\r\n`);
  });

  it('to HEAD has the length, and no body', async () => {
    const connect = await serve(() => Promise.resolve(answer('hello')));
    const client = await connect();
    client.send('HEAD / HTTP/1.1\r\nHost: h\r\n\r\n' + get('/'));
    const text = await client.until('hello');
    expect(text).toBe(
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    );
  });

  it('without body has length 0, and may have no reason', async () => {
    const connect = await serve(() =>
      Promise.resolve({ status: 200, reason: '', headers: new HeaderList(), body: undefined }),
    );
    const client = await connect();
    client.send(get('/'));
    expect(await client.until('\r\n\r\n')).toBe('HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n');
  });

  it('given before the body was read closes the connection, and the client can read it', async () => {
    const connect = await serve(() => Promise.resolve(answer('no', 401)));
    const client = await connect();
    client.send('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n');
    for (let i = 0; i < 10; i += 1) client.send('x'.repeat(50_000));
    const reply = await client.untilClosed();
    expect(reply).toMatch(/^HTTP\/1.1 401 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno$/);
  });

  it('given before 100 Continue closes the connection', async () => {
    const connect = await serve(() => Promise.resolve(answer('no', 401)));
    const client = await connect();
    client.send('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
    expect(await client.untilClosed()).toContain('Connection: close');
  });

  it('of 10 MB reaches a slow reader whole, though it takes many times client_timeout', async () => {
    const size = 10 * 1024 * 1024;
    const connect = await serve(
      () =>
        Promise.resolve({
          status: 200,
          reason: 'OK',
          headers: new HeaderList(),
          body: Buffer.alloc(size, 'y'),
        }),
      { clientTimeoutMs: 1_000 },
    );
    const client = await connect();
    client.isKeeping = false;
    client.send(get('/', 'Connection: close\r\n'));
    const start = performance.now();
    client.socket.on('data', () => {
      client.socket.pause();
      setTimeout(() => client.socket.resume(), 25);
    });
    await eventually(() => client.byteCount > size);
    expect(performance.now() - start).toBeGreaterThan(2_000);
    await client.untilClosed();
    expect(client.isReset).toBe(false);
  });

  it('is cut off when the reader takes nothing for client_timeout', async () => {
    let isGone = false;
    const connect = await serve(
      (request) => {
        request.onGone = () => (isGone = true);
        const body = new MessageBody(
          { kind: 'length', length: 1e9 },
          { pause: () => undefined, resume: feed },
        );
        const piece = Buffer.alloc(1024 * 1024);
        function feed(): void {
          while (!body.isChunkInUse && !body.isAbandoned) body.feed(piece);
        }
        setImmediate(feed);
        return Promise.resolve({
          status: 200,
          reason: 'OK',
          headers: new HeaderList(['Content-Length', '1000000000']),
          body,
        });
      },
      { clientTimeoutMs: 300 },
    );
    const client = await connect();
    client.socket.pause();
    client.send(get('/'));
    await eventually(() => isGone);
  });
});

describe('a server that closes', () => {
  it('lets the request under way finish, and takes no other', async () => {
    let finish: (response: OutgoingResponse) => void = () => undefined;
    let isBusy = false;
    const server = new HttpServer({
      handler: () =>
        new Promise((resolve) => {
          finish = resolve;
          isBusy = true;
        }),
      limits: LIMITS,
      maxConnections: 10,
    });
    const port = await server.listen(0, '127.0.0.1');
    const [busy, idle] = [await connectTo(port), await connectTo(port)];
    busy.send(get('/'));
    await eventually(() => isBusy && server.connectionCount === 2);
    const closed = server.close(10_000);
    await idle.untilClosed();
    idle.destroy();
    await expect(RawSocket.connect(port)).rejects.toThrow('ECONNREFUSED');
    finish(answer('done'));
    expect(await busy.untilClosed()).toMatch(/Connection: close[^]*done$/);
    busy.destroy();
    await closed;
  });

  it('cuts what is not done when its time is up', async () => {
    const server = new HttpServer({
      handler: () => new Promise(() => undefined),
      limits: LIMITS,
      maxConnections: 10,
    });
    const client = await RawSocket.connect(await server.listen(0, '127.0.0.1'));
    client.send(get('/'));
    await eventually(() => server.connectionCount === 1);
    await server.close(50);
    await client.untilClosed();
  });
});

const openssl = spawnSync('openssl', ['version']).status === 0;

describe.skipIf(!openssl)('over TLS', () => {
  function certificate(): { cert: Buffer; key: Buffer } {
    const { stdout } = spawnSync('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-subj', '/CN=localhost', '-days', '1', '-keyout', '-', '-out', '-'],
    ]);
    return { cert: stdout, key: stdout };
  }

  async function serveTls(handler: RequestHandler): Promise<() => Promise<RawSocket>> {
    const server = new HttpServer({ handler, limits: LIMITS, maxConnections: 10, tls: certificate() });
    const port = await server.listen(0, '127.0.0.1');
    onTestFinished(() => {
      server.destroy();
      return server.close(0);
    });
    return async () => {
      const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
      onTestFinished(() => void socket.destroy());
      await once(socket, 'secureConnect');
      return new RawSocket(socket);
    };
  }

  it('requests and large bodies go both ways on one connection', async () => {
    const connect = await serveTls(echo);
    const client = await connect();
    const body = 'abcdefgh'.repeat(100_000);
    for (const target of ['/1', '/2']) {
      client.send(put(target, body));
      const all = await client.until((text) => text.endsWith(body));
      expect(all.endsWith(`\r\n\r\nPUT ${target} ${body}`)).toBe(true);
    }
  });

  it('a handler that fails cuts its client off, and nothing else', async () => {
    const connect = await serveTls((request) =>
      request.target === '/bad' ? Promise.reject(new Error('a fault')) : echo(request),
    );
    const [bad, good] = [await connect(), await connect()];
    bad.send(get('/bad'));
    expect(await bad.untilClosed()).toBe('');
    good.send(get('/good'));
    expect(await good.until('GET /good ')).toContain('200 OK');
  });
});
