// What adopting an account means for its objects, as text. Pure.
import type { ObjectCount } from '../daemon/adopt.js';
import type { ContainerSurvey, ObjectDifference } from '../verify/survey.js';
import { plural } from './words.js';

/** '' where all clusters have the same. */
export function renderSurvey(survey: ContainerSurvey): string {
  const { account, container, equal, only, conflicts, first, brokenOff } = survey;
  const { '': tied = 0, ...won } = conflicts;
  const parts = [
    ...Object.entries(only).map(([at, count]) => `${count} only at ${at}`),
    ...Object.entries(won).map(([at, count]) => `${count} in conflict, newest at ${at}`),
    ...(tied === 0 ? [] : [`${tied} in conflict and dated alike: one of each wins`]),
    ...(brokenOff === undefined ? [] : [`NOT all compared: ${brokenOff}`]),
  ];
  if (parts.length === 0) return '';
  const total = [...Object.values(only), ...Object.values(conflicts)].reduce((sum, each) => sum + each, 0);
  const more = total > first.length ? [`  … and ${total - first.length} more: see --json`] : [];
  const head = `${account}/${container}  ${plural(equal, 'object')} equal; ${parts.join('; ')}`;
  return [head, ...first.map(renderDifference), ...more].join('\n');
}

function renderDifference({ kind, object, at, newestAt, date }: ObjectDifference): string {
  if (kind === 'only') return `  ${object}  only at ${at.join(', ')}`;
  if (newestAt.length === 0) return `  ${object}  at ${at.join(', ')}, which differ, all of ${date}`;
  return `  ${object}  at ${at.join(', ')}; newest at ${newestAt.join(', ')}, of ${date}, wins`;
}

export function renderObjectCount({ equal, only, conflicting, tied }: ObjectCount): string {
  const parts = [
    `${plural(equal, 'object')} equal`,
    `${only} to copy to where they are not`,
    `${conflicting} of which the newest wins`,
  ];
  if (tied > 0) parts.push(`${tied} dated alike and not the same, of which one wins`);
  return `${parts.join('; ')}.`;
}
