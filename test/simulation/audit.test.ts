// Promises of one audit pass that only show where clusters differ for long: on two model clusters, one step after the other.
import { describe, expect, it } from 'vitest';
import { adoptAccount } from '../../src/daemon/adopt.js';
import { setLife, settleDeletion } from '../../src/converge/deletion.js';
import { audit } from '../../src/daemon/audit.js';
import type { PassReport } from '../../src/daemon/report.js';
import type { Site } from '../../src/gateway/site.js';
import { HeaderList } from '../../src/http/headers.js';
import type { Record } from '../../src/records/record.js';
import { ACCOUNT, Cluster, MAX_SKEW_MS } from './cluster.js';
import { Network } from './network.js';
import { settled, World } from './world.js';

/** Two clusters that have taken the account over, and do at once whatever they are asked. */
async function twoClusters(): Promise<{ network: Network; one: Cluster; two: Cluster }> {
  const world = new World([], false);
  world.isFree = true;
  const network = new Network();
  const clusters: Cluster[] = [];
  for (const [i, name] of ['one', 'two'].entries())
    clusters.push(new Cluster(world, network, name, i, () => clusters, 0, {}));
  const [one, two] = clusters as [Cluster, Cluster];
  const { site, keeper } = one.process('d');
  await adoptAccount(site, keeper, ACCOUNT);
  return { network, one, two };
}

async function pass(cluster: Cluster): Promise<PassReport> {
  const { site, keeper } = cluster.process('d');
  const report = await audit(site, keeper, { isDryRun: false, lookEvery: 1, turn: 0 });
  await settled();
  return report;
}

it('a container dated further ahead than max_clock_skew is named, and all others are looked after', async () => {
  const { network, one, two } = await twoClusters();
  network.cut('one', 'two');
  one.offsets.set('g0', 2 * MAX_SKEW_MS);
  await one.change('g0', 'PUT', 'ahead', new HeaderList());
  await one.change('g1', 'PUT', 'well', new HeaderList());
  network.mend();

  const report = await pass(two);

  expect(report.brokenOff).toBeUndefined();
  expect(two.swift.find(ACCOUNT, 'well')).toBeDefined();
  expect(two.swift.find(ACCOUNT, 'ahead')).toBeUndefined();
  expect(report.findings).toContainEqual(
    expect.objectContaining({ container: 'ahead', code: 'CLOCK_SKEW', outcome: 'unmended' }),
  );
});

const C = { account: ACCOUNT, container: 'c' };

/** An object of that container, written at one and copied to the other as container sync would; where it is deleted again. */
function copyObject(one: Cluster, two: Cluster, object: string, deletedAt?: Cluster): void {
  const target = `/v1/${ACCOUNT}/c/${object}`;
  one.swift.handle({ method: 'PUT', target, body: 'x' });
  const [here, there] = [one, two].map(({ swift }) => swift.find(ACCOUNT, 'c'));
  two.swift.take(there!, object, here!.objects.get(object)!);
  deletedAt?.swift.handle({ method: 'DELETE', target });
}

it('an object that is still here is not taken for one deleted here, whatever a record says: the container lives', async () => {
  const { one, two } = await twoClusters();
  await one.change('g0', 'PUT', 'c', new HeaderList());
  copyObject(one, two, 'o');
  const { site, keeper } = two.process('d');
  const tombstone = await setLife(keeper, C, 'deleted');

  expect((await settleDeletion(site, keeper, C, tombstone)).life).toBe('present');
  await pass(one);

  for (const { swift } of [one, two]) expect(swift.find(ACCOUNT, 'c')?.objects.get('o')?.body).toBeDefined();
});

