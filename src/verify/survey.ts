// How the objects of one container stand to each other on several clusters, before anything is done about it: as the listings say, with
// nothing asked by name. Changes nothing.
import type { ListedObject, Member, ObjectName } from '../converge/object-member.js';
import { AutosyncError } from '../lib/errors.js';
import type { ContainerName } from '../site/site.js';
import { sideBySide } from './container.js';
import type { Run } from './run.js';

/** An object that is not the same on all clusters. */
export interface ObjectDifference extends ObjectName {
  /** `only`: some have it, all the same. `conflict`: those that have it do not have the same bytes, type or date. */
  readonly kind: 'only' | 'conflict';
  /** Who has it. */
  readonly at: readonly string[];
  /** Who has the newest, which wins; none where copies dated alike differ. */
  readonly newestAt: readonly string[];
  /** Of the newest; UTC, as listings have it. */
  readonly date: string;
}

export interface ContainerSurvey extends ContainerName {
  readonly equal: number;
  /** How many objects some clusters have and the others lack, by who has them (`one`, `one+two`). */
  readonly only: Readonly<Record<string, number>>;
  /** How many differ, by who has the newest; '' where those dated alike differ. */
  readonly conflicts: Readonly<Record<string, number>>;
  /** The first of them. */
  readonly first: readonly ObjectDifference[];
  /** Why not all of it was compared. */
  readonly brokenOff?: string;
}

const FIRST = 10;

/** Never rejects for a cluster's trouble: the survey says so. */
export async function surveyContainer(
  run: Run,
  name: ContainerName,
  members: readonly Member[],
  onDifference: (difference: ObjectDifference) => void,
): Promise<ContainerSurvey> {
  let equal = 0;
  const only: Record<string, number> = {};
  const conflicts: Record<string, number> = {};
  const first: ObjectDifference[] = [];
  const survey = { ...name, only, conflicts, first };
  try {
    const of = { members, missing: new Set<Member>(), onFailure: () => undefined };
    for await (const { key: object, values } of sideBySide(run, name, of)) {
      const standing = standingOf(members.map(({ cluster }, i) => [cluster, values[i]] as const));
      if (standing === 'equal') {
        equal += 1;
        continue;
      }
      const { kind, at, newestAt } = standing;
      const [counts, who] = kind === 'only' ? [only, at] : [conflicts, newestAt];
      counts[who.join('+')] = (counts[who.join('+')] ?? 0) + 1;
      const difference = { ...name, object, ...standing };
      if (first.length < FIRST) first.push(difference);
      onDifference(difference);
    }
  } catch (error) {
    if (!(error instanceof AutosyncError)) throw error;
    return { ...survey, equal, brokenOff: error.message };
  }
  return { ...survey, equal };
}

/** What the rows of one object say; at least one cluster has it. */
export function standingOf(
  rows: readonly (readonly [cluster: string, row: ListedObject | undefined])[],
): 'equal' | Pick<ObjectDifference, 'kind' | 'at' | 'newestAt' | 'date'> {
  const held = rows.flatMap(([cluster, row]) => (row === undefined ? [] : [{ cluster, row }]));
  const isSame = isEach(held.map(({ row }) => row.mark));
  if (isSame && held.length === rows.length) return 'equal';
  const date = held.reduce((newest, { row }) => (row.date > newest ? row.date : newest), '');
  const newest = held.filter(({ row }) => row.date === date);
  const hasWinner = isEach(newest.map(({ row }) => row.mark));
  return {
    kind: isSame ? 'only' : 'conflict',
    at: held.map(({ cluster }) => cluster),
    newestAt: hasWinner ? newest.map(({ cluster }) => cluster) : [],
    date,
  };
}

function isEach(marks: readonly string[]): boolean {
  return new Set(marks).size === 1;
}
