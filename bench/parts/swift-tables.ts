// Tables and aims of the swift part. Pure.
import { digits, percent, ratio } from '../numbers.js';
import type { Aim, PartReport, Table } from '../report.js';
import type { Comparison } from '../rounds.js';

export type Way = 'direct' | 'HAProxy' | 'gateway';
export type Workload = 'GET 1 KiB' | 'PUT 1 KiB' | 'GET 100 MiB' | 'PUT 100 MiB';

export interface Cell {
  readonly workload: Workload;
  readonly atOnce: number;
  readonly comparison: Comparison<Way>;
}

const OF_HAPROXY = 0.97;
const OF_SWIFT_CPU = 0.03;

export function reportSwift(cells: readonly Cell[], seconds: number): PartReport {
  const small = cells.filter(({ workload }) => workload.endsWith('KiB'));
  const large = cells.filter(({ workload }) => workload.endsWith('MiB'));
  return {
    part: 'swift',
    seconds,
    tables: [
      throughputTable('Small objects, real Swift: requests per second', small),
      throughputTable('Large objects, real Swift: MB per second', large),
      latencyTable('Time of one request, real Swift, in ms: p50 and p99', cells),
      cpuTable('CPU time, real Swift, in ms for each request', cells),
    ],
    aims: [...cells.map(throughputAim), ...cells.map(cpuAim)],
    failures: cells.flatMap(failuresOf),
    samples: Object.fromEntries(cells.map((cell) => [name(cell), cell.comparison.samples])),
  };
}

function throughputTable(title: string, cells: readonly Cell[]): Table {
  return {
    title,
    columns: ['request', 'at once', 'direct', 'HAProxy', 'gateway', 'gateway ÷ HAProxy', 'gateway ÷ direct'],
    rows: cells.map(({ workload, atOnce, comparison }) => [
      workload,
      String(atOnce),
      ...(['direct', 'HAProxy', 'gateway'] as const).map((way) =>
        digits(comparison.median(way, 'perSecond')),
      ),
      ratio(comparison.ratio('perSecond', 'gateway', 'HAProxy')),
      ratio(comparison.ratio('perSecond', 'gateway', 'direct')),
    ]),
  };
}

function latencyTable(title: string, cells: readonly Cell[]): Table {
  const columns = (['p50', 'p99'] as const).flatMap((each) => [
    `${each} direct`,
    `${each} HAProxy`,
    `${each} gateway`,
  ]);
  return {
    title,
    columns: ['request', 'at once', ...columns],
    rows: cells.map(({ workload, atOnce, comparison }) => [
      workload,
      String(atOnce),
      ...['p50Ms', 'p99Ms'].flatMap((metric) =>
        (['direct', 'HAProxy', 'gateway'] as const).map((way) => digits(comparison.median(way, metric))),
      ),
    ]),
  };
}

function cpuTable(title: string, cells: readonly Cell[]): Table {
  return {
    title,
    columns: ['request', 'at once', 'Swift', 'HAProxy', 'gateway', 'HAProxy ÷ Swift', 'gateway ÷ Swift'],
    rows: cells.map(({ workload, atOnce, comparison }) => [
      workload,
      String(atOnce),
      digits(comparison.median('direct', 'swiftCpuMs')),
      digits(comparison.median('HAProxy', 'proxyCpuMs')),
      digits(comparison.median('gateway', 'proxyCpuMs')),
      percent(comparison.median('HAProxy', 'cpuShare')),
      percent(comparison.median('gateway', 'cpuShare')),
    ]),
  };
}

function throughputAim(cell: Cell): Aim {
  const found = cell.comparison.ratio('perSecond', 'gateway', 'HAProxy');
  return {
    what: `${name(cell)}: throughput`,
    aim: `≥ ${OF_HAPROXY} × HAProxy`,
    found: ratio(found),
    isReached: found >= OF_HAPROXY,
  };
}

function cpuAim(cell: Cell): Aim {
  const found = cell.comparison.median('gateway', 'cpuShare');
  return {
    what: `${name(cell)}: gateway CPU`,
    aim: `≤ ${OF_SWIFT_CPU * 100} % of Swift's`,
    found: `${percent(found)} (HAProxy ${percent(cell.comparison.median('HAProxy', 'cpuShare'))})`,
    isReached: found <= OF_SWIFT_CPU,
  };
}

function failuresOf(cell: Cell): string[] {
  return Object.entries(cell.comparison.samples).flatMap(([way, samples]) => {
    const failed = samples.reduce((sum, sample) => sum + (sample['failed'] ?? 0), 0);
    return failed > 0 ? [`${failed} of ${name(cell)}, ${way}`] : [];
  });
}

function name({ workload, atOnce }: Cell): string {
  return `${workload}, ${atOnce} at once`;
}
