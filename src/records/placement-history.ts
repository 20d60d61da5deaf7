// When a cluster left a container's placement, by what its record remembers of earlier ones. Pure.
import { DESIRED, type Record } from './record.js';
import { hashOf, MAX_BEFORE } from './register.js';
import { versionMs, type Version } from './version.js';

/** Earlier placements are known by their hashes only. Longer ones are recognised where they name all clusters, in order. */
const MAX_GUESSED = 4;

export interface Left {
  /** Milliseconds since 1970. Of a cluster that was never in it: when the placement was first recorded. */
  readonly sinceMs: number;
  /** The clusters that were in the placement with it until then. */
  readonly together: readonly string[];
}

/**
 * Undefined where that cannot be told.
 *
 * @param cluster one that is not in the placement now
 * @param known every cluster that a placement may name
 */
export function leftPlacement(
  { desired }: Pick<Record, 'desired'>,
  cluster: string,
  known: readonly string[],
): Left | undefined {
  const placement = desired.get(DESIRED.placement);
  if (placement === undefined) return undefined;
  const held = placementsWith(cluster, known);
  let { version }: { version: Version } = placement;
  for (const [earlier, hash] of placement.before) {
    const together = held.get(hash);
    if (together !== undefined) return { sinceMs: versionMs(version), together };
    version = earlier;
  }
  const isAll = placement.before.length < MAX_BEFORE;
  return isAll ? { sinceMs: versionMs(version), together: [] } : undefined;
}

/** Thousands of hashes where there are many clusters: the same for every container. */
const memory = new Map<string, ReadonlyMap<string, readonly string[]>>();

/** By hash, the others in each placement that names the cluster. */
function placementsWith(cluster: string, known: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const key = [cluster, ...known].join('\n');
  const found = memory.get(key) ?? hashedPlacementsWith(cluster, known);
  // The clusters of a realm change seldom.
  if (memory.size > 64) memory.clear();
  memory.set(key, found);
  return found;
}

function hashedPlacementsWith(cluster: string, known: readonly string[]): Map<string, readonly string[]> {
  const placements = [known, ...arrangements(known, MAX_GUESSED)].filter((each) => each.includes(cluster));
  return new Map(
    placements.map((each) => [hashOf(each.join(', ')), each.filter((other) => other !== cluster)]),
  );
}

function arrangements(names: readonly string[], max: number): string[][] {
  if (max === 0) return [[]];
  const longer = names.flatMap((first) => {
    const others = names.filter((each) => each !== first);
    return arrangements(others, max - 1).map((rest) => [first, ...rest]);
  });
  return [[], ...longer];
}
