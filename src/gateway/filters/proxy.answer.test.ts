// Promises of the way from a client to Swift and back, on real sockets: both ends are raw, the gateway between them is real.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BareGateway, type BareOptions } from '../../../test/support/bare-gateway.js';
import { eventually, ok, pour, RawServer } from '../../../test/support/raw-sockets.js';

vi.setConfig({ testTimeout: 30_000 });

let gateway: BareGateway;

afterEach(() => gateway.close());

async function start(options?: BareOptions): Promise<BareGateway> {
  gateway = await BareGateway.start(options);
  return gateway;
}

async function exchange(request: string, options?: BareOptions): ReturnType<BareGateway['exchange']> {
  return (await start(options)).exchange(request);
}

const HOST = 'Host: swift.example:8080\r\n';
const get = (target: string, fields = ''): string => `GET ${target} HTTP/1.1\r\n${HOST}${fields}\r\n`;

describe('an answer', () => {
  it('comes back byte for byte, but for what is meant for one connection', async () => {
    const { client, upstream } = await exchange(get('/'));
    const fields = 'x-B: 1\r\nSet-Cookie: a\r\nX-Caf\xc3\xa9: \xe2\x98\xba\r\nSet-Cookie: b\r\nX-Empty: \r\n';
    upstream.send(
      `HTTP/1.1 200 Fine, Thanks\r\n${fields}Keep-Alive: x\r\nConnection: keep-alive, X-Own\r\nX-Own: 1\r\nContent-Length: 2\r\n\r\nok`,
    );
    expect(await client.until('\r\n\r\nok')).toBe(
      `HTTP/1.1 200 Fine, Thanks\r\n${fields}Content-Length: 2\r\n\r\nok`,
    );
  });

  it('with an empty reason phrase keeps it', async () => {
    const { client, upstream } = await exchange(get('/'));
    upstream.send('HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n');
    expect(await client.until('\r\n\r\n')).toBe('HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n');
  });

  it('in chunks keeps them, extensions and trailers included', async () => {
    const { client, upstream } = await exchange(get('/'));
    const body = '3;a=b\r\nabc\r\n1\r\nd\r\n0\r\nX-Checksum: 1\r\n\r\n';
    const text = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Checksum\r\n\r\n${body}`;
    for (const byte of text) upstream.send(byte);
    expect(await client.until('X-Checksum: 1\r\n\r\n')).toBe(text);
    client.send(get('/2'));
    await upstream.until('GET /2');
  });

  it('in chunks goes to an HTTP/1.0 client without them, ended by the close', async () => {
    const { client, upstream } = await exchange('GET / HTTP/1.0\r\n\r\n');
    upstream.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n3\r\nabc\r\n');
    upstream.send('2\r\nde\r\n0\r\nX: 1\r\n\r\n');
    expect(await client.untilClosed()).toBe('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcde');
  });

  it('that ends with its connection is ended so for the client', async () => {
    const { client, upstream } = await exchange(get('/'));
    upstream.send('HTTP/1.0 200 OK\r\nX: 1\r\n\r\nabc');
    await client.until('abc');
    upstream.send('def').end();
    expect(await client.untilClosed()).toBe('def');
    expect(client.isReset).toBe(false);
  });

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n'],
    ['HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['DELETE', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nEtag: x\r\n\r\n'],
    ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ])('to %s without a body (%j) ends with its head, and the connections go on', async (method, text) => {
    const { client, upstream } = await exchange(`${method} / HTTP/1.1\r\n${HOST}\r\n`);
    upstream.send(text);
    expect(await client.until('\r\n\r\n')).toBe(text);
    client.send(get('/2'));
    expect(await upstream.until('\r\n\r\n')).toContain('GET /2');
  });

  it.each([
    ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
    ['until the end', 'HTTP/1.1 200 OK\r\n\r\nhalf'],
  ])('%s that Swift breaks off by a reset resets the client too', async (_, text) => {
    const { client, upstream } = await exchange(get('/'));
    upstream.send(text);
    await client.until('half');
    upstream.reset();
    await eventually(() => client.isClosed);
    expect(client.isReset).toBe(true);
    expect(client.text.trim()).toBe('');
  });

  it('until the end whose reset comes together with its data does not look whole', async () => {
    for (let i = 0; i < 20; i += 1) {
      const { client, upstream } = await exchange(get('/'));
      upstream.send('HTTP/1.1 200 OK\r\n\r\n');
      await client.until('\r\n\r\n');
      upstream.send('half').reset();
      await eventually(() => client.isClosed || client.isEnded);
      // Here too, an end may be a reset: then nothing can be written any more.
      const error = await new Promise((resolve) => client.socket.write('x', resolve));
      expect(client.isReset || error instanceof Error).toBe(true);
      await gateway.close();
    }
  });

  it.each([
    ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
    [
      'in chunks without the last line',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n',
    ],
    ['for HTTP/1.0', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ])('%s that Swift ends too early resets the client', async (name, text) => {
    const { client, upstream } = await exchange(
      name === 'for HTTP/1.0' ? 'GET / HTTP/1.0\r\n\r\n' : get('/'),
    );
    upstream.send(text);
    await client.until('half');
    upstream.end();
    await eventually(() => client.isClosed);
    expect(client.isReset).toBe(true);
    expect(client.isEnded).toBe(false);
  });

  it.each([
    ['is no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', 502],
    ['has both lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 502],
    ['has a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 1\n\n', 502],
    ['switches protocols', 'HTTP/1.1 101 Switching\r\n\r\n', 502],
    ['has endless headers', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(300_000)}`, 502],
    ['is broken off in the head', 'HTTP/1.1 200 OK\r\nContent-', 503],
    ['never comes', '', 503],
  ])('that %s becomes an error of the gateway', async (_, text, status) => {
    const { client, upstream } = await exchange(get('/'));
    upstream.send(text).end();
    expect(await client.until('\r\n\r\n')).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  it('that is longer than it says ends where it says, and its connection is not used again', async () => {
    const { client, upstream } = await exchange(get('/'));
    upstream.send(`${ok('one')}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong`);
    expect(await client.until('one')).toBe(ok('one'));
    client.send(get('/2'));
    const second = await gateway.upstream.accept();
    await second.until('GET /2');
    second.send(ok('right'));
    expect(await client.until('right')).toBe(ok('right'));
  });

  it('of 200 MB to a slow reader holds Swift back, with flat memory', async () => {
    const { client, upstream } = await exchange(get('/'));
    client.socket.pause();
    client.isKeeping = false;
    upstream.send('HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n');
    const before = process.memoryUsage().arrayBuffers;
    const taken = await pour(upstream, 200_000_000);
    expect(taken).toBeLessThan(60_000_000);
    // Of this process's memory only what the raw server has waiting to be sent counts, and one buffer of the gateway.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
    client.socket.resume();
    await client.untilBytes(200_000_000);
  });

  it('is not mixed with the next one of its connection, however slowly its client reads', async () => {
    const started = await start({ balancer: { maxIdle: 1 } });
    const slow = await started.client();
    const fast = await started.client();
    slow.socket.pause();
    slow.isKeeping = false;
    const size = 8_000_000;
    slow.send(get('/slow'));
    const upstream = await started.upstream.accept();
    await upstream.until('GET /slow');
    upstream.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`).send(Buffer.alloc(size, 'a'));
    let wrong = 0;
    slow.socket.on('data', (chunk: Buffer) => {
      for (const byte of chunk.subarray(chunk.indexOf('\r\n\r\n') + 1)) if (byte === 0x62) wrong += 1;
    });
    const serveFast = async (): Promise<void> => {
      for (let i = 0; i < 200; i += 1) {
        fast.send(get('/fast'));
        const served = started.upstream.connections.at(-1)!;
        await eventually(() => started.upstream.connections.some(({ text }) => text.includes('GET /fast')));
        const turn = started.upstream.connections.find(({ text }) => text.includes('GET /fast')) ?? served;
        await turn.until('GET /fast');
        turn.send(ok('b'.repeat(20_000)));
        await fast.until(/b{20000}$/);
        if (i === 100) slow.socket.resume();
      }
    };
    await serveFast();
    await slow.untilBytes(size);
    expect(wrong).toBe(0);
  });
});

describe('a client that goes away', () => {
  it('while Swift works has its request broken off', async () => {
    const { client, upstream } = await exchange(get('/'));
    client.reset();
    await upstream.untilClosed();
  });

  it('in the middle of an answer has the rest broken off', async () => {
    const { client, upstream } = await exchange(get('/'));
    upstream.send('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf');
    await client.until('half');
    client.reset();
    await upstream.untilClosed();
  });

  it('never costs another client its connection', async () => {
    // The answer is there, but a filter holds it back; meanwhile another client has the connection.
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const started = await start({
      filters: [
        async (exchanged, next) => {
          const response = await next();
          if (exchanged.request.target === '/first') await held;
          return response;
        },
      ],
    });
    const first = await started.client();
    first.send(get('/first'));
    const upstream = await started.upstream.accept();
    await upstream.until('GET /first');
    upstream.send(ok('1'));
    const second = await started.client();
    await eventually(() => started.upstream.connections.length === 1);
    second.send(get('/second'));
    await upstream.until('GET /second');
    first.reset();
    await new Promise((resolve) => setTimeout(resolve, 50));
    upstream.send(ok('for the second'));
    expect(await second.until('for the second')).toBe(ok('for the second'));
    release();
  });
});

describe('silence', () => {
  it('of Swift before its answer is 504', async () => {
    const { client, upstream } = await exchange(get('/'), { balancer: { silenceMs: 300 } });
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 504 Gateway Timeout\r\n/);
    await upstream.untilClosed();
  });

  it('of Swift in the middle of its answer cuts the client off', async () => {
    const { client, upstream } = await exchange(get('/'), { balancer: { silenceMs: 300 } });
    upstream.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
    await eventually(() => client.isClosed);
    expect(client.isReset).toBe(true);
  });

  it('of a client that uploads slowly, or reads slowly, is none of Swift', async () => {
    const { client, upstream } = await exchange(`PUT / HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\n1`, {
      balancer: { silenceMs: 200 },
    });
    for (const byte of ['2', '3']) {
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      client.send(byte);
    }
    await upstream.until('123');
    client.socket.pause();
    client.isKeeping = false;
    upstream.send('HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n').send(Buffer.alloc(20_000_000));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    client.socket.resume();
    await client.untilBytes(20_000_000);
  });

  it('of Swift that takes no more of a body is 504', async () => {
    const { client, upstream } = await exchange(
      `PUT / HTTP/1.1\r\n${HOST}Content-Length: 100000000\r\n\r\n`,
      {
        balancer: { silenceMs: 400 },
      },
    );
    upstream.socket.pause();
    client.send(Buffer.alloc(50_000_000));
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 504 /);
  });
});

describe('when no Swift proxy can be reached', () => {
  it('the client hears 503 with Retry-After at once', async () => {
    const dead = await RawServer.listen();
    const { origin } = dead;
    await dead.close();
    const client = await (await start({ origins: () => [origin] })).client();
    const begin = performance.now();
    client.send(get('/'));
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 503 [^]*\r\nRetry-After: 1\r\n/);
    expect(performance.now() - begin).toBeLessThan(1_000);
  });
});
