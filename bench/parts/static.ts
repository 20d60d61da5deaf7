// The gateway, HAProxy and nginx before a backend that costs nearly nothing, each on one core of its own: what proxying itself takes.
import { shareOfTime, type Bench } from '../bench.js';
import { splitCores, type CoreSplit } from '../cores.js';
import { runWrk, type WrkResult } from '../load/wrk.js';
import { digits, percent, ratio } from '../numbers.js';
import { cpuMs } from '../process-stats.js';
import type { Aim, PartReport, Table } from '../report.js';
import { sideBySide, type Comparison, type Sample } from '../rounds.js';
import { startGateway } from '../servers/gateway.js';
import { startHaproxy, type ProxySpec } from '../servers/haproxy.js';
import { startNginxProxy, startStaticBackend, STATIC_PATH } from '../servers/nginx.js';
import type { Server } from '../servers/server.js';
import { bytesReceived, startSink } from '../servers/sink.js';

const PROXIES = ['HAProxy', 'nginx', 'gateway', 'gateway, short'] as const;
type Proxy = (typeof PROXIES)[number];

const KIB = 1024;
const LARGE_BYTES = 100 * KIB * KIB;

/** How long a gateway works before it is measured. */
const WARM_UP_CPU_MS = { quick: 1500, full: 4000 } as const;
const MAX_WARM_UP_RUNS = 10;

interface Workload {
  readonly name: string;
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly bodyBytes: number;
  readonly atOnce: number;
  /** What is counted: `requests` or GB. */
  readonly isLarge: boolean;
  /** Of HAProxy's work for each second of CPU time. */
  readonly aim: number;
}

const GETS: readonly Workload[] = [
  { name: 'GET 1 KiB', method: 'GET', path: '1k', bodyBytes: 0, atOnce: 64, isLarge: false, aim: 0.4 },
  { name: 'GET 100 MiB', method: 'GET', path: '100m', bodyBytes: 0, atOnce: 4, isLarge: true, aim: 0.8 },
];
const PUTS: readonly Workload[] = [
  { name: 'PUT 1 KiB', method: 'PUT', path: 'o', bodyBytes: KIB, atOnce: 64, isLarge: false, aim: 0.4 },
  {
    name: 'PUT 100 MiB',
    method: 'PUT',
    path: 'o',
    bodyBytes: LARGE_BYTES,
    atOnce: 4,
    isLarge: true,
    aim: 0.8,
  },
];

interface Cell {
  readonly workload: Workload;
  readonly comparison: Comparison<Proxy>;
}

interface Setting {
  readonly bench: Bench;
  readonly cores: CoreSplit;
  readonly backend: Server;
  readonly proxies: Readonly<Record<Proxy, Server>>;
}

export async function benchStatic(bench: Bench): Promise<PartReport> {
  const began = performance.now();
  const cores = splitCores();
  const backend = await startStaticBackend(bench.folder, cores.others);
  const sink = await startSink(bench.folder, cores.others);
  const cells: Cell[] = [];
  try {
    cells.push(...(await measureBehind({ bench, cores, backend }, GETS, GETS.length + PUTS.length)));
    cells.push(...(await measureBehind({ bench, cores, backend: sink }, PUTS, PUTS.length)));
  } finally {
    await backend.stop();
    await sink.stop();
  }
  return report(cells, cores, (performance.now() - began) / 1000);
}

async function measureBehind(
  before: Omit<Setting, 'proxies'>,
  workloads: readonly Workload[],
  measurementsLeft: number,
): Promise<Cell[]> {
  const { bench, cores, backend } = before;
  const spec: ProxySpec = { folder: bench.folder, upstreamPort: backend.port, cores: cores.proxy };
  const proxies: Record<Proxy, Server> = {
    'HAProxy': await startHaproxy(spec),
    'nginx': await startNginxProxy(spec),
    'gateway': await startGateway('full', spec),
    'gateway, short': await startGateway('short', spec),
  };
  const setting = { ...before, proxies };
  try {
    const cells: Cell[] = [];
    let left = measurementsLeft;
    for (const workload of workloads) {
      cells.push(await measure(setting, workload, left));
      left -= 1;
    }
    return cells;
  } finally {
    await Promise.all(Object.values(proxies).map((proxy) => proxy.stop()));
  }
}

async function measure(setting: Setting, workload: Workload, left: number): Promise<Cell> {
  const { bench } = setting;
  bench.say(`${workload.name}, static backend: warming up`);
  for (const proxy of PROXIES) await warmUp(setting, workload, proxy);
  bench.say(`${workload.name}, static backend`);
  const rounds = { rounds: bench.isQuick ? 2 : 3, deadline: shareOfTime(bench, left) };
  const seconds = bench.isQuick ? 1 : 2;
  const comparison = await sideBySide(PROXIES, rounds, (proxy) => run(setting, workload, proxy, seconds));
  return { workload, comparison };
}

