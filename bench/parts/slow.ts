// A thousand slow clients in the middle of 1 GiB bodies: the memory they take, and what one normal client notices.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.js';
import { SlowClients, type SlowKind } from '../load/slow-clients.js';
import { runWrk, type WrkResult } from '../load/wrk.js';
import { digits, percent } from '../numbers.js';
import { cpuMs, residentMb, socketBuffersMb } from '../process-stats.js';
import type { Aim, PartReport, Table } from '../report.js';
import type { Sample } from '../rounds.js';
import { startGateway } from '../servers/gateway.js';
import { startHaproxy } from '../servers/haproxy.js';
import { startStaticBackend, STATIC_PATH } from '../servers/nginx.js';
import type { Server } from '../servers/server.js';
import { startSink } from '../servers/sink.js';

const COUNT = 1000;
const BODY_BYTES = 1024 ** 3;
const LIMIT_MB = 200;
const KINDS = ['download', 'upload', 'held back upload'] as const;
const PROXIES = ['HAProxy', 'gateway'] as const;
type Proxy = (typeof PROXIES)[number];
const SAMPLE_MS = 100;
const CLOSE_MS = 1500;
const SETTLE_LIMIT_S = 30;
/** Of a core: what is left when only the slow clients' pace keeps the proxy busy. */
const CALM = 0.1;

interface Cell {
  readonly kind: SlowKind;
  readonly proxy: Proxy;
  readonly sample: Sample;
}

const TITLES: Readonly<Record<SlowKind, string>> = {
  'download': 'clients read 4 KB/s',
  'upload': 'clients send 4 KB/s',
  'held back upload': 'clients send, Swift takes nothing',
};

export async function benchSlow(bench: Bench): Promise<PartReport> {
  const began = performance.now();
  const backend = await startStaticBackend(bench.folder);
  const sink = await startSink(bench.folder);
  const cells: Cell[] = [];
  try {
    for (const kind of KINDS) {
      const upstream = kind === 'download' ? backend : sink;
      for (const proxy of bench.isQuick ? (['gateway'] as const) : PROXIES) {
        bench.say(`${COUNT} slow clients, ${TITLES[kind]}: ${proxy}`);
        cells.push({ kind, proxy, sample: await measure(bench, kind, proxy, upstream) });
      }
    }
  } finally {
    await backend.stop();
    await sink.stop();
  }
  return report(cells, (performance.now() - began) / 1000);
}

/** In a new process each time, so that memory kept from before does not count. */
async function measure(bench: Bench, kind: SlowKind, proxy: Proxy, upstream: Server): Promise<Sample> {
  const spec = { folder: bench.folder, upstreamPort: upstream.port };
  const server = proxy === 'HAProxy' ? await startHaproxy(spec) : await startGateway('full', spec);
  try {
    const before = await normalClient(server, 1);
    const emptyMb = residentMb(server.pid);
    const kernelBeforeMb = socketBuffersMb();
    const watch = new MemoryWatch(server.pid);
    const path = STATIC_PATH + (kind === 'download' ? '1g' : kind === 'upload' ? 'slow' : 'stalled');
    const clients = await SlowClients.start({
      port: server.port,
      kind,
      path,
      count: COUNT,
      bodyBytes: BODY_BYTES,
    });
    const settledS = await settle(server, clients);
    const idleCpu = await cpuShare(server.pid);
    const meanwhile = await normalClient(server, bench.isQuick ? 2 : 4);
    const alive = clients.aliveCount;
    const memory = watch.stop();
    const kernelMb = socketBuffersMb() - kernelBeforeMb;
    clients.stop();
    await sleep(CLOSE_MS);
    return {
      emptyMb,
      ...memory,
      kernelMb,
      afterMb: residentMb(server.pid),
      alive,
      movedMb: clients.movedBytes / 1e6,
      settledS,
      idleCpu,
      beforeP50Ms: before.p50Ms,
      p50Ms: meanwhile.p50Ms,
      p99Ms: meanwhile.p99Ms,
      failed: meanwhile.refused + meanwhile.broken + (COUNT - alive),
    };
  } finally {
    await server.stop();
  }
}

