// The report of a pass, as text. Pure.
import type { Finding, PassReport } from '../daemon/report.js';
import { REASONS } from '../lib/reasons.js';
import { plural } from './words.js';

const MAX_LINES = 50;

const VERBS = { mended: 'mended', unmended: 'not mended', apart: 'kept apart' } as const;
const VERBS_OF_PLAN = { ...VERBS, mended: 'would mend' } as const;

export function renderReport(report: PassReport): string {
  const { findings, isDryRun } = report;
  const shown = findings.slice(0, MAX_LINES).map((finding) => renderFinding(finding, isDryRun));
  const more = findings.length > MAX_LINES ? [`… and ${findings.length - MAX_LINES} more: see --json`] : [];
  const codes = [...new Set(findings.filter(({ outcome }) => outcome !== 'mended').map(({ code }) => code))];
  const fixes = codes.map((code) => `  ${code}: ${REASONS[code].meaning} ${REASONS[code].fix}`);
  return [...shown, ...more, ...(fixes.length > 0 ? ['', ...fixes] : []), '', summary(report)]
    .join('\n')
    .trim();
}

function renderFinding(
  { account, container, cluster, code, detail, outcome }: Finding,
  isDryRun: boolean,
): string {
  const name = container === undefined ? account : `${account}/${container}`;
  const verb = (isDryRun ? VERBS_OF_PLAN : VERBS)[outcome];
  return `${cluster}  ${name}  ${code}  ${detail}  (${verb})`;
}

function summary(report: PassReport): string {
  const { accounts, containers, looked, mended, unmended, unreachable, brokenOff, notAdopted, apart } =
    report;
  const parts = [
    `${plural(containers, 'container')} of ${plural(accounts, 'account')}, ${looked} looked at`,
    report.isDryRun ? `${mended} to mend` : `${mended} mended, ${unmended} not`,
  ];
  if (apart > 0) parts.push(`${apart} kept apart`);
  if (notAdopted > 0) parts.push(`${notAdopted} from before autosync left alone (autosync adopt)`);
  if (unreachable.length > 0) parts.push(`not reached: ${unreachable.join(', ')}`);
  if (brokenOff !== undefined) parts.push(`broken off: ${brokenOff}`);
  const seconds = (Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1000;
  return `${parts.join('; ')}. ${seconds.toFixed(1)} s.`;
}
