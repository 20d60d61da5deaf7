// Several gateway processes on a host, and several hosts before one cluster, are one gateway to clients and peers.
import { beforeAll, describe, expect, it } from 'vitest';
import { freshUser, send } from '../support/clusters.js';
import { expectEverywhere, expectStatusEverywhere, sessionsOf } from '../support/containers.js';
import { loginAt, startGateways, type ExtraGateways } from '../support/extra-gateways.js';
import { waitUntilSame } from '../support/compare.js';
import { SwiftSession } from '../support/swift-client.js';

const CONF = [
  ['DEFAULT', 'workers', '2'],
  ['filter:autosync', 'copy_jobs', 'true'],
] as const;
const REPEATS = 6;

/** Two hosts of gateways, each with two processes, before the same clusters. */
let hosts: readonly ExtraGateways[];

beforeAll(async () => {
  hosts = [await startGateways(CONF, ['one', 'two']), await startGateways(CONF, ['one', 'two'])];
});

describe('two hosts with two gateway processes each', () => {
  it('take turns at changing containers, and the clusters agree each time', async () => {
    const sessions = await sessionsOf(await freshUser());
    const via = (await Promise.all(hosts.map((host) => loginAt(host, sessions.user)))).flatMap((each) =>
      Object.values(each),
    );
    for (let i = 0; i < REPEATS; i += 1) {
      const [maker, changer, remover] = [0, 1, 2].map((offset) => via[(i + offset) % via.length]!);
      const made = await maker!.request('PUT', `/c${i}`);
      expect([made.status, made.headers['x-autosync-pending']]).toEqual([201, undefined]);
      expect(made.headers['x-autosync-unrecorded']).toBeUndefined();
      const changed = await changer!.request('POST', `/c${i}`, { 'X-Container-Meta-Turn': String(i) });
      expect([changed.status, changed.headers['x-autosync-pending']]).toEqual([204, undefined]);
      await expectEverywhere(sessions, `/c${i}`, { 'X-Container-Meta-Turn': String(i) });
      expect((await remover!.request('DELETE', `/c${i}`)).status).toBe(204);
      await expectStatusEverywhere(sessions, `/c${i}`, 404);
    }
    await via[0]!.request('PUT', '/c');
    await via[3]!.request('PUT', '/c/o', {}, 'hello');
    await waitUntilSame(sessions.user, 'c');
  });

  it('cancel an account’s deletion whichever process of the host is asked, once', async () => {
    const { url } = hosts[0]!['one']!;
    const admin = await SwiftSession.login(url, { account: 'AUTH_admin', user: 'admin:admin', key: 'admin' });
    const owner = await freshUser();
    const sessions = await sessionsOf(owner);
    await sessions.via['one']!.request('PUT', '/c');
    const asAdmin = (method: string, headers = {}) =>
      send(url, method, `/v1/${owner.account}`, { 'X-Auth-Token': admin.token, ...headers });
    const gone = await asAdmin('DELETE');
    expect([gone.status, gone.headers['x-autosync-pending']]).toEqual([204, 'two, three']);
    const answers = [];
    for (let i = 0; i < REPEATS; i += 1)
      answers.push((await asAdmin('POST', { 'X-Autosync-Cancel-Delete': 'true' })).status);
    expect(answers).toEqual([200, ...Array.from({ length: REPEATS - 1 }, () => 404)]);
  });
});