/** Waits until all are under way and the buffers along the way are full; how many seconds that took. */
async function settle(server: Server, clients: SlowClients): Promise<number> {
  const began = performance.now();
  const elapsedS = () => (performance.now() - began) / 1000;
  while (elapsedS() < SETTLE_LIMIT_S) {
    const isCalm = (await cpuShare(server.pid)) < CALM;
    if (isCalm && clients.aliveCount === COUNT) break;
  }
  return elapsedS();
}

/** One client with small requests, one after the other. The sink answers GET as well. */
function normalClient(server: Server, seconds: number): Promise<WrkResult> {
  return runWrk({ url: server.url, method: 'GET', path: `${STATIC_PATH}1k`, connections: 1, seconds });
}

/** Of one core, over a second. */
async function cpuShare(pid: number): Promise<number> {
  const before = cpuMs(pid);
  await sleep(1000);
  return (cpuMs(pid) - before) / 1000;
}

class MemoryWatch {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  #peakMb = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#look(), SAMPLE_MS);
  }

  stop(): { peakMb: number; heldMb: number } {
    clearInterval(this.#timer);
    return { heldMb: this.#look(), peakMb: this.#peakMb };
  }

  #look(): number {
    const now = residentMb(this.#pid);
    this.#peakMb = Math.max(this.#peakMb, now);
    return now;
  }
}

function report(cells: readonly Cell[], seconds: number): PartReport {
  return {
    part: 'slow',
    seconds,
    tables: [memoryTable(cells), normalTable(cells)],
    aims: cells.filter(({ proxy }) => proxy === 'gateway').map(aimOf),
    failures: cells.flatMap(({ kind, proxy, sample }) =>
      (sample['failed'] ?? 0) > 0 ? [`${sample['failed'] ?? 0} with ${TITLES[kind]}, ${proxy}`] : [],
    ),
    samples: Object.fromEntries(
      cells.map(({ kind, proxy, sample }) => [`${kind}, ${proxy}`, { [proxy]: [sample] }]),
    ),
  };
}

function memoryTable(cells: readonly Cell[]): Table {
  const megabytes = ['emptyMb', 'peakMb', 'heldMb', 'afterMb', 'kernelMb'];
  return {
    title: `${COUNT.toLocaleString('en-US')} slow clients of 1 GiB bodies: memory of the proxy (RSS), and the kernel's socket buffers, in MB`,
    columns: [
      'slow clients',
      'proxy',
      'before',
      'peak',
      'in the end',
      'when gone',
      'kernel',
      'calm after',
      'CPU then',
    ],
    rows: cells.map(({ kind, proxy, sample }) => [
      TITLES[kind],
      proxy,
      ...megabytes.map((metric) => digits(sample[metric] ?? NaN)),
      `${digits(sample['settledS'] ?? NaN)} s`,
      percent(sample['idleCpu'] ?? NaN),
    ]),
  };
}

function normalTable(cells: readonly Cell[]): Table {
  return {
    title: 'What a normal client notices meanwhile: time of a GET of 1 KiB in ms',
    columns: ['slow clients', 'proxy', 'p50 before', 'p50 meanwhile', 'p99 meanwhile'],
    rows: cells.map(({ kind, proxy, sample }) => [
      TITLES[kind],
      proxy,
      ...['beforeP50Ms', 'p50Ms', 'p99Ms'].map((metric) => digits(sample[metric] ?? NaN)),
    ]),
  };
}

function aimOf({ kind, sample }: Cell): Aim {
  const found = sample['peakMb'] ?? NaN;
  return {
    what: `${COUNT.toLocaleString('en-US')} slow clients, ${TITLES[kind]}: memory`,
    aim: `< ${LIMIT_MB} MB`,
    found: `${digits(found)} MB`,
    isReached: found < LIMIT_MB,
  };
}
