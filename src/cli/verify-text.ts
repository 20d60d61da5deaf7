// What `autosync verify` finds, and what it comes to, as text. Pure.
import { KINDS, type Finding, type Kind } from '../verify/finding.js';
import type { RunCount } from '../verify/run.js';
import type { VerifyReport } from '../verify/verify.js';
import { duration, plural } from './words.js';

const OUTCOMES = {
  found: '',
  planned: '  (would be mended)',
  repaired: '  (mended)',
  kept: '  (left as it is)',
  failed: '  (NOT mended)',
} as const;

export function renderFinding(finding: Finding): string {
  const { kind, account, container, object, clusters, newestAt, date, detail, outcome } = finding;
  const name = [account, container, object].filter((part) => part !== undefined && part !== '').join('/');
  const newest = newestAt === undefined ? '' : `; ${newestAt.join(', ')} has that of ${date ?? ''}`;
  const why = detail === undefined ? '' : `: ${detail}`;
  return `${kind}  ${name}  at ${clusters.join(', ')}${newest}${why}${OUTCOMES[outcome]}`;
}

/** @param expected objects in all, where that is known */
export function renderProgress(count: RunCount, seconds: number, expected: number | undefined): string {
  const { containers, objects, outcomes } = count;
  const copied = outcomes.repaired === undefined ? '' : `, ${outcomes.repaired} mended`;
  const rate = objects / Math.max(seconds, 0.001);
  const left =
    expected === undefined || rate === 0 || expected < objects
      ? ''
      : `, ${duration((expected - objects) / rate)} left`;
  return `${plural(containers, 'container')}, ${plural(objects, 'object')} (${Math.round(rate)}/s${left})${copied}`;
}

export function renderVerified(report: VerifyReport): string {
  const { containers, objects, asked, onTheirWay, apart, notAdopted, notAsked, kinds, outcomes } = report;
  const seconds = (Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1000;
  const lines = [
    `${plural(containers, 'container')}, ${plural(objects, 'object')}, ${asked} of them asked for by name, in ${seconds.toFixed(1)} s.`,
  ];
  for (const kind of Object.keys(KINDS) as Kind[]) {
    const found = kinds[kind];
    if (found !== undefined) lines.push(`  ${kind} × ${found}: ${KINDS[kind]}`);
  }
  const { repaired = 0, planned = 0, failed = 0, kept = 0 } = outcomes;
  if (repaired + failed + kept > 0)
    lines.push(`${repaired} mended, ${failed} could not be, ${kept} left as they are.`);
  if (planned > 0) lines.push(`${planned} would be mended.`);
  if (onTheirWay > 0) lines.push(`${onTheirWay} changed lately, and may be on their way.`);
  if (apart > 0) lines.push(`${plural(apart, 'container')} kept apart: objects stay where they are written.`);
  if (notAdopted > 0)
    lines.push(
      `${plural(notAdopted, 'container')} from before autosync not compared: autosync adopt ACCOUNT`,
    );
  for (const { cluster, because } of notAsked) lines.push(`${cluster} was NOT compared: ${because}`);
  lines.push(report.isEqual ? 'All clusters hold the same.' : 'Not all clusters are known to hold the same.');
  return lines.join('\n');
}
