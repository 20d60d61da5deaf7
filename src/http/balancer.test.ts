// Promises of the balancer: which server gets a request, which is left out, and how it comes back.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BALANCER } from '../../test/support/bare-gateway.js';
import { eventually, ok, RawServer, type RawSocket } from '../../test/support/raw-sockets.js';
import { Balancer, type BalancerOptions } from './balancer.js';
import { Deadlines } from './deadline.js';
import { collectBody } from './message-body.js';
import type { PooledRequest } from './origin-pool.js';

vi.setConfig({ testTimeout: 30_000 });

let cleanUps: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
  cleanUps = [];
});

interface Setup {
  readonly servers: RawServer[];
  readonly balancer: Balancer;
  readonly changes: [string, boolean][];
}

async function start(count: number, options: Partial<BalancerOptions> = {}): Promise<Setup> {
  const servers = await Promise.all(Array.from({ length: count }, () => RawServer.listen()));
  const deadlines = new Deadlines();
  const changes: [string, boolean][] = [];
  const balancer = new Balancer(
    servers.map(({ origin }) => origin),
    { ...BALANCER, ...options },
    deadlines,
    (origin, isUp) => changes.push([origin, isUp]),
  );
  cleanUps.push(async () => {
    balancer.close();
    deadlines.close();
    await Promise.all(servers.map((server) => server.close().catch(() => undefined)));
  });
  return { servers, balancer, changes };
}

function request(target = '/', more: Partial<PooledRequest> = {}): PooledRequest {
  const head = `GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`;
  return { method: 'GET', head, body: undefined, isIdempotent: true, ...more };
}

async function ask(balancer: Balancer, more?: Partial<PooledRequest>): Promise<string> {
  const response = await balancer.send(request('/', more));
  return (await collectBody(response.body, 1e6)).toString();
}

async function firstConnection(servers: readonly RawServer[]): Promise<RawSocket> {
  const all = (): RawSocket[] => servers.flatMap(({ connections }) => connections);
  await eventually(() => all().length > 0);
  return all()[0]!;
}

/** A server that was closed, listening again at its old port. */
async function again(port: number): Promise<RawServer> {
  const server = await RawServer.listen(port);
  cleanUps.push(() => server.close());
  return server;
}

async function fail(balancer: Balancer, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) await expect(ask(balancer)).rejects.toThrow();
}

describe('a request goes', () => {
  it('to each server in turn, when all are as busy', async () => {
    const { servers, balancer } = await start(3);
    servers.forEach((server, i) => server.answerAll(() => ok(String(i))));
    const answers: string[] = [];
    for (let i = 0; i < 9; i += 1) answers.push(await ask(balancer));
    expect(answers.sort().join('')).toBe('000111222');
  });

  it('to the least busy: a body that still flows counts', async () => {
    const { servers, balancer } = await start(2);
    const sent = balancer.send(request('/big'));
    const busy = await firstConnection(servers);
    await busy.until('/big');
    busy.send('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx');
    const response = await sent;
    const idle = servers.find(({ connections }) => connections.length === 0)!;
    idle.answerAll(() => ok('idle'));
    for (let i = 0; i < 4; i += 1) expect(await ask(balancer)).toBe('idle');
    response.body.abandon();
  });

  it('on to the next server when one refuses the connection, even one that must not be repeated', async () => {
    const { servers, balancer } = await start(2);
    servers[1]!.answerAll(() => ok('up'));
    await servers[0]!.close();
    for (let i = 0; i < 4; i += 1) expect(await ask(balancer, { isIdempotent: false })).toBe('up');
  });

  it('never to a second server once anything of it was sent', async () => {
    const { servers, balancer } = await start(2);
    const sent = ask(balancer);
    const connection = await firstConnection(servers);
    await connection.until('\r\n\r\n');
    connection.reset();
    await expect(sent).rejects.toMatchObject({ code: 'UPSTREAM_BROKEN' });
    expect(servers.flatMap(({ connections }) => connections)).toHaveLength(1);
  });
});

