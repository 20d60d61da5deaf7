// Promises of the connections to one server, on real sockets.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BALANCER } from '../../test/support/bare-gateway.js';
import { eventually, ok, RawServer } from '../../test/support/raw-sockets.js';
import { Deadlines } from './deadline.js';
import { collectBody, MessageBody } from './message-body.js';
import { OriginPool, type OriginOptions, type PooledRequest } from './origin-pool.js';

vi.setConfig({ testTimeout: 30_000 });

let cleanUps: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
  cleanUps = [];
});

async function start(options: Partial<OriginOptions> = {}): Promise<{ server: RawServer; pool: OriginPool }> {
  const server = await RawServer.listen();
  return { server, pool: poolTo(server.origin, options, () => server.close()) };
}

function poolTo(
  origin: string,
  options: Partial<OriginOptions> = {},
  then?: () => Promise<void>,
): OriginPool {
  const deadlines = new Deadlines();
  const pool = new OriginPool(origin, { ...BALANCER, ...options }, deadlines);
  cleanUps.push(async () => {
    pool.close();
    deadlines.close();
    await then?.();
  });
  return pool;
}

function request(target: string, more: Partial<PooledRequest> = {}): PooledRequest {
  const method = more.method ?? 'GET';
  return {
    method,
    head: `${method} ${target} HTTP/1.1\r\nHost: h\r\n\r\n`,
    body: undefined,
    isIdempotent: true,
    ...more,
  };
}

async function ask(pool: OriginPool, target: string, more?: Partial<PooledRequest>): Promise<string> {
  const response = await pool.send(request(target, more));
  return (await collectBody(response.body, 1e6)).toString();
}

