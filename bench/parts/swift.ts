// The same real Swift reached three ways: directly, through HAProxy, through the gateway. Small objects by wrk, large ones by raw sockets.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalCluster } from '../../src/local/cluster.js';
import { LocalRealm } from '../../src/local/realm.js';
import { TEST_USERS } from '../../src/local/users.js';
import { SwiftSession } from '../../test/support/swift-client.js';
import { shareOfTime, type Bench } from '../bench.js';
import { runBulk } from '../load/bulk.js';
import { runWrk } from '../load/wrk.js';
import { median, percentile } from '../numbers.js';
import { bytesWritten, cpuMs } from '../process-stats.js';
import type { PartReport } from '../report.js';
import { sideBySide, type Sample } from '../rounds.js';
import { startHaproxy } from '../servers/haproxy.js';
import { reportSwift, type Cell, type Way, type Workload } from './swift-tables.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const LARGE_BYTES = 100 * MIB;
const CONTAINER = '/v1/AUTH_test/bench';
const AT_ONCE = [1, 4, 32] as const;
const WORKLOADS = ['GET 1 KiB', 'PUT 1 KiB', 'GET 100 MiB', 'PUT 100 MiB'] as const;
const WAYS = ['direct', 'HAProxy', 'gateway'] as const;
/** So many names are written in turn by small PUTs. */
const NAMES = 500;
const ROLES = ['proxy', 'account', 'container', 'object', 'memcached'] as const;
const WARM_UP_CPU_MS = 2500;
const MAX_WARM_UP_RUNS = 5;
/** Bodies that were broken off leave Swift something to do: it is done when so little of a core is used in that time. */
const SETTLED = { core: 0.15, stepMs: 200, limitMs: 5000 } as const;

/** How one way is reached, and the process that stands in it. */
interface Entrance {
  readonly port: number;
  /** Undefined for the direct way. */
  readonly pid: () => number | undefined;
}

interface Site {
  readonly cluster: LocalCluster;
  readonly token: string;
  readonly entrances: Readonly<Record<Way, Entrance>>;
}

export async function benchSwift(bench: Bench): Promise<PartReport> {
  const began = performance.now();
  bench.say('one Swift cluster starts');
  const realm = await LocalRealm.start({
    folder: bench.folder,
    clusters: 1,
    daemons: [],
    firstPort: 25_000,
    logLevel: 'WARNING',
  });
  const [cluster] = realm.clusters as [LocalCluster];
  const haproxy = await startHaproxy({ folder: bench.folder, upstreamPort: cluster.plan.ports.proxy });
  try {
    const site: Site = {
      cluster,
      token: await prepareObjects(cluster),
      entrances: {
        direct: { port: cluster.plan.ports.proxy, pid: () => undefined },
        HAProxy: { port: haproxy.port, pid: () => haproxy.pid },
        gateway: { port: cluster.plan.ports.gateway, pid: () => cluster.pid('gateway') },
      },
    };
    await warmUp(site, bench);
    return reportSwift(await measureAll(site, bench), (performance.now() - began) / 1000);
  } finally {
    await haproxy.stop();
    await realm.stop();
  }
}

/** Logs in and stores what is going to be read. */
async function prepareObjects(cluster: LocalCluster): Promise<string> {
  const [tester] = TEST_USERS;
  if (tester === undefined) throw new Error('There are no test users.');
  const user = { account: 'AUTH_test', user: `${tester.account}:${tester.user}`, key: tester.key };
  const session = await SwiftSession.login(cluster.proxyUrl, user);
  await session.request('PUT', '/bench');
  await session.request('PUT', '/bench/1k', {}, Buffer.alloc(KIB, 'x'));
  await session.request('PUT', '/bench/100m', {}, Buffer.alloc(LARGE_BYTES, 'x'));
  return session.token;
}

/**
 * Until the gateway's code is compiled, as it is in one that has run for a while. Most of it by requests without a token: they end
 * in Swift's proxy, so that many pass in little time. HAProxy needs none of this, and Swift is the same for all.
 */
async function warmUp(site: Site, bench: Bench): Promise<void> {
  bench.say('warming up');
  const { port, pid } = site.entrances.gateway;
  const gatewayPid = pid() ?? 0;
  const limitMs = cpuMs(gatewayPid) + WARM_UP_CPU_MS;
  const url = `http://127.0.0.1:${port}`;
  for (let runs = 0; cpuMs(gatewayPid) < limitMs && runs < MAX_WARM_UP_RUNS; runs += 1) {
    await runWrk({ url, method: 'GET', path: `${CONTAINER}/1k`, connections: 32, seconds: 2 });
  }
  for (const workload of WORKLOADS.slice(1)) {
    const measure = workload.endsWith('KiB') ? small : large;
    await measure(site, 'gateway', { workload, atOnce: 4, seconds: bench.isQuick ? 3 : 6 });
  }
}

