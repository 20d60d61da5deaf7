// Promises of the server side, on real sockets: what clients may send, and in what time.
import { describe, expect, it, vi } from 'vitest';
import { answer, echo, get, put, serve } from '../../test/support/bare-server.js';
import { eventually } from '../../test/support/raw-sockets.js';
import { HeaderList } from './headers.js';
import { collectBody } from './message-body.js';
import type { OutgoingResponse } from './server-connection.js';

vi.setConfig({ testTimeout: 30_000 });

const bodies = (text: string): string[] =>
  [...text.matchAll(/\r\n\r\n(.*?)(?=HTTP|$)/gs)].map((match) => match[1]!);

describe('a request', () => {
  it('that arrives byte by byte is read like any other', async () => {
    const connect = await serve(echo);
    const client = await connect();
    for (const byte of `\r\n${put('/a', 'x\n\r\ny')}`) {
      client.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(bodies(await client.until('PUT /a x\n\r\ny'))).toEqual(['PUT /a x\n\r\ny']);
  });

  it.each([
    ['a bare LF', 'GET / HTTP/1.1\nHost: h\r\n\r\n', 400],
    [
      'both lengths',
      'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['two codings', 'PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 501],
    ['garbage', '\x16\x03\x01\x02\x00\x01\x00\n', 400],
    ['a head beyond the limit', `GET / HTTP/1.1\r\nX: ${'a'.repeat(40_000)}`, 431],
    ['a whole head beyond the limit', `GET / HTTP/1.1\r\nHost: h\r\nX: ${'a'.repeat(32_768)}\r\n\r\n`, 431],
  ])('with %s is refused, and its connection closed', async (_, text, status) => {
    let callCount = 0;
    const connect = await serve((request) => {
      callCount += 1;
      return echo(request);
    });
    const client = await connect();
    client.send(text).send(get('/smuggled'));
    const reply = await client.untilClosed();
    expect(reply).toMatch(new RegExp(`^HTTP/1.1 ${status} [A-Z][^]*\r\nConnection: close\r\n`));
    expect(reply.match(/^HTTP\/1/gm)).toHaveLength(1);
    expect(callCount).toBe(0);
  });

  it('with a head just below the limit is taken', async () => {
    const connect = await serve(echo);
    const client = await connect();
    const fixed = get('/', 'X: \r\n').length;
    client.send(get('/', `X: ${'a'.repeat(32_768 - fixed)}\r\n`));
    expect(await client.until('GET / ')).toContain('200 OK');
  });

  it('with wrong chunks ends in 400, and nobody takes it for whole', async () => {
    let error: unknown;
    let wasCalled = false;
    const connect = await serve(async (request) => {
      wasCalled = true;
      await collectBody(request.body, 1000).catch((cause: unknown) => (error = cause));
      return answer('late');
    });
    const client = await connect();
    client.send('PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
    await eventually(() => wasCalled);
    client.send('x\r\n');
    expect(await client.untilClosed()).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    expect(error).toMatchObject({ code: 'BAD_REQUEST' });
  });
});

describe('pipelined requests', () => {
  it('are answered one by one in their order, bodies included', async () => {
    const running = new Set<string>();
    let mostAtOnce = 0;
    const connect = await serve(async (request) => {
      running.add(request.target);
      mostAtOnce = Math.max(mostAtOnce, running.size);
      const response = await echo(request);
      // The earlier ones take the longer.
      for (let i = 0; i < 5 - Number(request.target.slice(1)); i += 1) await new Promise(setImmediate);
      running.delete(request.target);
      return response;
    });
    const client = await connect();
    const chunked = 'PUT /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n';
    client.send(put('/1', 'one') + chunked + get('/3') + put('/4', 'GET /x\r\n\r\n') + get('/5'));
    expect(bodies(await client.until('GET /5 '))).toEqual([
      'PUT /1 one',
      'PUT /2 abc',
      'GET /3 ',
      'PUT /4 GET /x\r\n\r\n',
      'GET /5 ',
    ]);
    expect(mostAtOnce).toBe(1);
  });

  it('keep their order however the bytes are cut', async () => {
    const connect = await serve(echo);
    const client = await connect();
    const count = 40;
    let text = '';
    for (let i = 0; i < count; i += 1) text += i % 2 === 0 ? get(`/${i}`) : put(`/${i}`, `body${i}`);
    for (let at = 0, size = 1; at < text.length; at += size, size = (size * 7 + 3) % 97) {
      if (size === 0) size = 1;
      client.send(text.slice(at, at + size));
      if (at % 3 === 0) await new Promise(setImmediate);
    }
    const all = await client.until(`PUT /${count - 1} body${count - 1}`);
    const targets = bodies(all).map((body) => Number(/\/(\d+)/.exec(body)![1]));
    expect(targets).toEqual(Array.from({ length: count }, (_, i) => i));
  });

  it('are not read without bound while one is under way', async () => {
    let finish: (response: OutgoingResponse) => void = () => undefined;
    const connect = await serve(() => new Promise((resolve) => (finish = resolve)));
    const client = await connect();
    client.send(get('/'));
    const piece = Buffer.alloc(64 * 1024, get('/flood'));
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 512; i += 1) client.send(piece);
    let left: number;
    do {
      left = client.socket.writableLength;
      for (let i = 0; i < 20; i += 1) await new Promise(setImmediate);
    } while (client.socket.writableLength < left);
    // The kernel holds some for both ends; the rest stays with the sender.
    expect(left).toBeGreaterThan(16 * 1024 * 1024);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 * 1024);
    finish(answer('done'));
    await client.until('done');
  });

  it('are not answered without bound to a client that reads nothing', async () => {
    let callCount = 0;
    const big = Buffer.alloc(32 * 1024, 'x');
    const connect = await serve(() => {
      callCount += 1;
      return Promise.resolve({ status: 200, reason: 'OK', headers: new HeaderList(), body: big });
    });
    const client = await connect();
    client.socket.pause();
    client.isKeeping = false;
    const total = 1_000;
    client.send(get('/').repeat(total));
    let last = -1;
    await eventually(async () => {
      last = callCount;
      for (let i = 0; i < 50; i += 1) await new Promise(setImmediate);
      return callCount > 0 && callCount === last;
    });
    expect(callCount).toBeLessThan(total / 2);
    client.socket.resume();
    await client.untilBytes(total * big.length);
    expect(callCount).toBe(total);
  });
});

