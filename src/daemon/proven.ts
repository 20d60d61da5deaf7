// When a container was last proven equal on all its clusters, as this cluster's object audits kept it. Says nothing of what no audit has
// compared, or found to differ, or to have changed too lately.
import { allContainers } from '../converge/all-containers.js';
import { eachOf } from '../lib/each-of.js';
import { AutosyncError } from '../lib/errors.js';
import { isSameCluster } from '../peers/clusters.js';
import type { Keeper } from '../records/keeper.js';
import { DESIRED, isHeldBack, lifeOf, type Record, type RecordName } from '../records/record.js';
import { versionMs } from '../records/version.js';
import { placementFor } from '../site/placement.js';
import type { BaseSite, ContainerName } from '../site/site.js';
import { idOf } from '../verify/run.js';
import { readPasses, type Proven } from './passes.js';

/** Records read at once. */
const CONCURRENCY = 8;
/** In place of a time: deleted, or not kept the same. */
const APART = '';

/**
 * ISO 8601; of an account that of the container whose proof is the oldest. Undefined where that, or one of its containers, is not proven,
 * or a cluster that may know of more of them cannot be asked.
 *
 * @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help
 */
export async function provenEqualAt(
  site: BaseSite,
  records: Keeper,
  { account, container }: RecordName,
): Promise<string | undefined> {
  const passes = await readPasses(records, site.clusters.mine);
  const proven = new Map(passes.flatMap(({ objects }) => Object.entries(objects?.proven ?? {})));
  const of = async (name: ContainerName): Promise<string | undefined> => {
    const record = await records.read(name);
    if (lifeOf(record) !== 'present' || isHeldBack(record)) return APART;
    return provenOn(proven.get(idOf(name)), placementFor(site, name, record), record);
  };
  if (container === undefined) return oldestOf(site, records, account, of);
  const at = await of({ account, container });
  return at === APART ? undefined : at;
}

async function oldestOf(
  site: BaseSite,
  records: Keeper,
  account: string,
  of: (name: ContainerName) => Promise<string | undefined>,
): Promise<string | undefined> {
  const times = new Set<string | undefined>();
  try {
    const clusters = site.clusters.all();
    await eachOf(allContainers(site, records, { clusters, account }), CONCURRENCY, async (known) => {
      const isRecorded = known.records.some((marks) => marks !== undefined);
      // One that is not proven says it all.
      if (isRecorded && !times.has(undefined)) times.add(await of({ account, container: known.container }));
    });
  } catch (error) {
    if (!(error instanceof AutosyncError)) throw error;
    return undefined;
  }
  times.delete(APART);
  return times.has(undefined) ? undefined : [...times].sort()[0];
}

/** Undefined where a cluster of the placement was not compared, or the container was made anew since. */
export function provenOn(
  proven: Proven | undefined,
  placement: readonly string[],
  { desired }: Pick<Record, 'desired'>,
): string | undefined {
  const compared = Object.entries(proven?.at ?? {});
  const times = placement.map((cluster) => compared.find(([each]) => isSameCluster(each, cluster))?.[1]);
  const [oldest] = times.includes(undefined) ? [] : times.sort();
  const life = desired.get(DESIRED.life);
  const madeMs = life === undefined ? 0 : versionMs(life.version);
  return oldest !== undefined && Date.parse(oldest) >= madeMs ? oldest : undefined;
}
