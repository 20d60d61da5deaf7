// Promises of the way from a client to Swift, on real sockets: both ends are raw, the gateway between them is real.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BareGateway, type BareOptions } from '../../../test/support/bare-gateway.js';
import { eventually, ok, pour } from '../../../test/support/raw-sockets.js';

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
const OURS = 'Via: 1.1 bare-gateway\r\nX-Forwarded-For: 127.0.0.1\r\n';
const get = (target: string, fields = ''): string => `GET ${target} HTTP/1.1\r\n${HOST}${fields}\r\n`;

describe('a request', () => {
  it('reaches Swift byte for byte, with Via and X-Forwarded-For behind it', async () => {
    const fields =
      'x-object-META-b: 1\r\nAccept:  */*\t\r\nX-Object-Meta-A: caf\xc3\xa9 \xe2\x98\xba\r\nAccept: x\r\nEmpty:\r\nX_Under: 2\r\n';
    const { head } = await exchange(get('/v1/a/../%2e%2E//c?x=%zz&y', fields));
    const expected = fields.replace('  */*\t', ' */*').replace('Empty:', 'Empty: ');
    expect(head).toBe(`GET /v1/a/../%2e%2E//c?x=%zz&y HTTP/1.1\r\n${HOST}${expected}${OURS}\r\n`);
  });

  it.each(['*', '//', 'http://other/v1/a?b', '/v1/a/c/%2F/./..', '/\xff\x85?\xa0'])(
    'keeps its target %s',
    async (target) => {
      const { head } = await exchange(get(target));
      expect(head.split('\r\n')[0]).toBe(`GET ${target} HTTP/1.1`);
    },
  );

  it('loses what is meant for one connection only, and what Connection names', async () => {
    const { head } = await exchange(
      get(
        '/',
        'Connection: keep-alive, X-Secret, host, content-length\r\nx_secret: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n' +
          'Proxy-Authorization: b\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nX-Kept: 1\r\n',
      ),
    );
    expect(head).toBe(`GET / HTTP/1.1\r\n${HOST}X-Kept: 1\r\n${OURS}\r\n`);
  });

  it('has the client put at the end of Via and X-Forwarded-For, in their own place', async () => {
    const { head } = await exchange(
      get(
        '/',
        'via: 1.0 a\r\nX-B: 1\r\nVia: 1.1 bare-gateway-2\r\nX-FORWARDED-FOR: 1.2.3.4, 5.6.7.8\r\nX-C: 1\r\n',
      ),
    );
    expect(head).toBe(
      `GET / HTTP/1.1\r\n${HOST}via: 1.0 a, 1.1 bare-gateway-2, 1.1 bare-gateway\r\nX-B: 1\r\n` +
        'X-FORWARDED-FOR: 1.2.3.4, 5.6.7.8, 127.0.0.1\r\nX-C: 1\r\n\r\n',
    );
  });

  it('that has been here before is refused with 508', async () => {
    const started = await start();
    const client = await started.client();
    client.send(get('/', 'Via: 1.1 other,1.1 bare-gateway\r\n'));
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 508 Loop Detected\r\n/);
    expect(started.upstream.connections).toHaveLength(0);
  });

  it('of HTTP/1.0 without Host gets that of the Swift proxy', async () => {
    const started = await start();
    const client = await started.client();
    client.send('GET / HTTP/1.0\r\n\r\n');
    const head = await (await started.upstream.accept()).until('\r\n\r\n');
    expect(head).toBe(`GET / HTTP/1.1\r\n${OURS}Host: 127.0.0.1:${started.upstream.port}\r\n\r\n`);
  });

  it('has headers with non-ASCII names sent last: Python loses what comes behind them', async () => {
    const { head } = await exchange(
      `PUT / HTTP/1.1\r\nX-\xc3\xa9: 1\r\n${HOST}X-A: 2\r\nX-\xc3\xb1: 3\r\nContent-Length: 0\r\n\r\n`,
    );
    expect(head).toBe(
      `PUT / HTTP/1.1\r\n${HOST}X-A: 2\r\nContent-Length: 0\r\n${OURS}X-\xc3\xa9: 1\r\nX-\xc3\xb1: 3\r\n\r\n`,
    );
  });
});

