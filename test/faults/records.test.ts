// Records lost on one cluster, and changes that reach a peer twice, late and out of order: all clusters agree, on the newest.
import { beforeAll, describe, expect, it } from 'vitest';
import { cluster, clusters, freshUser, send, SwiftSession, type TestCluster } from '../support/clusters.js';
import { differencesAt } from '../support/compare.js';
import { sessionsOf, statusEverywhere, type Sessions } from '../support/containers.js';
import { autosync, confOf, pass } from '../support/daemon.js';
import { startGateway } from '../support/extra-gateways.js';
import { FaultProxy, type Step } from '../support/fault-proxy.js';
import { note } from './notes.js';

const all = clusters();
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];

function recordKeeper(each: TestCluster): Promise<SwiftSession> {
  const user = { account: 'AUTH_autosync', user: 'autosync:service', key: each.plan.serviceKey };
  return SwiftSession.login(each.proxyUrl, user);
}

/** The container of the records, with all that is in it. Says how many objects there were. */
async function loseRecords(name: string): Promise<number> {
  const session = await recordKeeper(cluster(name));
  let lost = 0;
  for (;;) {
    const { text } = await session.request('GET', '/autosync');
    const objects = text.split('\n').filter((object) => object !== '');
    if (objects.length === 0) break;
    for (const object of objects) {
      const path = object.split('/').map(encodeURIComponent).join('/');
      await session.request('DELETE', `/autosync/${path}`);
    }
    lost += objects.length;
  }
  expect((await session.request('DELETE', '/autosync')).status).toBe(204);
  return lost;
}

async function passEach({ user }: Sessions): Promise<void> {
  for (const { name } of all) await pass(name, user);
}

it('a cluster that loses all of its records keeps every container, and has the records again after one pass', async (context) => {
  const sessions = await sessionsOf(await freshUser());
  const client = sessions.via[two]!;
  const containers = ['a', 'b', 'c', 'd', 'e'];
  for (const container of containers) {
    expect((await client.request('PUT', `/${container}`, { 'X-Container-Meta-A': container })).status).toBe(
      201,
    );
  }
  expect((await client.request('PUT', '/gone')).status).toBe(201);
  expect((await client.request('DELETE', '/gone')).status).toBe(204);
  await passEach(sessions);

  const lost = await loseRecords(two);
  // Gateways that knew those records go on.
  expect((await client.request('POST', '/a', { 'X-Container-Meta-A': 'newer' })).status).toBe(204);
  expect((await client.request('DELETE', '/b')).status).toBe(204);
  expect((await client.request('PUT', '/f')).status).toBe(201);
  await passEach(sessions);

  expect(await statusEverywhere(sessions, '/gone')).toEqual({ [one]: 404, [two]: 404, [three]: 404 });
  expect(await statusEverywhere(sessions, '/b')).toEqual({ [one]: 404, [two]: 404, [three]: 404 });
  const wrong = await Promise.all([...containers, 'f'].map((name) => differencesAt(sessions.direct, name)));
  expect(wrong.flat()).toEqual([]);
  expect((await sessions.direct[three]!.request('HEAD', '/a')).headers['x-container-meta-a']).toBe('newer');
  for (const container of ['a', 'c', 'd', 'e', 'f']) {
    const name = `${sessions.user.account}/${container}`;
    expect((await autosync('explain', name, '--conf', confOf(two), '--json')).code, name).toBe(0);
  }
  note(context, 'records', [`all records of ${two} deleted: ${lost} objects`, 3, 0, wrong.flat().length]);
});

describe('the same signed requests, as they were caught on their way from one gateway to its peers,', () => {
  /** What `one` sent, and nobody else heard of. */
  let caught: Step[];
  let sessions: Sessions;

  /** Five changes of one container, and a second container deleted after its making. */
  async function change(client: SwiftSession): Promise<void> {
    const steps: readonly (readonly [string, string, Record<string, string>?])[] = [
      ['PUT', '/c', { 'X-Container-Meta-A': '1', 'X-Container-Read': '.r:*' }],
      ['POST', '/c', { 'X-Container-Meta-A': '2', 'X-Container-Meta-B': '2' }],
      ['POST', '/c', { 'X-Container-Meta-A': '3', 'X-Remove-Container-Read': 'x' }],
      ['DELETE', '/c'],
      ['PUT', '/c', { 'X-Container-Meta-A': '5' }],
      ['PUT', '/d', { 'X-Container-Meta-A': '1' }],
      ['DELETE', '/d'],
    ];
    for (const [method, path, headers] of steps) {
      const { status, headers: answered } = await client.request(method, path, headers);
      expect([status < 300, answered['x-autosync-pending']], `${method} ${path}`).toEqual([
        true,
        `${two}, ${three}`,
      ]);
    }
  }

  beforeAll(async () => {
    sessions = await sessionsOf(await freshUser());
    const peers = await FaultProxy.open({
      [two]: cluster(two).gatewayUrl,
      [three]: cluster(three).gatewayUrl,
    });
    peers.watch(() => 'refuse');
    const gateway = await startGateway(cluster(one), {
      conf: [two, three].map((name) => [`cluster:${name}`, 'gateway', peers.urlOf(name)] as const),
    });
    await change(sessions.direct[one]!.at(gateway.url));
    await gateway.stop();
    caught = peers.steps.filter(({ method }) => method === 'PUT' || method === 'POST' || method === 'DELETE');
    expect(caught.length).toBeGreaterThan(10);
    await peers.close();
  });

  const reversed = (steps: readonly Step[]): Step[] => [...steps].reverse();
  const doubled = (steps: readonly Step[]): Step[] => steps.flatMap((step) => [step, step]);
  /** Odd ones first, then the even ones backwards. */
  const mixed = (steps: readonly Step[]): Step[] => [
    ...steps.filter((_, i) => i % 2 === 1),
    ...reversed(steps.filter((_, i) => i % 2 === 0)),
  ];
  const ORDERS: readonly (readonly [string, (steps: readonly Step[]) => Step[]])[] = [
    ['backwards', reversed],
    ['in their order, each twice', doubled],
    ['mixed', mixed],
    ['backwards once more', reversed],
  ];

  it.for(ORDERS)('%s: the peers end with what the last of them said', async ([what, order], context) => {
    // New processes each time: they remember no nonce.
    const peers = new Map(
      await Promise.all([two, three].map(async (name) => [name, await startGateway(cluster(name))] as const)),
    );
    let taken = 0;
    for (const { of, method, target, headers, body } of order(caught)) {
      const { status } = await send(
        peers.get(of)!.url,
        method,
        target,
        headers,
        body.length > 0 ? body : undefined,
      );
      // A second time within one process's memory it is refused; nothing else is.
      expect([200, 201, 202, 204, 401, 404, 409]).toContain(status);
      if (status !== 401) taken += 1;
    }
    expect(taken).toBeGreaterThanOrEqual(caught.length);
    await Promise.all([...peers.values()].map((peer) => peer.stop()));
    const wrong = await differencesAt(sessions.direct, 'c');
    expect(wrong).toEqual([]);
    expect(await statusEverywhere(sessions, '/d')).toEqual({ [one]: 404, [two]: 404, [three]: 404 });
    const { headers } = await sessions.direct[three]!.request('HEAD', '/c');
    expect([headers['x-container-meta-a'], headers['x-container-read']]).toEqual(['5', undefined]);
    note(context, 'records', [`signed changes delivered ${what}`, caught.length, taken, wrong.length]);
  });
});
