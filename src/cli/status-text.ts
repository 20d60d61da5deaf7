// The status of a cluster, as text. Pure.
import type { AuditState, CodeCount, ObjectState, RunningState } from '../daemon/pass-state.js';
import type { FenceState } from '../daemon/fencing.js';
import { pauseText } from '../daemon/pause.js';
import type { PeerState, Status } from '../daemon/status.js';
import { REASONS } from '../lib/reasons.js';

/** Progress is written every ten seconds. */
const SILENT_SECONDS = 60;

export function renderStatus(status: Status): string {
  const { cluster, paused, peers, running, audit } = status;
  return [
    `${cluster}: ${headline(status)}`,
    ...(paused === undefined ? [] : [`${pauseText(paused)} autosync resume lets the daemon go on.`]),
    ...peers.map(renderPeer),
    ...status.fence.map(renderFence),
    ...(running === undefined ? [] : [renderRunning(running)]),
    ...(audit === undefined ? ['audit: none yet. Start the daemon: autosync daemon'] : renderAudit(audit)),
    ...renderObjects(status.objects),
  ].join('\n  ');
}

function headline({ isOk, paused, audit }: Status): string {
  if (paused !== undefined) return 'PAUSED: what differs between the clusters is not mended';
  if (!isOk) return 'not all clusters agree';
  const apart = audit?.apart ?? [];
  return `all clusters agree${apart.length === 0 ? '' : `, except what is kept apart: ${counts(apart)}`}`;
}

function renderPeer({ name, isUp, detail, pending, oldestPendingSeconds, owed = 0 }: PeerState): string {
  const behind =
    pending === 0
      ? 'nothing pending'
      : `${pending} pending, the oldest for ${duration(oldestPendingSeconds)}`;
  const coming = owed === 0 ? '' : `, ${plural(owed, 'change')} on the way from there`;
  return `${name}: ${isUp ? 'up' : `PEER_DOWN (${detail})`}, ${behind}${coming}`;
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

/** In the two largest units that matter: `45 s`, `3 min`, `2 h 5 min`, `3 d 4 h`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
