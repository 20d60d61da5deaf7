// Tables and aims of the containers part. Pure.
import { digits, percentile, ratio } from '../numbers.js';
import type { Aim, PartReport, Table } from '../report.js';
import type { Comparison } from '../rounds.js';

export type Subject = 'direct' | '1 cluster' | '2 clusters' | '3 clusters';
export type Method = 'PUT' | 'POST';

export interface Cell {
  readonly method: Method;
  readonly roundTripMs: number;
  readonly comparison: Comparison<Subject>;
}

export interface RequestCount {
  readonly cluster: string;
  readonly subject: Subject;
  readonly method: Method;
  readonly changes: number;
  readonly byMethod: Readonly<Record<string, number>>;
}

const SUBJECTS = ['direct', '1 cluster', '2 clusters', '3 clusters'] as const;
/** With the records that both sides read and write. */
const NEAR_AIM = 4;
const FAR_AIM = 1.2;

export function reportContainers(
  cells: readonly Cell[],
  counts: readonly RequestCount[],
  seconds: number,
): PartReport {
  return {
    part: 'containers',
    seconds,
    tables: [timesTable(cells), countTable(counts)],
    aims: cells.filter(({ method }) => method === 'PUT').flatMap(aimsOf),
    failures: cells.flatMap(failuresOf),
    samples: Object.fromEntries(cells.map((cell) => [name(cell), cell.comparison.samples])),
  };
}

function timesTable(cells: readonly Cell[]): Table {
  return {
    title: 'Container changes: time of one, in ms, p50 / p99, and × direct (p50)',
    columns: ['change', 'round trip', ...SUBJECTS, '1 ÷ direct', '2 ÷ direct', '3 ÷ direct'],
    rows: cells.map((cell) => [
      cell.method,
      `${cell.roundTripMs} ms`,
      ...SUBJECTS.map((subject) => `${digits(p(cell, subject, 50))} / ${digits(p(cell, subject, 99))}`),
      ...SUBJECTS.slice(1).map((subject) => ratio(p(cell, subject, 50) / p(cell, 'direct', 50))),
    ]),
  };
}

function countTable(counts: readonly RequestCount[]): Table {
  const clusters = [...new Set(counts.map(({ cluster }) => cluster))];
  const rows = (['PUT', 'POST'] as const).flatMap((method) =>
    SUBJECTS.map((subject) => [
      method,
      subject,
      ...clusters.map((cluster) =>
        countsCell(
          counts.find(
            (each) => each.cluster === cluster && each.subject === subject && each.method === method,
          ),
        ),
      ),
    ]),
  );
  return {
    title: "Container changes: requests that each cluster's Swift saw for one of them",
    columns: ['change', 'placement', ...clusters],
    rows,
  };
}

function countsCell(count: RequestCount | undefined): string {
  const each = Object.entries(count?.byMethod ?? {}).map(
    ([method, found]) => `${digits(found / (count?.changes ?? 1))} ${method}`,
  );
  return each.length === 0 ? '–' : each.join(', ');
}

function aimsOf(cell: Cell): Aim[] {
  const { roundTripMs } = cell;
  const direct = p(cell, 'direct', 50);
  return (['2 clusters', '3 clusters'] as const).map((subject) => {
    const found = p(cell, subject, 50);
    const limit = roundTripMs === 0 ? NEAR_AIM * direct : FAR_AIM * (direct + roundTripMs);
    const aim =
      roundTripMs === 0
        ? `≤ ${NEAR_AIM} × direct`
        : `≤ (direct + ${roundTripMs} ms) + 20 % = ${digits(limit)} ms`;
    return {
      what: `${name(cell)}, ${subject}`,
      aim,
      found: roundTripMs === 0 ? `${ratio(found / direct)} ×` : `${digits(found)} ms`,
      isReached: found <= limit,
    };
  });
}

function failuresOf(cell: Cell): string[] {
  return SUBJECTS.flatMap((subject) => {
    const samples = cell.comparison.samples[subject];
    const count = (metric: string) => samples.reduce((sum, sample) => sum + (sample[metric] ?? 0), 0);
    const failed = count('failed') > 0 ? [`${count('failed')} of ${name(cell)}, ${subject}`] : [];
    const pending = count('pending') > 0 ? [`${count('pending')} pending of ${name(cell)}, ${subject}`] : [];
    return [...failed, ...pending];
  });
}

function p({ comparison }: Cell, subject: Subject, percent: number): number {
  return percentile(
    comparison.samples[subject].map((sample) => sample['ms'] ?? NaN),
    percent,
  );
}

function name({ method, roundTripMs }: Cell): string {
  return `container ${method}, ${roundTripMs} ms`;
}