interface Plan {
  readonly atOnce: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
}

function planOf(workload: Workload, { isQuick }: Bench): Plan {
  if (workload.endsWith('KiB')) {
    return isQuick ? { atOnce: [1, 32], rounds: 2, seconds: 1 } : { atOnce: AT_ONCE, rounds: 3, seconds: 2 };
  }
  return isQuick ? { atOnce: [4], rounds: 2, seconds: 2 } : { atOnce: AT_ONCE, rounds: 2, seconds: 4.5 };
}

async function measureAll(site: Site, bench: Bench): Promise<Cell[]> {
  const cells: Cell[] = [];
  let left = WORKLOADS.reduce((sum, workload) => sum + planOf(workload, bench).atOnce.length, 0);
  for (const workload of WORKLOADS) {
    const plan = planOf(workload, bench);
    const measure = workload.endsWith('KiB') ? small : large;
    for (const atOnce of plan.atOnce) {
      bench.say(`${workload}, ${atOnce} at once`);
      const rounds = { rounds: plan.rounds, deadline: shareOfTime(bench, left) };
      const load = { workload, atOnce, seconds: plan.seconds };
      const comparison = await sideBySide(WAYS, rounds, (way) => measure(site, way, load));
      cells.push({ workload, atOnce, comparison });
      left -= 1;
    }
  }
  return cells;
}

interface Load {
  readonly workload: Workload;
  readonly atOnce: number;
  readonly seconds: number;
}

async function small(site: Site, way: Way, { workload, atOnce, seconds }: Load): Promise<Sample> {
  const { port } = site.entrances[way];
  const method = workload === 'GET 1 KiB' ? 'GET' : 'PUT';
  const work =
    method === 'GET' ? { path: `${CONTAINER}/1k` } : { path: `${CONTAINER}/o`, names: NAMES, bodyBytes: KIB };
  const url = `http://127.0.0.1:${port}`;
  const headers = { 'X-Auth-Token': site.token };
  const cpu = watchCpu(site, way);
  const run = await runWrk({ url, method, connections: atOnce, seconds, headers, ...work });
  return {
    perSecond: run.requests / run.seconds,
    p50Ms: run.p50Ms,
    p99Ms: run.p99Ms,
    failed: run.refused + run.broken,
    ...cpu(run.requests),
  };
}

/** Per second are MB; CPU is for each 100 MiB. */
async function large(site: Site, way: Way, { workload, atOnce, seconds }: Load): Promise<Sample> {
  const method = workload === 'GET 100 MiB' ? 'GET' : 'PUT';
  const objectServer = site.cluster.pid('object') ?? 0;
  const cpu = watchCpu(site, way);
  const writtenBefore = bytesWritten(objectServer);
  const run = await runBulk({
    port: site.entrances[way].port,
    method,
    path: (index) => (method === 'GET' ? `${CONTAINER}/100m` : `${CONTAINER}/big-${index}`),
    connections: atOnce,
    seconds,
    headers: { 'X-Auth-Token': site.token },
    bodyBytes: LARGE_BYTES,
  });
  // What was handed to a socket may still be on its way: what counts is what Swift stored.
  const moved = method === 'GET' ? run.received : bytesWritten(objectServer) - writtenBefore;
  const used = cpu(moved / LARGE_BYTES);
  await settle(site);
  return {
    perSecond: moved / run.seconds / 1e6,
    p50Ms: median(run.finishedMs),
    p99Ms: percentile(run.finishedMs, 99),
    failed: run.failures.length,
    ...used,
  };
}

async function settle({ cluster }: Site): Promise<void> {
  const { core, stepMs, limitMs } = SETTLED;
  for (let waitedMs = 0; waitedMs < limitMs; waitedMs += stepMs) {
    const before = swiftCpuMs(cluster);
    await sleep(stepMs);
    if (swiftCpuMs(cluster) - before < core * stepMs) return;
  }
}

function swiftCpuMs(cluster: LocalCluster): number {
  return ROLES.reduce((sum, role) => sum + cpuMs(cluster.pid(role) ?? 0), 0);
}

/** Begins to count CPU time; the function it returns says how much each of so many units took. */
function watchCpu({ cluster, entrances }: Site, way: Way): (units: number) => Sample {
  const proxyPid = entrances[way].pid();
  const now = () => ({
    swift: swiftCpuMs(cluster),
    proxy: proxyPid === undefined ? NaN : cpuMs(proxyPid),
  });
  const before = now();
  return (units) => {
    const after = now();
    const swift = (after.swift - before.swift) / units;
    const proxy = (after.proxy - before.proxy) / units;
    return { swiftCpuMs: swift, proxyCpuMs: proxy, cpuShare: proxy / swift };
  };
}