describe('a server that fails', () => {
  it('eject_after times in a row is left out, and said to be', async () => {
    const { servers, balancer, changes } = await start(2, { ejectAfter: 2 });
    servers[1]!.answerAll(() => ok('up'));
    const { origin } = servers[0]!;
    await servers[0]!.close();
    for (let i = 0; i < 8; i += 1) await ask(balancer);
    expect(changes).toEqual([[origin, false]]);
    expect(balancer.servers.map(({ isUp }) => isUp)).toEqual([false, true]);
  });

  it.each([
    ['breaks off', (socket: RawSocket) => socket.reset()],
    ['sends nonsense', (socket: RawSocket) => void socket.send('nonsense\r\n\r\n')],
    ['is silent', () => undefined],
  ])('because it %s counts as well', async (_, act) => {
    const { servers, balancer, changes } = await start(1, { ejectAfter: 2, silenceMs: 100 });
    for (let i = 0; i < 2; i += 1) {
      const sent = ask(balancer);
      const connection = await servers[0]!.accept();
      await connection.until('\r\n\r\n');
      act(connection);
      await expect(sent).rejects.toThrow();
    }
    expect(changes).toHaveLength(1);
  });

  it('once, and answers then, starts anew; and an error answer is an answer', async () => {
    const { servers, balancer, changes } = await start(1, { ejectAfter: 2 });
    for (const isGood of [false, true, false, true]) {
      const sent = ask(balancer);
      const connection = await servers[0]!.accept();
      await connection.until('\r\n\r\n');
      if (isGood) connection.send('HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      else connection.reset();
      await sent.catch(() => undefined);
    }
    expect(changes).toEqual([]);
  });

  it('only in that clients go away is not at fault', async () => {
    const { servers, balancer, changes } = await start(1, { ejectAfter: 1 });
    let abort: () => void = () => undefined;
    const sent = balancer.send(request('/', { onStart: (giveUp) => (abort = giveUp) }));
    await (await servers[0]!.accept()).until('\r\n\r\n');
    abort();
    await expect(sent).rejects.toThrow();
    expect(changes).toEqual([]);
  });

  it('is asked from time to time, and comes back by itself', async () => {
    const { servers, balancer, changes } = await start(2, { ejectAfter: 1, ejectMs: 50 });
    servers[1]!.answerAll(() => ok('other'));
    const { port, origin } = servers[0]!;
    await servers[0]!.close();
    for (let i = 0; i < 3; i += 1) await ask(balancer);
    expect(changes).toEqual([[origin, false]]);
    const back = await again(port);
    const asked: string[] = [];
    back.answerAll((text) => {
      asked.push(text.split(' ')[1]!);
      return ok('back');
    });
    await eventually(() => changes.length === 2);
    expect(changes[1]).toEqual([origin, true]);
    expect(asked).toEqual(['/healthcheck']);
    const answers = await Promise.all([ask(balancer), ask(balancer)]);
    expect(answers).toContain('back');
  });
});

describe('when all servers are left out', () => {
  it('one request at a time tries one, the others fail at once', async () => {
    const { servers, balancer } = await start(1, { ejectAfter: 1 });
    const { port } = servers[0]!;
    await servers[0]!.close();
    await fail(balancer, 1);
    const silent = await again(port);
    const trial = ask(balancer);
    const connection = await silent.accept();
    await connection.until('\r\n\r\n');
    const begin = performance.now();
    await Promise.all(
      [1, 2, 3].map(() => expect(ask(balancer)).rejects.toMatchObject({ code: 'UPSTREAM_DOWN' })),
    );
    expect(performance.now() - begin).toBeLessThan(500);
    connection.send(ok('it is back'));
    expect(await trial).toBe('it is back');
    expect(balancer.servers[0]!.isUp).toBe(true);
    silent.answerAll(() => ok('as before'));
    connection.destroy();
    await eventually(async () => (await ask(balancer)) === 'as before');
  });

  it('the trial goes on to the next that is out', async () => {
    const { servers, balancer } = await start(3, { ejectAfter: 1 });
    const ports = servers.map(({ port }) => port);
    for (const server of servers) await server.close();
    await fail(balancer, 1);
    expect(balancer.servers.every(({ isUp }) => !isUp)).toBe(true);
    (await again(ports[2]!)).answerAll(() => ok('third'));
    expect(await ask(balancer)).toBe('third');
  });
});