describe('a connection', () => {
  it('is used again for the next request', async () => {
    const { server, pool } = await start();
    server.answerAll((text) => ok(text.split(' ')[1]));
    for (let i = 0; i < 5; i += 1) expect(await ask(pool, `/${i}`)).toBe(`/${i}`);
    expect(server.connections).toHaveLength(1);
  });

  it('is the next request’s when an answer without a body is done, whatever becomes of that', async () => {
    const { server, pool } = await start();
    const first = pool.send(request('/1'));
    const connection = await server.accept();
    await connection.until('\r\n\r\n');
    connection.send('HTTP/1.1 204 No Content\r\n\r\n');
    const { body } = await first;
    const second = pool.send(request('/2', { isIdempotent: false }));
    await connection.until('\r\n\r\n');
    body.abandon();
    connection.send(ok('two'));
    expect((await collectBody((await second).body, 1e6)).toString()).toBe('two');
  });

  it('is for one request at a time', async () => {
    const { server, pool } = await start();
    server.answerAll((text) => ok(text.split(' ')[1]));
    const answers = await Promise.all([1, 2, 3].map((i) => ask(pool, `/${i}`)));
    expect(answers).toEqual(['/1', '/2', '/3']);
    expect(server.connections).toHaveLength(3);
    await eventually(() => pool.activeCount === 0);
  });

  it.each([
    ['says so', 'HTTP/1.1 200 OK\r\nConnection: x, close\r\nContent-Length: 0\r\n\r\n'],
    ['speaks HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ])('is not used again when the server %s', async (_, text) => {
    const { server, pool } = await start();
    server.answerAll(() => text);
    await ask(pool, '/1');
    await ask(pool, '/2');
    expect(server.connections).toHaveLength(2);
  });

  it('is not used again when the server sends what nobody asked for', async () => {
    const { server, pool } = await start();
    const sent = ask(pool, '/1');
    const first = await server.accept();
    await first.until('/1');
    first.send(ok('1'));
    await sent;
    first.send(ok('poison'));
    await first.untilClosed();
    const second = ask(pool, '/2');
    const connection = await server.accept();
    await connection.until('/2');
    connection.send(ok('2'));
    expect(await second).toBe('2');
  });

  it('is closed after its idle time, and none is kept beyond the number set', async () => {
    const { server, pool } = await start({ idleMs: 300, maxIdle: 1 });
    server.answerAll(() => ok());
    await Promise.all([ask(pool, '/1'), ask(pool, '/2')]);
    await eventually(
      () => server.connections.filter(({ isEnded, isClosed }) => !isEnded && !isClosed).length === 1,
    );
    await eventually(() => server.connections.every(({ isEnded }) => isEnded));
  });

  it('that comes not about within connect_timeout, or at all, is CONNECTION_FAILED', async () => {
    const { server, pool } = await start();
    await server.close();
    await expect(pool.send(request('/'))).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
    // Nothing answers at an address reserved for documentation (RFC 5737); or there is no way to it at all.
    const nowhere = poolTo('http://192.0.2.1:9', { connectTimeoutMs: 100 });
    const begin = performance.now();
    await expect(nowhere.send(request('/'))).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
    expect(performance.now() - begin).toBeLessThan(1_500);
    expect(nowhere.failureCount).toBe(1);
  });
});

describe('a kept-open connection that the server has closed meanwhile', () => {
  async function stale(more: Partial<PooledRequest>): Promise<{ server: RawServer; sent: Promise<string> }> {
    const { server, pool } = await start();
    const sent = ask(pool, '/1');
    const connection = await server.accept();
    await connection.until('/1');
    connection.send(ok());
    await sent;
    const second = ask(pool, '/2', more);
    second.catch(() => undefined);
    await connection.until('/2');
    connection.reset();
    return { server, sent: second };
  }

  it('is replaced, and the request sent again, where that can do no harm', async () => {
    const { server, sent } = await stale({ method: 'PUT', body: Buffer.from('x') });
    const connection = await server.accept();
    await connection.until('PUT /2 HTTP/1.1\r\nHost: h\r\n\r\nx');
    connection.send(ok('2'));
    expect(await sent).toBe('2');
  });

  it.each([
    ['is no repeatable one', { isIdempotent: false, method: 'POST' }],
    [
      'streams its body',
      { body: new MessageBody({ kind: 'length', length: 9 }, { pause: vi.fn(), resume: vi.fn() }) },
    ],
  ])('fails the request when it %s', async (_, more) => {
    const { server, sent } = await stale(more);
    await expect(sent).rejects.toMatchObject({ code: 'UPSTREAM_BROKEN' });
    expect(server.connections).toHaveLength(1);
  });

  it('fails the request when its answer had begun', async () => {
    const { server, pool } = await start();
    const first = ask(pool, '/1');
    const connection = await server.accept();
    await connection.until('/1');
    connection.send(ok());
    await first;
    const second = ask(pool, '/2');
    second.catch(() => undefined);
    await connection.until('/2');
    connection.send('HTTP/1.1 200 OK\r\n');
    await new Promise((resolve) => setTimeout(resolve, 50));
    connection.reset();
    await expect(second).rejects.toMatchObject({ code: 'UPSTREAM_BROKEN' });
    expect(server.connections).toHaveLength(1);
  });
});

describe('an answer to a request that is still being sent', () => {
  it('is heard, though the server has closed and takes nothing more', async () => {
    const { server, pool } = await start();
    const body = new MessageBody({ kind: 'length', length: 9 }, { pause: vi.fn(), resume: vi.fn() });
    const sent = ask(pool, '/long', { method: 'PUT', body, isIdempotent: false });
    const connection = await server.accept();
    await connection.until('/long');
    // Both are written to the kernel at once: the client cannot have read the answer before its own next bytes fail.
    connection
      .send('HTTP/1.1 414 Long\r\nContent-Length: 3\r\nConnection: close\r\n\r\n414')
      .socket.resetAndDestroy();
    body.feed(Buffer.from('1'));
    body.feed(Buffer.from('2'));
    expect(await sent).toBe('414');
  });
});

describe('a request that is given up', () => {
  it('fails with the reason, and the server sees the connection end', async () => {
    const { server, pool } = await start();
    let abort: (reason?: Error) => void = () => undefined;
    const sent = pool.send(request('/', { onStart: (giveUp) => (abort = giveUp) }));
    const connection = await server.accept();
    await connection.until('/');
    abort(new Error('no more'));
    await expect(sent).rejects.toThrow('no more');
    await connection.untilClosed();
    expect(pool.failureCount).toBe(0);
  });

  it('while it connects is never sent, and the connection is kept for another', async () => {
    const { server, pool } = await start();
    server.answerAll(() => ok('x'));
    const sent = pool.send(request('/1', { onStart: (giveUp) => giveUp(new Error('no more')) }));
    await expect(sent).rejects.toThrow('no more');
    expect(await ask(pool, '/2')).toBe('x');
    expect(server.connections).toHaveLength(1);
  });

  it('after it was answered takes the connection from nobody', async () => {
    const { server, pool } = await start();
    let abort: (reason?: Error) => void = () => undefined;
    const first = ask(pool, '/1', { onStart: (giveUp) => (abort = giveUp) });
    const connection = await server.accept();
    await connection.until('/1');
    connection.send(ok('1'));
    await first;
    const second = ask(pool, '/2');
    await connection.until('/2');
    abort();
    connection.send(ok('2'));
    expect(await second).toBe('2');
  });
});

describe('an answer', () => {
  it('keeps its bytes while the next one comes on the same connection', async () => {
    const { server, pool } = await start();
    const response = await (async () => {
      const sent = pool.send(request('/1'));
      const connection = await server.accept();
      await connection.until('/1');
      connection.send(ok('a'.repeat(60_000)));
      return sent;
    })();
    const taken: Buffer[] = [];
    await eventually(() => response.body.isComplete || pool.activeCount === 1);
    response.body.consume({
      data: (chunk) => {
        taken.push(chunk);
        return false;
      },
      end: () => undefined,
      error: () => undefined,
    });
    while (!response.body.isComplete) {
      response.body.resume();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const last = taken.at(-1)!;
    const before = last.toString();
    const second = ask(pool, '/2');
    await server.connections[0]!.until('/2');
    server.connections[0]!.send(ok('b'.repeat(60_000)));
    await second;
    expect(server.connections).toHaveLength(1);
    expect(last.toString()).toBe(before);
  });
});