describe("a request's body", () => {
  it('of any length arrives whole', async () => {
    const size = 3_000_000;
    const { client, upstream } = await exchange(`PUT / HTTP/1.1\r\n${HOST}Content-Length: ${size}\r\n\r\n`);
    const body = Buffer.alloc(size, 'abcdefg').toString('latin1');
    client.send(body);
    expect(await upstream.until((text) => text.length >= size)).toBe(body);
    upstream.send(ok('stored'));
    expect(await client.until('stored')).toBe(ok('stored'));
  });

  it('in chunks travels in the same chunks, but for its trailers, which eventlet would misread', async () => {
    const fields = 'Transfer-Encoding: chunked\r\nTrailer: X-T\r\n';
    const { client, upstream, head } = await exchange(`PUT / HTTP/1.1\r\n${HOST}${fields}\r\n`);
    expect(head).toBe(`PUT / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n${OURS}\r\n`);
    client.send('5;x=y\r\nhello\r\n');
    expect(await upstream.until('hello\r\n')).toBe('5;x=y\r\nhello\r\n');
    client.send('0A\r\n0123456789\r\n0\r\nX-T: 1\r\nX-U:');
    client.send(` 2\r\n\r\n${get('/next')}`);
    expect(await upstream.until('\r\n\r\n')).toBe('0A\r\n0123456789\r\n0\r\n\r\n');
    upstream.send(ok('1'));
    expect(await upstream.until('\r\n\r\n')).toContain('GET /next HTTP/1.1\r\n');
  });

  it('broken off by the client never ends whole at Swift', async () => {
    for (const [fields, part] of [
      ['Content-Length: 10', 'half'],
      ['Transfer-Encoding: chunked', '5\r\nhello\r\n'],
      ['Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n'],
    ] as const) {
      for (const breakOff of ['end', 'destroy', 'reset'] as const) {
        const { client, upstream } = await exchange(`PUT / HTTP/1.1\r\n${HOST}${fields}\r\n\r\n${part}`);
        await eventually(() => upstream.text.length >= 4);
        client[breakOff]();
        expect(part.startsWith(await upstream.untilClosed())).toBe(true);
        await gateway.close();
      }
    }
  });

  it('with wrong chunks never ends whole at Swift, and the client hears 400', async () => {
    const { client, upstream } = await exchange(
      `PUT / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
    );
    await upstream.until('hello');
    client.send('0x0\r\n\r\n');
    expect(await upstream.untilClosed()).not.toContain('0\r\n\r\n');
    expect(await client.untilClosed()).toMatch(/^HTTP\/1.1 400 /);
  });

  it('that Swift answers early still flows to its end, and the connection goes on', async () => {
    const { client, upstream } = await exchange(`PUT / HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\n01234`);
    upstream.send(ok('early'));
    expect(await client.until('early')).toBe(ok('early'));
    client.send(`56789${get('/next')}`);
    await upstream.until('0123456789');
    const next = await upstream.until('\r\n\r\n');
    expect(next).toContain('GET /next');
    upstream.send(ok('last'));
    expect(await client.until('last')).toBe(ok('last'));
  });

  it('that Swift refuses and closes upon is cut short: the client has the answer and the end', async () => {
    const { client, upstream } = await exchange(
      `PUT / HTTP/1.1\r\n${HOST}Content-Length: 100000000\r\n\r\n01234`,
    );
    await upstream.until('01234');
    upstream.send('HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno').end();
    expect(await client.untilClosed()).toMatch(/^HTTP\/1.1 413 Too Large\r\nContent-Length: 2\r\n[^]*no$/);
  });

  it('is held back while Swift reads slowly, with flat memory', async () => {
    const { client, upstream } = await exchange(`PUT / HTTP/1.1\r\n${HOST}Content-Length: 200000000\r\n\r\n`);
    upstream.socket.pause();
    upstream.isKeeping = false;
    const taken = await pour(client, 200_000_000);
    expect(taken).toBeLessThan(60_000_000);
    upstream.socket.resume();
    await upstream.untilBytes(200_000_000);
  });
});

describe('100 Continue', () => {
  const HEAD = `PUT /o HTTP/1.1\r\n${HOST}Content-Length: 5\r\nExpect: 100-continue\r\n\r\n`;

  it("is Swift's to say: the body comes after it, and not before", async () => {
    const { client, upstream, head } = await exchange(HEAD);
    expect(head).toContain('\r\nExpect: 100-continue\r\n');
    upstream.send('HTTP/1.1 100 Continue\r\nX-Timestamp: 1\r\n\r\n');
    expect(await client.until('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\nX-Timestamp: 1\r\n\r\n');
    client.send('hello');
    expect(await upstream.until('hello')).toBe('hello');
    upstream.send(ok('stored'));
    expect(await client.until('stored')).toBe(ok('stored'));
    client.send(get('/next'));
    await upstream.until('GET /next');
  });

  it('refused, the body never travels, and both connections end', async () => {
    const { client, upstream } = await exchange(HEAD);
    upstream.send('HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno');
    expect(await client.untilClosed()).toBe(
      'HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno',
    );
    expect(await upstream.untilClosed()).toBe('');
  });

  it('is not waited for by a client that sends its body at once', async () => {
    const { client, upstream } = await exchange(`${HEAD}hello`);
    await eventually(() => upstream.text === 'hello' || upstream.byteCount > 0);
    upstream.send('HTTP/1.1 100 Continue\r\n\r\n').send(ok('stored'));
    expect(await client.until('stored')).toBe(`HTTP/1.1 100 Continue\r\n\r\n${ok('stored')}`);
  });

  it('that Swift never says is its own silence: 504, not 408', async () => {
    const { client } = await exchange(HEAD, {
      balancer: { silenceMs: 400 },
      limits: { clientTimeoutMs: 100 },
    });
    expect(await client.untilClosed()).toMatch(/^HTTP\/1.1 504 /);
  });

  it('and every other 1xx answer is passed on, but not to HTTP/1.0', async () => {
    const interim = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 \r\n\r\n';
    const { client, upstream } = await exchange(get('/'));
    for (const byte of interim) upstream.send(byte);
    upstream.send(ok('done'));
    expect(await client.until('done')).toBe(interim + ok('done'));
    // The rest of a head is read into the memory that its beginning came in.
    const last = ok(`${'-'.repeat(interim.length)}halved`);
    client.send(get('/'));
    await upstream.until('\r\n\r\n');
    upstream.send(interim + last.slice(0, 9));
    await client.until('102 \r\n\r\n');
    upstream.send(last.slice(9));
    expect(await client.until('halved')).toBe(last);
    const old = await gateway.client();
    old.send('GET / HTTP/1.0\r\n\r\n');
    await upstream.until('\r\n\r\n');
    upstream.send(interim + ok('done'));
    expect(await old.untilClosed()).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*done$/);
  });
});