describe('a deletion that objects stand in the way of, which no pending note tells of,', () => {
  /** Deleted at one while the other was away; the other hears of it by its own audit. */
  async function heardLate(prepare: (one: Cluster, two: Cluster) => void): Promise<[Cluster, Cluster]> {
    const { network, one, two } = await twoClusters();
    await one.change('g0', 'PUT', 'c', new HeaderList());
    prepare(one, two);
    network.cut('one', 'two');
    expect((await one.change('g0', 'DELETE', 'c', new HeaderList())).status).toBe(204);
    const { store } = one.process('d').keeper;
    for await (const { name } of store.list('p/')) await store.delete(name);
    network.mend();
    await pass(two);
    await pass(one);
    return [one, two];
  }

  it('is carried out when they were deleted on the other cluster', async () => {
    const [one, two] = await heardLate((here, there) => copyObject(here, there, 'o', here));
    expect([one, two].map(({ swift }) => swift.find(ACCOUNT, 'c'))).toEqual([undefined, undefined]);
  });

  /** Deleted at one, with an object that is deleted there and not at the other. */
  async function deletedAtOne(): Promise<{ one: Cluster; two: Cluster; tombstone: Record }> {
    const { network, one, two } = await twoClusters();
    await one.change('g0', 'PUT', 'c', new HeaderList());
    copyObject(one, two, 'o', one);
    network.cut('one', 'two');
    expect((await one.change('g0', 'DELETE', 'c', new HeaderList())).status).toBe(204);
    network.mend();
    return { one, two, tombstone: await one.process('d').keeper.read(C) };
  }

  /** The daemon's site at that cluster, where something else happens before the first probe. */
  function siteWhere({ site }: ReturnType<Cluster['process']>, happens: () => Promise<unknown>): Site {
    let first: Promise<unknown> | undefined;
    const send: Site['transport']['send'] = async (request) => {
      await (first ??= happens());
      return site.transport.send(request);
    };
    return { ...site, transport: { ...site.transport, send } };
  }

  it('is carried out once where it is begun twice', async () => {
    const { one, two, tombstone } = await deletedAtOne();
    const { site, keeper } = one.process('d');
    let second: ReturnType<typeof settleDeletion> | undefined;
    const busy = siteWhere(one.process('d'), async () => {
      second = settleDeletion(site, keeper, C, tombstone);
      await settled();
    });
    const first = await settleDeletion(busy, keeper, C, tombstone);

    expect([first.life, (await second)?.life]).toEqual(['deleted', 'deleted']);
    expect([one, two].map(({ swift }) => swift.find(ACCOUNT, 'c'))).toEqual([undefined, undefined]);
  });

  it('leaves the container that a client makes meanwhile, and takes its old objects along', async () => {
    const { one, two, tombstone } = await deletedAtOne();
    const red = HeaderList.from([['X-Container-Meta-Colour', 'red']]);
    const busy = siteWhere(one.process('d'), () => one.change('g0', 'PUT', 'c', red));
    expect((await settleDeletion(busy, one.process('d').keeper, C, tombstone)).life).toBe('present');
    await pass(two);
    await pass(one);
    for (const { swift } of [one, two]) {
      const container = swift.find(ACCOUNT, 'c');
      expect(container?.settings.get('x-container-meta-colour')).toBe('red');
      expect(container?.objects.get('o')?.body).toBeUndefined();
    }
  });

  it('is not taken back where another process takes the container away that is asked about', async () => {
    const { one, two, tombstone } = await deletedAtOne();
    const other = one.process('g1');
    const busy = siteWhere(one.process('d'), () => settleDeletion(other.site, other.keeper, C, tombstone));
    const { keeper } = one.process('d');

    await expect(settleDeletion(busy, keeper, C, tombstone)).rejects.toThrow('deleted while');

    expect([one, two].map(({ swift }) => swift.find(ACCOUNT, 'c'))).toEqual([undefined, undefined]);
  });

  it('is taken back when somebody wrote them meanwhile', async () => {
    const [one, two] = await heardLate((_, there) => {
      there.swift.handle({ method: 'PUT', target: `/v1/${ACCOUNT}/c/new`, body: 'x' });
    });
    expect(one.swift.find(ACCOUNT, 'c')).toBeDefined();
    expect(two.swift.find(ACCOUNT, 'c')?.objects.get('new')?.body).toBeDefined();
  });
});
