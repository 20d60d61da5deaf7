// Copies to a peer keep to `copy_bandwidth`, arrive unharmed, and let small objects pass.
import { beforeAll, expect, it } from 'vitest';
import { clusters, freshUser, waitFor, type TestCluster } from '../support/clusters.js';
import { loginAt, startGateway, type ExtraGateway } from '../support/extra-gateways.js';
import { sessionsOf } from '../support/containers.js';
import { readMetrics } from '../support/metrics.js';

const [one, two] = clusters() as [TestCluster, TestCluster];
let gateway: ExtraGateway;

beforeAll(async () => {
  const conf = [
    ['filter:autosync', 'copy_jobs', 'true'],
    ['filter:autosync', 'copy_bandwidth', '2 MB/s; 00:00-12:00 2 MB/s'],
  ] as const;
  gateway = await startGateway(one, { conf });
});

it('a large object takes its time, and is what it was; small ones pass it', async () => {
  const user = await freshUser();
  const { direct } = await sessionsOf(user);
  const via = (await loginAt({ [one.name]: gateway }, user))[one.name]!;
  const at = direct[two.name]!;
  expect((await via.request('PUT', '/c')).status).toBe(201);
  const bytes = Buffer.from(Array.from({ length: 4_000_000 }, (_, i) => (i * 31) % 253));
  const beganMs = performance.now();
  expect((await via.request('PUT', '/c/large', {}, bytes)).status).toBe(201);
  for (const name of ['a', 'b', 'c']) await via.request('PUT', `/c/${name}`, {}, name);
  const there = (name: string) => async (): Promise<boolean> =>
    (await at.request('HEAD', `/c/${name}`)).status === 200;
  for (const name of ['a', 'b', 'c']) await waitFor(`${name} is there`, there(name));
  await waitFor('the large one is there', there('large'));
  // A quarter of a second's worth may go at once.
  expect(performance.now() - beganMs).toBeGreaterThan(1_500);
  expect((await at.request('GET', '/c/large')).body.equals(bytes)).toBe(true);
  const metrics = await readMetrics(gateway.adminUrl);
  const ofPeer = { peer: two.name };
  expect(metrics.get('autosync_copy_limit_bytes_per_second', ofPeer)).toBe(2_000_000);
  expect(metrics.get('autosync_copies_throttled_seconds_total', ofPeer)).toBeGreaterThan(0.5);
});
