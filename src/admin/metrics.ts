// Every metric of the admin port: its name, what it says, and how it is read from what gateway, copier and daemon know. Knows nothing of
// how they are asked. docs/reference/metrics.md is made from it.
import { Counter, Gauge, Registry } from 'prom-client';
import type { CopierStatus } from '../copy/copier.js';
import { budgetLeft, type ObjectiveState } from '../copy/objective.js';
import type { Status } from '../daemon/status.js';
import type { GatewayStatus } from '../gateway/status.js';

/** What all metrics are read from. */
export interface Known {
  readonly gateway: GatewayStatus;
  /** There is to be a copier. */
  readonly hasCopier: boolean;
  /** Undefined where none runs, or it does not answer. */
  readonly copies: readonly CopierStatus[] | undefined;
  /** Jobs that never reached the copier. */
  readonly lostJobs: number;
  /** The cluster's, as `autosync status` has it; undefined where records cannot be read. */
  readonly cluster: Status | undefined;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [value: number | undefined, labels?: Labels];

export interface Metric {
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (known: Known) => readonly Sample[];
}

const gauge = (help: string, labels: readonly string[], read: Metric['read']): Metric => ({
  ...{ type: 'gauge', help, labels, read },
});
const counter = (help: string, labels: readonly string[], read: Metric['read']): Metric => ({
  ...{ type: 'counter', help, labels, read },
});

/** One sample for each peer that the copier knows. */
function perPeer(
  read: (copies: CopierStatus, known: Known) => number | undefined,
): (known: Known) => readonly Sample[] {
  return (known) => (known.copies ?? []).map((each) => [read(each, known), { peer: each.peer }]);
}

function perObjective(read: (objective: ObjectiveState) => number): (known: Known) => readonly Sample[] {
  return (known) =>
    (known.copies ?? []).flatMap(({ peer, objectives = [] }) =>
      objectives.map((objective): Sample => [read(objective), { peer, rule: objective.rule }]),
    );
}

const secondsSince = (ms: number | undefined, { nowMs }: Known): number | undefined =>
  ms === undefined ? undefined : Math.max(0, (nowMs - ms) / 1000);

/** A counter of the gateway whose name is this, or this and a detail after a colon. */
function counted(name: string, label?: string): (known: Known) => readonly Sample[] {
  return ({ gateway: { counters } }) => {
    if (label === undefined) return [[counters[name] ?? 0]];
    const prefix = `${name}:`;
    return Object.entries(counters)
      .filter(([each]) => each.startsWith(prefix))
      .map(([each, count]) => [count, { [label]: each.slice(prefix.length) }]);
  };
}

export const METRICS: Readonly<Record<string, Metric>> = {
  autosync_info: gauge(
    'Always 1: which version runs, and before which cluster.',
    ['version', 'cluster'],
    (k) => [[1, { version: k.gateway.version, cluster: k.gateway.cluster ?? '' }]],
  ),
  autosync_gateway_processes: gauge('Gateway processes that answer.', [], (k) => [[k.gateway.processes]]),
  autosync_client_connections: gauge('Connections of clients and peers, open now.', [], (k) => [
    [k.gateway.clientConnections],
  ]),
  autosync_swift_proxy_up: gauge('1 while this Swift proxy server can be used.', ['origin'], (k) =>
    k.gateway.swiftProxies.map(({ origin, isUp }) => [Number(isUp), { origin }]),
  ),
  autosync_peer_up: gauge("0 while a peer's gateway is known to be down.", ['peer'], (k) =>
    k.gateway.peers.map(({ name, isUp }) => [Number(isUp), { peer: name }]),
  ),
  autosync_requests_total: counter(
    "Requests answered, of clients and peers: by method (`other`: none of Swift's) and class of the status, such as `2xx`.",
    ['method', 'status'],
    ({ gateway: { counters } }) =>
      Object.entries(counters).flatMap(([name, count]): Sample[] => {
        const [kind, method = '', status = ''] = name.split(':');
        return kind === 'requests' ? [[count, { method, status }]] : [];
      }),
  ),
  autosync_changes_pending_total: counter(
    'Account and container changes that were answered with X-Autosync-Pending.',
    [],
    counted('changes_pending'),
  ),
  autosync_changes_unrecorded_total: counter(
    'Changes that were answered with X-Autosync-Unrecorded.',
    [],
    counted('unrecorded'),
  ),
  autosync_peer_requests_refused_total: counter(
    "Requests that claimed to be a peer's and were not, or not rightly signed.",
    ['reason'],
    counted('peer_refused', 'reason'),
  ),
  autosync_container_sync_refused_total: counter(
    "Requests that claimed to be container sync's and had not its form.",
    [],
    counted('container_sync_refused'),
  ),
  autosync_reaped_deletions_refused_total: counter(
    'Object deletions refused, as they may be those of a deleted account.',
    [],
    counted('reaped_refused'),
  ),
  autosync_reads_from_peers_total: counter(
    'Reads that another cluster answered: `lacking`, this one has not the object, or not as new; `down`, its Swift did not answer.',
    ['why'],
    counted('reads_from_peers', 'why'),
  ),
  autosync_writes_to_peers_total: counter(
    "Clients' changes that another cluster did: `elsewhere`, the container's objects are placed there; `down`, the local Swift did not answer.",
    ['why'],
    counted('writes_to_peers', 'why'),
  ),
  autosync_copier_up: gauge('1 while the copier beside the gateway answers.', [], (k) => [
    [k.hasCopier ? Number(k.copies !== undefined) : undefined],
  ]),
  autosync_copies_waiting: gauge(
    'Objects that wait to be copied to the peer.',
    ['peer'],
    perPeer((c) => c.waiting),
  ),
  autosync_copies_under_way: gauge(
    'Objects that are being copied to the peer now.',
    ['peer'],
    perPeer((c) => c.underWay),
  ),
  autosync_copies_behind_bytes: gauge(
    'Bytes that wait or are under way, as far as clients said how many.',
    ['peer'],
    perPeer((c) => c.bytesBehind),
  ),
  autosync_copies_oldest_seconds: gauge(
    'How long the oldest that waits or is under way has done so; 0 for none.',
    ['peer'],
    perPeer((c) => c.oldestSeconds),
  ),
  autosync_copies_unproven: gauge(
    'Copies that were dropped, refused or lost, in containers that were not found equal at the peer since.',
    ['peer'],
    perPeer((c) => c.unproven.jobs),
  ),
  autosync_copies_unproven_seconds: gauge(
    'Since the first of them; 0 for none.',
    ['peer'],
    perPeer((c, k) => secondsSince(c.unproven.sinceMs, k) ?? 0),
  ),
  autosync_lag_seconds: gauge(
    'How far the peer is behind in objects that clients wrote here: since the oldest that waits, is under way, or is unproven. 0: nothing is missing that this gateway knows of.',
    ['peer'],
    perPeer((c, k) => Math.max(c.oldestSeconds, secondsSince(c.unproven.sinceMs, k) ?? 0)),
  ),
  autosync_copies_total: counter(
    'Copies by what became of them: `copied`; `there` (the peer had it, or something newer); `dropped` (the queue was full) and `refused`, which are left to container sync.',
    ['peer', 'outcome'],
    (k) =>
      (k.copies ?? []).flatMap((c) =>
        (['copied', 'there', 'dropped', 'refused'] as const).map((outcome): Sample => [
          c[outcome],
          { peer: c.peer, outcome },
        ]),
      ),
  ),
  autosync_copied_bytes_total: counter(
    'Bytes of objects copied to the peer.',
    ['peer'],
    perPeer((c) => c.copiedBytes),
  ),
  autosync_copy_limit_bytes_per_second: gauge(
    'What `copy_bandwidth` lets go to the peer now; left out where that is no limit.',
    ['peer'],
    perPeer((c) => c.limitBytesPerSecond),
  ),
  autosync_copies_throttled_seconds_total: counter(
    'For how long any copy to the peer has waited for `copy_bandwidth`.',
    ['peer'],
    perPeer((c) => c.throttledSeconds),
  ),
  autosync_copies_lost_total: counter(
    'Copies that never reached the copier, as it was dead or too slow.',
    [],
    (k) => [[k.lostJobs]],
  ),
  autosync_canary_lag_seconds: gauge(
    'How long the last canary took, from being written here to being read at the peer.',
    ['peer'],
    perPeer((c) => c.canary.lagSeconds),
  ),
  autosync_canary_age_seconds: gauge(
    'How long ago the last canary arrived; where none has yet, how long ago the first was sent.',
    ['peer'],
    perPeer((c, k) => secondsSince(c.canary.measuredMs ?? c.canary.firstMs, k)),
  ),
  autosync_objective_ratio: gauge(
    'Of `replication_objective`: the part of the copies that is to arrive in time. `rule` is the placement rule that says so; empty: the option.',
    ['peer', 'rule'],
    perObjective(({ share }) => share),
  ),
  autosync_objective_seconds: gauge(
    'Of `replication_objective`: what that time is.',
    ['peer', 'rule'],
    perObjective(({ withinSeconds }) => withinSeconds),
  ),
  autosync_objective_copies: gauge(
    'Copies of the last day, since the copier began: `within` that time, or `late`, which has those given up and those that wait too long already.',
    ['peer', 'rule', 'result'],
    (known) =>
      (['within', 'late'] as const).flatMap((result) =>
        perObjective((objective) => objective[result])(known).map(([value, labels]): Sample => [
          value,
          { ...labels, result },
        ]),
      ),
  ),
  autosync_objective_budget_left_ratio: gauge(
    'Of the copies that may be late: 1 none was, 0 as many as may be, less than 0 more.',
    ['peer', 'rule'],
    perObjective(budgetLeft),
  ),
  autosync_records_readable: gauge('1 while the records of this cluster can be read.', [], (k) => [
    [Number(k.cluster !== undefined)],
  ]),
  autosync_status_ok: gauge('1 while `autosync status` says that all clusters agree.', [], (k) => [
    [Number(k.cluster?.isOk === true)],
  ]),
  autosync_paused: gauge('1 while `autosync pause` holds the daemon.', [], (k) =>
    k.cluster === undefined ? [] : [[Number(k.cluster.paused !== undefined)]],
  ),
  autosync_pending_changes: gauge(
    'Account and container changes that the peer did not take yet.',
    ['peer'],
    (k) => (k.cluster?.peers ?? []).map(({ name, pending }) => [pending, { peer: name }]),
  ),
  autosync_pending_oldest_seconds: gauge('Since the oldest of them was made; 0 for none.', ['peer'], (k) =>
    (k.cluster?.peers ?? []).map((each) => [each.oldestPendingSeconds, { peer: each.name }]),
  ),
  autosync_audit_age_seconds: gauge('Since the last audit of the daemon ended.', [], (k) => [
    [k.cluster?.audit?.ageSeconds],
  ]),
  autosync_audit_containers: gauge('Containers that it compared.', [], (k) => [
    [k.cluster?.audit?.containers],
  ]),
  autosync_audit_findings: gauge(
    'What it found, by [reason](reasons.md) and outcome: `mended`, `unmended`, `apart`.',
    ['code', 'outcome'],
    ({ cluster }) => {
      const { changed = [], reasons = [], apart = [] } = cluster?.audit ?? {};
      return Object.entries({ mended: changed, unmended: reasons, apart }).flatMap(([outcome, codes]) =>
        codes.map(({ code, count }): Sample => [count, { code, outcome }]),
      );
    },
  ),
};

/** In Prometheus' text format. A value that is not known is left out. */
export function renderMetrics(known: Known): Promise<string> {
  const registry = new Registry();
  for (const [name, { type, help, labels, read }] of Object.entries(METRICS)) {
    const settings = { name, help, labelNames: labels, registers: [registry] };
    const samples = read(known).filter(([value]) => value !== undefined);
    if (samples.length === 0) continue;
    if (type === 'gauge') {
      const metric = new Gauge(settings);
      for (const [value, of = {}] of samples) metric.set(of, value as number);
    } else {
      const metric = new Counter(settings);
      for (const [value, of = {}] of samples) metric.inc(of, value as number);
    }
  }
  return registry.metrics();
}
