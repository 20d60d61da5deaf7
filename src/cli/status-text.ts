// The status of a cluster, as text. Pure.
import type { AuditState, CodeCount, ObjectState, RunningState } from '../daemon/pass-state.js';
import type { FenceState } from '../daemon/fencing.js';
import type { ClusterState } from '../daemon/explain.js';
import { pauseText } from '../daemon/pause.js';
import type { StatusOf } from '../daemon/status-of.js';
import type { PeerState, Status } from '../daemon/status.js';
import type { CanaryAge, CopiesState } from '../daemon/copies-state.js';
import { shareOf } from '../copy/objective.js';
import { REASONS } from '../lib/reasons.js';
import { renderReport } from './pass-report.js';
import { duration, percent, plural, size } from './words.js';

/** Progress is written every ten seconds. */
const SILENT_SECONDS = 60;

export function renderStatus(status: Status): string {
  const { cluster, paused, peers, silentCopiers, running, audit } = status;
  return [
    `${cluster}: ${headline(status)}`,
    ...(paused === undefined ? [] : [`${pauseText(paused)} autosync resume lets the daemon go on.`]),
    ...peers.flatMap((peer) => [renderPeer(peer), ...renderCopies(peer)]),
    ...silentCopiers.map(
      ({ copier, code, silentSeconds }) =>
        `copier of ${copier}: ${code} for ${duration(silentSeconds)}: ${REASONS[code].meaning} ${REASONS[code].fix}`,
    ),
    ...status.fence.map(renderFence),
    ...(running === undefined ? [] : [renderRunning(running)]),
    ...(audit === undefined ? ['audit: none yet. Start the daemon: autosync daemon'] : renderAudit(audit)),
    ...renderObjects(status.objects),
  ].join('\n  ');
}

/** In one line, for those who follow it. */
export function renderLine({ cluster, isOk, audit, peers }: Status): string {
  const each = peers.map(({ name, isUp, pending, copies }) => {
    const state = isUp ? 'up' : 'down';
    if (copies === undefined) return `${name} ${state}, ${pending} pending`;
    const { objects, bytes, lagSeconds } = copies;
    return `${name} ${state}, ${pending} pending, ${objects} objects (${bytes} B) behind, lag ${Math.round(lagSeconds)} s`;
  });
  const apart = audit?.apart ?? [];
  const butFor = isOk && apart.length > 0 ? ` but for ${counts(apart)}` : '';
  return [`${cluster} ${isOk ? 'agrees' : 'does not agree'}${butFor}`, ...each].join('; ');
}

/** Of one account or container. */
export function renderStatusOf(status: StatusOf): string {
  const { account, container, isOk, peers, clusters = [], audit } = status;
  const name = container === undefined ? account : `${account}/${container}`;
  const lines = [
    `${name}: ${isOk ? 'all clusters agree' : 'not all clusters agree'}`,
    `  ${renderProven(status)}`,
    ...peers.map((peer) => `  ${renderPeer(peer)}`),
    ...clusters.flatMap(renderCluster),
  ];
  return [...lines, ...(audit === undefined ? [] : ['', renderReport(audit)])].join('\n');
}

function renderProven({ container, provenEqualAt, provenEqualSeconds = 0 }: StatusOf): string {
  const what = container === undefined ? 'objects of all its containers' : 'objects';
  if (provenEqualAt === undefined) return `${what} proven equal: not yet`;
  return `${what} proven equal: ${duration(provenEqualSeconds)} ago, at ${provenEqualAt}`;
}

export function renderCluster({ cluster, isHere, isPlaced, findings }: ClusterState): string[] {
  const here = isHere === undefined ? 'not known' : isHere ? 'there' : 'not there';
  return [
    `  ${cluster}: ${here}${isPlaced ? '' : ' (not placed there)'}`,
    ...findings.map(
      ({ code, detail }) => `    ${code}${detail === '' ? '' : ` ${detail}`}: ${REASONS[code].next}`,
    ),
  ];
}

function headline({ isOk, paused, audit, peers }: Status): string {
  if (paused !== undefined) return 'PAUSED: what differs between the clusters is not mended';
  if (!isOk) return 'not all clusters agree';
  const apart = audit?.apart ?? [];
  const underWay = peers.reduce((sum, { copies }) => sum + (copies?.objects ?? 0), 0);
  return [
    'all clusters agree',
    ...(apart.length === 0 ? [] : [`except what is kept apart: ${counts(apart)}`]),
    ...(underWay === 0 ? [] : [`${plural(underWay, 'object')} on the way`]),
  ].join(', ');
}

function renderPeer({ name, code, detail, pending, oldestPendingSeconds, owed = 0 }: PeerState): string {
  const behind =
    pending === 0
      ? 'nothing pending'
      : `${pending} pending, the oldest for ${duration(oldestPendingSeconds)}`;
  const coming = owed === 0 ? '' : `, ${plural(owed, 'change')} on the way from there`;
  const state = code === undefined ? 'up' : `${code} (${detail})`;
  const fix = code === undefined || code === 'PEER_DOWN' ? '' : `. ${REASONS[code].fix}`;
  return `${name}: ${state}, ${behind}${coming}${fix}`;
}

