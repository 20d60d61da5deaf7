// What the passes of all processes of a cluster's daemon come to: the last ones, and those under way. Pure.
import type { ReasonCode } from '../lib/reasons.js';
import type { KeptReport, ProcessPasses } from './passes.js';
import type { Outcome, PassReport } from './report.js';

export interface CodeCount {
  readonly code: ReasonCode;
  readonly count: number;
}

/** The last pass of every process, added up. */
export interface AuditState extends Pick<
  PassReport,
  'accounts' | 'containers' | 'looked' | 'mended' | 'unmended' | 'unreachable' | 'notAdopted' | 'finishedAt'
> {
  readonly brokenOff?: string | undefined;
  readonly ageSeconds: number;
  /** Older than two intervals, twice what it took, and a minute. */
  readonly isStale: boolean;
  /** When the next is due; ISO 8601. */
  readonly nextDueAt: string;
  /** Every container was looked at (HEAD) since then, ISO 8601; undefined: not yet. */
  readonly lookedSince: string | undefined;
  /** Processes that share the work, and those of them that did not finish a pass yet. */
  readonly processes: number;
  readonly missing: readonly number[];
  /** What was changed, by code. */
  readonly changed: readonly CodeCount[];
  /** Of what is not mended. */
  readonly reasons: readonly CodeCount[];
  /** Of what is kept apart: nothing is to be mended, and yet clusters differ in it. */
  readonly apart: readonly CodeCount[];
}

/** The last object audit of every process, added up. */
export interface ObjectState extends AuditState {
  readonly objects: number;
  readonly unchanged: number;
  readonly onTheirWay: number;
  /** By cluster, the earliest. */
  readonly provenSince: Readonly<Record<string, string>>;
}

/** The passes under way, added up. */
export interface RunningState {
  /** ISO 8601. */
  readonly startedAt: string;
  readonly containers: number;
  readonly looked: number;
  readonly mended: number;
  /** Containers compared, a second. */
  readonly rate: number;
  /** By the number of containers of the pass before; undefined where there was none. */
  readonly secondsLeft: number | undefined;
  /** Since it was last heard of: far more than ten, and its daemon is gone. */
  readonly heardSeconds: number;
}

/** Undefined where no pass has come to its end yet. */
export function auditState(
  passes: readonly ProcessPasses[],
  auditIntervalMs: number,
  nowMs: number,
): AuditState | undefined {
  const reports = passes.flatMap(({ report }) => report ?? []);
  const [first] = [...reports].sort((a, b) => (a.finishedAt < b.finishedAt ? -1 : 1));
  if (first === undefined) return undefined;
  const { finishedAt } = first;
  const sum = (of: (report: KeptReport) => number): number =>
    reports.reduce((total, each) => total + of(each), 0);
  const ageMs = Math.max(0, nowMs - Date.parse(finishedAt));
  const tookMs = Math.max(...reports.map((each) => Date.parse(each.finishedAt) - Date.parse(each.startedAt)));
  const looks = reports.map(({ rotation }) => rotation?.lookedSince ?? '').sort();
  return {
    finishedAt,
    ageSeconds: ageMs / 1000,
    isStale: ageMs > 2 * auditIntervalMs + 2 * tookMs + 60_000,
    nextDueAt: new Date(Date.parse(finishedAt) + auditIntervalMs).toISOString(),
    lookedSince: looks[0] === '' ? undefined : looks[0],
    processes: passes.length,
    missing: passes.filter(({ report }) => report === undefined).map(({ share }) => share.process),
    accounts: sum(({ accounts }) => accounts),
    containers: sum(({ containers }) => containers),
    looked: sum(({ looked }) => looked),
    mended: sum(({ mended }) => mended),
    unmended: sum(({ unmended }) => unmended),
    notAdopted: sum(({ notAdopted }) => notAdopted),
    unreachable: [...new Set(reports.flatMap(({ unreachable }) => unreachable))],
    brokenOff: reports.find(({ brokenOff }) => brokenOff !== undefined)?.brokenOff,
    changed: codesOf(reports, 'mended'),
    reasons: codesOf(reports, 'unmended'),
    apart: codesOf(reports, 'apart'),
  };
}

/** Undefined where no object audit has come to its end yet. */
export function objectState(
  passes: readonly ProcessPasses[],
  intervalMs: number,
  nowMs: number,
): ObjectState | undefined {
  const inPlace = passes.map(({ objects, ...rest }) => ({
    ...rest,
    objects,
    report: objects === undefined ? undefined : { ...objects, troubled: [] },
  }));
  const state = auditState(inPlace, intervalMs, nowMs);
  if (state === undefined) return undefined;
  const reports = passes.flatMap(({ objects }) => objects ?? []);
  const provenSince: Record<string, string> = {};
  for (const [cluster, at] of reports.flatMap((each) => Object.entries(each.provenSince)))
    provenSince[cluster] = [at, provenSince[cluster] ?? at].sort()[0] as string;
  const sum = (of: 'objects' | 'unchanged' | 'onTheirWay'): number =>
    reports.reduce((total, each) => total + each[of], 0);
  return {
    ...state,
    ...{ objects: sum('objects'), unchanged: sum('unchanged'), onTheirWay: sum('onTheirWay'), provenSince },
  };
}

function codesOf(reports: readonly PassReport[], wanted: Outcome): readonly CodeCount[] {
  const sums = new Map<ReasonCode, number>();
  for (const { code, outcome, count } of reports.flatMap(({ tally }) => tally))
    if (outcome === wanted) sums.set(code, (sums.get(code) ?? 0) + count);
  return [...sums].map(([code, count]) => ({ code, count }));
}

/** Undefined where none runs, or none for long enough to have said so. */
export function runningState(passes: readonly ProcessPasses[], nowMs: number): RunningState | undefined {
  const running = passes.flatMap(({ progress, report }) =>
    progress !== undefined && progress.startedAt > (report?.finishedAt ?? '') ? [progress] : [],
  );
  const [startedAt] = running.map((each) => each.startedAt).sort();
  if (startedAt === undefined) return undefined;
  const heardMs = Math.min(...running.map(({ at }) => Date.parse(at)));
  const [containers, looked, mended] = (['containers', 'looked', 'mended'] as const).map((what) =>
    running.reduce((total, each) => total + each[what], 0),
  ) as [number, number, number];
  const expected = running.every((each) => each.expected !== undefined)
    ? running.reduce((total, each) => total + (each.expected ?? 0), 0)
    : undefined;
  const rate = containers / Math.max(1, (heardMs - Date.parse(startedAt)) / 1000);
  return {
    ...{ startedAt, containers, looked, mended, rate },
    secondsLeft: expected === undefined || rate === 0 ? undefined : Math.max(0, expected - containers) / rate,
    heardSeconds: Math.max(0, nowMs - heardMs) / 1000,
  };
}
