// What was measured of audits, as tables and aims. Measures nothing.
import { digits } from '../numbers.js';
import type { Aim, PartReport } from '../report.js';

export interface Variant {
  readonly what: string;
  /** Each container is looked at once in so many passes. */
  readonly lookEvery: number;
}

export interface AuditRun extends Variant {
  readonly containers: number;
  readonly seconds: number;
  /** Of the daemon's process, start to end. */
  readonly peakMb: number;
  /** Requests by kind. */
  readonly counts: ReadonlyMap<string, number>;
}

const MEMORY_AIM_MB = 150;
const RATE_AIM = 5_000;

export function reportAudit(part: string, runs: readonly AuditRun[], seconds: number): PartReport {
  const kinds = [...new Set(runs.flatMap(({ counts }) => [...counts.keys()]))].sort();
  return {
    part,
    seconds,
    tables: [
      {
        title: 'One audit: time, and memory of the daemon (RSS, at most)',
        columns: ['audit', 'look_every', 'containers', 'seconds', 'containers/s', 'peak, MB'],
        rows: runs.map((run) => [
          run.what,
          String(run.lookEvery),
          run.containers.toLocaleString('en-US'),
          digits(run.seconds),
          digits(run.containers / run.seconds),
          digits(run.peakMb),
        ]),
      },
      {
        title: 'One audit: requests',
        columns: ['request', ...runs.map(({ what }) => what)],
        rows: kinds.map((kind) => [
          kind,
          ...runs.map(({ counts }) => (counts.get(kind) ?? 0).toLocaleString('en-US')),
        ]),
      },
    ],
    aims: runs.flatMap((run) => aimsOf(run)),
    failures: [],
    samples: {
      [part]: Object.fromEntries(
        runs.map((run) => [
          run.what,
          [{ seconds: run.seconds, peakMb: run.peakMb, ...Object.fromEntries(run.counts) }],
        ]),
      ),
    },
  };
}

function aimsOf(run: AuditRun): Aim[] {
  const memory: Aim = {
    what: `${run.what}: memory`,
    aim: `< ${MEMORY_AIM_MB} MB`,
    found: `${digits(run.peakMb)} MB`,
    isReached: run.peakMb < MEMORY_AIM_MB,
  };
  if (run.lookEvery < 1_000) return [memory];
  const rate = run.containers / run.seconds;
  return [
    memory,
    {
      what: `${run.what}: containers compared`,
      aim: `≥ ${RATE_AIM.toLocaleString('en-US')}/s`,
      found: `${digits(rate)}/s`,
      isReached: rate >= RATE_AIM,
    },
  ];
}