/** Until its code is compiled: what counts is how long it ran, not how long it waited for a busy machine. */
async function warmUp(setting: Setting, workload: Workload, proxy: Proxy): Promise<void> {
  const { pid } = setting.proxies[proxy];
  const needMs = setting.bench.isQuick ? WARM_UP_CPU_MS.quick : WARM_UP_CPU_MS.full;
  const limitMs = cpuMs(pid) + (proxy.startsWith('gateway') ? needMs : 0);
  for (let runs = 0; runs === 0 || (cpuMs(pid) < limitMs && runs < MAX_WARM_UP_RUNS); runs += 1) {
    await run(setting, workload, proxy, 1);
  }
}

async function run(setting: Setting, workload: Workload, proxy: Proxy, seconds: number): Promise<Sample> {
  const { backend, proxies, cores } = setting;
  const server = proxies[proxy];
  const isSink = workload.method === 'PUT';
  const receivedBefore = isSink ? await bytesReceived(backend) : 0;
  const cpuBefore = cpuMs(server.pid);
  const result = await runWrk({
    url: server.url,
    method: workload.method,
    path: STATIC_PATH + workload.path,
    connections: workload.atOnce,
    seconds,
    bodyBytes: workload.bodyBytes,
    cores: cores.others,
  });
  const usedMs = cpuMs(server.pid) - cpuBefore;
  const uploaded = isSink ? (await bytesReceived(backend)) - receivedBefore : 0;
  return toSample(workload, result, usedMs, uploaded);
}

function toSample(workload: Workload, result: WrkResult, usedMs: number, uploaded: number): Sample {
  const bytes = workload.method === 'PUT' ? uploaded : result.bytes;
  const units = workload.isLarge ? bytes / 1e9 : result.requests;
  return {
    perSecond: units / result.seconds,
    perCoreSecond: units / (usedMs / 1000),
    cpuMs: usedMs / units,
    coreShare: usedMs / 1000 / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    failed: result.refused + result.broken,
  };
}

function report(cells: readonly Cell[], cores: CoreSplit, seconds: number): PartReport {
  const small = cells.filter(({ workload }) => !workload.isLarge);
  const large = cells.filter(({ workload }) => workload.isLarge);
  const where = cores.proxy === undefined ? ' (one core only: nothing pinned)' : '';
  return {
    part: 'static',
    seconds,
    tables: [
      perCoreTable(`Static backend: requests per second of CPU time of the proxy${where}`, small),
      perCoreTable(`Static backend: GB per second of CPU time of the proxy${where}`, large),
      wallTable(
        'Static backend: requests or GB per second as seen by clients, and how busy the proxy was',
        cells,
      ),
    ],
    aims: cells.flatMap(aimsOf),
    failures: cells.flatMap(failuresOf),
    samples: Object.fromEntries(cells.map(({ workload, comparison }) => [workload.name, comparison.samples])),
  };
}

function perCoreTable(title: string, cells: readonly Cell[]): Table {
  return {
    title,
    columns: ['request', 'at once', ...PROXIES, 'nginx ÷ HAProxy', 'gateway ÷ HAProxy', 'short ÷ HAProxy'],
    rows: cells.map(({ workload, comparison }) => [
      workload.name,
      String(workload.atOnce),
      ...PROXIES.map((proxy) => digits(comparison.median(proxy, 'perCoreSecond'))),
      ...PROXIES.slice(1).map((proxy) => ratio(comparison.ratio('perCoreSecond', proxy, 'HAProxy'))),
    ]),
  };
}

function wallTable(title: string, cells: readonly Cell[]): Table {
  return {
    title,
    columns: ['request', 'at once', ...PROXIES],
    rows: cells.map(({ workload, comparison }) => [
      workload.name,
      String(workload.atOnce),
      ...PROXIES.map((proxy) => {
        const busy = percent(comparison.median(proxy, 'coreShare'));
        return `${digits(comparison.median(proxy, 'perSecond'))} (${busy})`;
      }),
    ]),
  };
}

function aimsOf({ workload, comparison }: Cell): Aim[] {
  return (['gateway', 'gateway, short'] as const).map((proxy) => {
    const found = comparison.ratio('perCoreSecond', proxy, 'HAProxy');
    return {
      what: `${workload.name}, static backend, ${proxy}`,
      aim: `≥ ${workload.aim} × HAProxy per core`,
      found: ratio(found),
      isReached: found >= workload.aim,
    };
  });
}

function failuresOf({ workload, comparison }: Cell): string[] {
  return PROXIES.flatMap((proxy) => {
    const failed = comparison.samples[proxy].reduce((sum, sample) => sum + (sample['failed'] ?? 0), 0);
    return failed > 0 ? [`${failed} of ${workload.name}, static backend, ${proxy}`] : [];
  });
}