/** Nothing where no copier has said anything: copy_jobs is off, or none has started yet. */
function renderCopies({ name, copies }: PeerState): string[] {
  if (copies === undefined) return [];
  const { objects, bytes, oldestSeconds, unproven, unprovenSeconds, trouble, canary, codes, objectives } =
    copies;
  const behind =
    objects === 0
      ? 'no object behind'
      : `${plural(objects, 'object')} behind (${size(bytes)}), the oldest for ${duration(oldestSeconds)}`;
  const missing =
    unprovenSeconds === undefined
      ? ''
      : `, ${unproven === 0 ? 'some' : unproven} not copied and not found there since ${duration(unprovenSeconds)} ago`;
  const why = trouble === '' ? '' : `; waiting: ${trouble}`;
  return [
    `${name}: ${behind}${missing}${why}${renderCanary(canary)}`,
    ...objectives
      .filter(({ within, late }) => within + late > 0)
      .map((objective) => `${name}: ${renderObjective(objective)}`),
    ...codes.map((code) => `${name}: ${code}: ${REASONS[code].meaning} ${REASONS[code].next}`),
  ];
}

function renderCanary(canary: CanaryAge | undefined): string {
  if (canary === undefined) return '';
  const { lagSeconds, ageSeconds, trouble } = canary;
  const why = trouble === '' ? '' : ` (${trouble})`;
  return lagSeconds === undefined
    ? `; no canary has come in ${duration(ageSeconds)}${why}`
    : `; canary took ${lagSeconds.toFixed(2)} s, ${duration(ageSeconds)} ago${why}`;
}

function renderObjective(objective: CopiesState['objectives'][number]): string {
  const { rule, within, late, withinSeconds, share, budgetLeft } = objective;
  const where = rule === '' ? '' : `rule ${rule}: `;
  return `${where}${percent(shareOf(objective))} of ${plural(within + late, 'copy', 'copies')} within ${withinSeconds} s in the last day; objective ${percent(share)}, ${percent(budgetLeft)} of its budget left`;
}

function renderFence({ cluster, code, since, secondsLeft }: FenceState): string {
  const what = `${cluster}: ${code} since ${since}: ${REASONS[code].meaning}`;
  if (code === 'FENCED') return `${what} ${REASONS[code].fix}`;
  return `${what} It will be fenced in ${duration(secondsLeft)}. ${REASONS[code].fix}`;
}

function renderRunning({ startedAt, containers, rate, secondsLeft, heardSeconds }: RunningState): string {
  if (heardSeconds > SILENT_SECONDS)
    return `a pass since ${startedAt}, not heard of for ${duration(heardSeconds)}: does the daemon run?`;
  const left = secondsLeft === undefined ? '' : `, about ${duration(secondsLeft)} left`;
  return `a pass runs since ${startedAt}: ${plural(containers, 'container')}, ${Math.round(rate)}/s${left}`;
}

function renderAudit(audit: AuditState): string[] {
  const { containers, looked, unmended, changed, missing, notAdopted } = audit;
  const stale = audit.isStale ? ' TOO LONG AGO: does the daemon run?' : '';
  const done = `${plural(containers, 'container')}, ${looked} looked at, ${audit.mended} mended, ${unmended} not`;
  const lines = [`audit: ${duration(audit.ageSeconds)} ago, ${done}${stale}`];
  if (changed.length > 0) lines.push(`mended: ${counts(changed)}`);
  lines.push(
    audit.lookedSince === undefined
      ? 'not every container was looked at yet'
      : `every container was looked at since ${audit.lookedSince}; next audit due ${audit.nextDueAt}`,
  );
  if (missing.length > 0)
    lines.push(`no audit yet by process ${missing.join(', ')} of ${audit.processes}: do all daemons run?`);
  if (notAdopted > 0)
    lines.push(`${plural(notAdopted, 'container')} from before autosync left alone: autosync adopt ACCOUNT`);
  return [...lines, ...renderCodes(audit)];
}

function renderObjects(state: Status['objects']): string[] {
  if (state === 'off') return [];
  if (state === undefined)
    return ['objects: not compared yet; a running daemon does so by itself, autosync verify at once'];
  return [...renderObjectAudit(state), ...renderCodes(state)];
}

function renderObjectAudit(state: ObjectState): string[] {
  const { ageSeconds, isStale, containers, looked, objects, onTheirWay, missing } = state;
  const stale = isStale ? ' TOO LONG AGO: does the daemon run?' : '';
  const done = `${plural(containers, 'container')}, ${looked} of them compared with ${plural(objects, 'object')}`;
  const young = onTheirWay === 0 ? '' : `, ${onTheirWay} changed lately`;
  const lines = [
    `objects: ${duration(ageSeconds)} ago, ${done}${young}, ${state.mended} mended, ${state.unmended} not${stale}`,
  ];
  for (const [cluster, at] of Object.entries(state.provenSince))
    lines.push(`${cluster}: what is not named here was proven to hold the same since ${at}`);
  if (missing.length > 0) lines.push(`no object audit yet by process ${missing.join(', ')}`);
  return lines;
}

/** Why something is not known to be well. */
function renderCodes({ brokenOff, unreachable, reasons, apart }: AuditState): string[] {
  return [
    ...(brokenOff === undefined ? [] : [`the audit was broken off: ${brokenOff}`]),
    ...(unreachable.length === 0 ? [] : [`not audited: ${unreachable.join(', ')}`]),
    ...[...reasons, ...apart].map(
      ({ code, count }) => `${code} × ${count}: ${REASONS[code].meaning} ${REASONS[code].next}`,
    ),
  ];
}

function counts(codes: readonly CodeCount[]): string {
  return codes.map(({ code, count }) => `${code} × ${count}`).join(', ');
}
