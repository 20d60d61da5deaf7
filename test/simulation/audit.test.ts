// Promises of one audit pass that only show where clusters differ for long: on two model clusters, one step after the other.
import { expect, it } from 'vitest';
import { adoptAccount } from '../../src/daemon/adopt.js';
import { audit } from '../../src/daemon/audit.js';
import { HeaderList } from '../../src/http/headers.js';
import { ACCOUNT, Cluster, MAX_SKEW_MS, Network } from './cluster.js';
import { World } from './world.js';

it('a container dated further ahead than max_clock_skew is named, and all others are looked after', async () => {
  const world = new World([], false);
  world.isFree = true;
  const network = new Network();
  const clusters: Cluster[] = [];
  for (const [i, name] of ['one', 'two'].entries())
    clusters.push(new Cluster(world, network, name, i, () => clusters, 0, {}));
  const [one, two] = clusters as [Cluster, Cluster];
  const { site, keeper } = one.process('d');
  await adoptAccount(site, keeper, ACCOUNT);
  network.cut('one', 'two');
  one.offsets.set('g0', 2 * MAX_SKEW_MS);
  await one.change('g0', 'PUT', 'ahead', new HeaderList());
  await one.change('g1', 'PUT', 'well', new HeaderList());
  network.mend();

  const daemon = two.process('d');
  const report = await audit(daemon.site, daemon.keeper, { isDryRun: false, lookEvery: 1, turn: 0 });

  expect(report.brokenOff).toBeUndefined();
  expect(two.swift.find(ACCOUNT, 'well')).toBeDefined();
  expect(two.swift.find(ACCOUNT, 'ahead')).toBeUndefined();
  expect(report.findings).toContainEqual(
    expect.objectContaining({ container: 'ahead', code: 'CLOCK_SKEW', outcome: 'unmended' }),
  );
});