describe('a connection', () => {
  it('is kept open from one request to the next', async () => {
    const connect = await serve(echo);
    const client = await connect();
    for (let i = 0; i < 3; i += 1) {
      client.send(get(`/${i}`));
      expect(await client.until(`GET /${i} `)).not.toMatch(/^Connection:/im);
    }
  });

  it('is closed when the client asks for it', async () => {
    const connect = await serve(echo);
    const client = await connect();
    client.send(get('/', 'Connection: x, Close\r\n') + get('/2'));
    const reply = await client.untilClosed();
    expect(reply).toContain('\r\nConnection: close\r\n');
    expect(reply).not.toContain('GET /2');
  });

  it('of HTTP/1.0 is closed after one answer', async () => {
    const connect = await serve(echo);
    const client = await connect();
    client.send('GET / HTTP/1.0\r\n\r\n');
    expect(await client.untilClosed()).toMatch(/^HTTP\/1.1 200 OK\r\nConnection: close\r\n[^]*GET \/ $/);
  });

  it('whose client closed its half still gets every answer', async () => {
    const connect = await serve(echo);
    const client = await connect();
    client.send(get('/1') + put('/2', 'x') + get('/3') + 'GET /incompl').end();
    expect(bodies(await client.untilClosed()).map((body) => body.trim())).toEqual([
      'GET /1',
      'PUT /2 x',
      'GET /3',
    ]);
  });

  it('is closed in silence when nothing comes within the keep-alive time', async () => {
    const connect = await serve(echo, { keepaliveTimeoutMs: 300 });
    const client = await connect();
    client.send(get('/'));
    await client.until('GET / ');
    expect(await client.untilClosed()).toBe('');
  });

  it('that never sends a byte is closed', async () => {
    const connect = await serve(echo, { headerTimeoutMs: 300 });
    const client = await connect();
    expect(await client.untilClosed()).toBe('');
  });

  it('that drips its headers gets 408, however steadily they drip', async () => {
    const connect = await serve(echo, { headerTimeoutMs: 700 });
    const client = await connect();
    client.send('GET / HTTP/1.1\r\n');
    const drip = setInterval(() => client.send('X: y\r\n'), 20);
    const reply = await client.untilClosed();
    clearInterval(drip);
    expect(reply).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n/);
  });

  it('that stops in the middle of a body gets 408, and who reads the body hears of it', async () => {
    let error: unknown;
    const connect = await serve(
      async (request) => {
        await collectBody(request.body, 1000).catch((cause: unknown) => (error = cause));
        return answer('late');
      },
      { clientTimeoutMs: 300 },
    );
    const client = await connect();
    client.send('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf');
    expect(await client.untilClosed()).toMatch(/^HTTP\/1.1 408 [^]*late|^HTTP\/1.1 408 /);
    expect(error).toMatchObject({ code: 'REQUEST_TIMEOUT' });
  });

  it('is not timed out while the handler works, nor while it holds the body back', async () => {
    const connect = await serve(
      async (request) => {
        await new Promise((resolve) => setTimeout(resolve, 1_800));
        return echo(request);
      },
      { clientTimeoutMs: 200, headerTimeoutMs: 200, keepaliveTimeoutMs: 200 },
    );
    const [first, second] = [await connect(), await connect()];
    first.send(get('/'));
    second.send(put('/', 'x'.repeat(500_000)));
    await first.until('GET / ');
    await second.until((text) => text.endsWith('x'.repeat(1000)) && text.length > 500_000);
  });

  it('is torn down when a request is broken off, and who reads the body hears of it', async () => {
    const outcomes: unknown[] = [];
    let isGone = false;
    const connect = await serve(async (request) => {
      request.onGone = () => (isGone = true);
      outcomes.push(await collectBody(request.body, 1000).catch((error: unknown) => error));
      return answer('late');
    });
    const client = await connect();
    client.send('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf').end();
    await eventually(() => outcomes.length === 1);
    expect(outcomes[0]).toMatchObject({ code: 'REQUEST_TIMEOUT' });
    expect(isGone).toBe(true);
    expect(await client.untilClosed()).toBe('');
  });

  it('that the client resets while it waits is told to the handler', async () => {
    let isGone = false;
    let wasCalled = false;
    const connect = await serve((request) => {
      wasCalled = true;
      request.onGone = () => (isGone = true);
      return new Promise(() => undefined);
    });
    const client = await connect();
    client.send(get('/'));
    await eventually(() => wasCalled);
    client.reset();
    await eventually(() => isGone);
  });

  it('is reset when the handler fails without an answer', async () => {
    const connect = await serve(() => Promise.reject(new Error('a fault')));
    const client = await connect();
    client.send(get('/'));
    expect(await client.untilClosed()).toBe('');
    await eventually(() => client.isReset);
  });
});
