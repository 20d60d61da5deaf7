import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Link } from './link.js';
import { LOOPBACK } from './plan.js';
import { findFreePort } from './ports.js';

describe('a link', () => {
  let echo: Server;
  let link: Link;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    echo = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined);
      socket.pipe(socket);
    });
    echo.listen(0, LOOPBACK);
    await once(echo, 'listening');
    link = new Link('one', 'two', (echo.address() as AddressInfo).port);
    await link.open(await findFreePort(26_000, new Set()));
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await link.close();
    echo.close();
  });

  /** Connects through the link; `said` is what has come back. */
  async function client() {
    const socket = connect({ port: link.port, host: LOOPBACK, allowHalfOpen: true });
    sockets.push(socket);
    const state = { socket, said: '', ended: '' };
    socket.setEncoding('latin1').on('data', (text: string) => (state.said += text));
    socket.on('error', (error: NodeJS.ErrnoException) => (state.ended = error.code ?? 'error'));
    socket.on('end', () => (state.ended ||= 'end'));
    await once(socket, 'connect');
    return state;
  }

  async function until(condition: () => boolean): Promise<number> {
    const began = performance.now();
    while (!condition()) {
      if (performance.now() - began > 5000) throw new Error('not within 5 s');
      await sleep(2);
    }
    return performance.now() - began;
  }

  it('passes bytes and half-closed connections both ways', async () => {
    const a = await client();
    a.socket.end('x'.repeat(1_000_000));
    await until(() => a.ended === 'end');
    expect(a.said.length).toBe(1_000_000);
    expect(link.bytesSent).toBe(1_000_000);
  });

  it('refuses connections and resets those that exist while it is cut', async () => {
    const a = await client();
    await link.cut();
    await until(() => a.ended === 'ECONNRESET');
    await expect(client()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await link.restore();
    const b = await client();
    b.socket.write('back');
    await until(() => b.said === 'back');
  });

  it('swallows everything while it is a black hole', async () => {
    const a = await client();
    a.socket.write('before');
    await until(() => a.said === 'before');
    await link.blackhole();
    const b = await client();
    a.socket.write('lost');
    b.socket.write('lost');
    await sleep(100);
    expect([a.said, b.said, a.ended, b.ended]).toEqual(['before', '', '', '']);
    await link.restore();
    await until(() => a.ended === 'ECONNRESET' && b.ended === 'ECONNRESET');
  });

  it('delays each way without lowering the rate', async () => {
    await link.delay(200);
    const a = await client();
    a.socket.end('x'.repeat(4_000_000));
    const took = await until(() => a.ended === 'end');
    expect(a.said.length).toBe(4_000_000);
    expect(took).toBeGreaterThan(399);
    // Block by block it would be twelve seconds.
    expect(took).toBeLessThan(6_000);
  });

  it('keeps to a rate, in order', async () => {
    await link.trickle(10_000);
    const a = await client();
    const text = Array.from({ length: 1000 }, (_, index) => String(index).padStart(5)).join('');
    a.socket.write(text);
    const took = await until(() => a.said.length === text.length);
    expect(a.said).toBe(text);
    expect(took).toBeGreaterThan(490);
  });

  it('resets a connection in the middle of a body', async () => {
    const a = await client();
    link.resetAfter(10_000);
    a.socket.write('x'.repeat(100_000));
    await until(() => a.ended === 'ECONNRESET');
    const b = await client();
    b.socket.write('fine');
    await until(() => b.said === 'fine');
  });

  it('does not read on while nobody takes the bytes', async () => {
    echo.removeAllListeners('connection');
    echo.on('connection', (socket) => socket.pause());
    const a = await client();
    const block = Buffer.alloc(1_000_000);
    for (let i = 0; i < 64 && a.socket.write(block); i++) await sleep(1);
    await sleep(200);
    expect(link.bytesSent).toBeLessThan(20_000_000);
  });
});
