// object_ack = all: the answer to a change of an object says that all clusters that can be reached have it.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clusters, freshUser, link, restoreLinks } from '../support/clusters.js';
import { sessionsOf, type Sessions } from '../support/containers.js';
import { startGateway, type ExtraGateway } from '../support/extra-gateways.js';
import { SwiftSession } from '../support/swift-client.js';

const all = clusters();
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];
const ACK = 'X-Container-Meta-Autosync-Object-Ack';

let gateways: Record<'byContainer' | 'always' | 'strict', ExtraGateway>;
let direct: Sessions['direct'];
let via: Record<keyof typeof gateways, SwiftSession>;

beforeAll(async () => {
  const start = (...conf: [string, string][]): Promise<ExtraGateway> =>
    startGateway(all[0]!, {
      conf: [['copy_jobs', 'true'], ['peer_timeout', '2'], ...conf].map(
        ([option, value]) => ['filter:autosync', option!, value!] as const,
      ),
    });
  const [byContainer, always, strict] = await Promise.all([
    start(),
    start(['object_ack', 'all']),
    start(['object_ack', 'all'], ['consistency', 'strict']),
  ]);
  gateways = { byContainer, always, strict };
});
beforeEach(async () => {
  await restoreLinks();
  const user = await freshUser();
  direct = (await sessionsOf(user)).direct;
  const login = ({ url }: ExtraGateway): Promise<SwiftSession> => SwiftSession.login(url, user);
  const [byContainer, always, strict] = await Promise.all(Object.values(gateways).map(login));
  via = { byContainer: byContainer!, always: always!, strict: strict! };
});

/** What the clusters have at the very moment at which the client has its answer. */
async function everywhere(path: string, header: string): Promise<unknown[]> {
  const heads = await Promise.all(all.map(({ name }) => direct[name]!.request('HEAD', path)));
  return heads.map(({ status, headers }) => (status === 200 ? headers[header] : status));
}

describe.each(['by the option', 'by the container'] as const)('said %s', (how) => {
  it('PUT, overwrite, POST and DELETE are everywhere with their answer', async () => {
    const at = how === 'by the option' ? via.always : via.byContainer;
    const headers = how === 'by the option' ? {} : { [ACK]: 'all' };
    expect((await at.request('PUT', '/c', headers)).status).toBe(201);
    for (const body of ['a', 'bc', 'x'.repeat(200_000)]) {
      const answer = await at.request('PUT', '/c/o', {}, body);
      expect([answer.status, answer.headers['x-autosync-pending']]).toEqual([201, undefined]);
      const length = String(body.length);
      expect(await everywhere('/c/o', 'content-length')).toEqual([length, length, length]);
    }
    expect((await at.request('POST', '/c/o', { 'X-Object-Meta-N': '1' })).status).toBe(202);
    expect(await everywhere('/c/o', 'x-object-meta-n')).toEqual(['1', '1', '1']);
    expect((await at.request('DELETE', '/c/o')).status).toBe(204);
    expect(await everywhere('/c/o', 'etag')).toEqual([404, 404, 404]);
  });
});

it('said local by the container goes before the option', async () => {
  expect((await via.always.request('PUT', '/c', { [ACK]: 'local' })).status).toBe(201);
  await link(one, three).cut();
  const answer = await via.always.request('PUT', '/c/o', {}, 'x');
  expect([answer.status, answer.headers['x-autosync-pending']]).toEqual([201, undefined]);
});

it('names who has it not, soon, and is a 503 only with consistency = strict; it is here in any case', async () => {
  expect((await via.always.request('PUT', '/c')).status).toBe(201);
  await link(one, three).cut();
  for (const [name, status] of [
    ['always', 201],
    ['strict', 503],
  ] as const) {
    const answer = await via[name].request('PUT', `/c/${name}`, {}, 'x');
    expect([answer.status, answer.headers['x-autosync-pending']], name).toEqual([status, three]);
    expect((await direct[one]!.request('HEAD', `/c/${name}`)).status).toBe(200);
    expect((await direct[two]!.request('HEAD', `/c/${name}`)).status).toBe(200);
  }
});

it('is no success for a container whose objects stay where they are written', async () => {
  expect((await via.always.request('PUT', '/v', { 'X-Versions-Enabled': 'true' })).status).toBe(201);
  const answer = await via.always.request('PUT', '/v/o', {}, 'x');
  expect(answer.status).toBe(201);
  expect(answer.headers['x-autosync-pending']?.split(', ').sort()).toEqual([three, two]);
});
