// The plan of `autosync cluster rejoin`, and what was done of it, as text. Pure.
import type { RejoinReport } from '../daemon/rejoin.js';
import { CASES, type Case } from '../daemon/rejoin-walk.js';

/** Rows that Swift's container sync asks about in a second, each with a HEAD (measured). */
const SYNC_ROWS_PER_SECOND = 25;

/** Only a person can say what becomes of some objects. */
export function isUndecided({ cases }: RejoinReport): boolean {
  return cases.ambiguous !== undefined;
}

/** @param objects what was decided, once it was applied */
export function renderRejoin(report: RejoinReport, objects?: 'keep' | 'drop'): string {
  const { cluster, isFenced, awaySince, comparedWith, containers, same, differing, lifted } = report;
  if (!isFenced) return `${cluster} is not fenced: nothing to do.`;
  const lines = [
    `${cluster} was away since ${awaySince ?? ''}. Held against ${comparedWith.join(', ')}: ` +
      `${containers} containers, ${same} objects on both sides.`,
  ];
  if (differing > 0) lines.push(`${differing} containers are recorded differently: the daemons settle them.`);
  for (const found of Object.keys(CASES) as Case[]) lines.push(...renderCase(report, found));
  if (lifted.length > 0) {
    if (objects !== undefined) lines.push(`Ambiguous objects: ${objects === 'drop' ? 'deleted' : 'kept'}.`);
    lines.push(
      `${lifted.join(', ')}: no longer fenced. The daemons set sync-to again, at once. ${costOf(report)}`,
    );
  } else if (report.cases.unclear !== undefined) {
    lines.push('Something could not be asked: run it again when all clusters answer.');
  } else if (isUndecided(report)) {
    lines.push(
      'To be decided: --objects keep (the ambiguous ones live again on all clusters) or --objects drop (they are deleted).',
    );
    lines.push(costOf(report));
  } else {
    lines.push(`Nothing is to be decided: without --dry-run, ${cluster} is let in. ${costOf(report)}`);
  }
  return lines.join('\n');
}

function renderCase({ cases }: RejoinReport, found: Case): string[] {
  const known = cases[found];
  if (known === undefined) return [];
  const names = known.first.map(
    ({ account, container, object, date = '', detail = '' }) =>
      `    ${account}/${container}/${object}  ${date}${detail}`,
  );
  const more =
    known.count > known.first.length ? [`    … ${known.count - known.first.length} more: see --json`] : [];
  return [`  ${known.count} ${found} (${CASES[found]})`, ...names, ...more];
}

/** A changed sync-to makes Swift ask about every object again. */
function costOf({ same }: RejoinReport): string {
  const minutes = Math.ceil(same / SYNC_ROWS_PER_SECOND / 60);
  return `Swift's container sync then asks about every object once more, on the cluster and on the one before it in the ring: some ${same} questions each, about ${minutes} min.`;
}
