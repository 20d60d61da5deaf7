// Takes an account's containers from before our time over: from then on every audit, on every cluster, does so. Says before what that
// means, for settings and for objects.
import { allContainers } from '../converge/all-containers.js';
import type { Member } from '../converge/object-member.js';
import { eachOf } from '../lib/each-of.js';
import type { AutosyncError } from '../lib/errors.js';
import { isSameCluster } from '../peers/clusters.js';
import type { Keeper } from '../records/keeper.js';
import { DESIRED } from '../records/record.js';
import { newestVersion, register, type Register } from '../records/register.js';
import { placementFor } from '../site/placement.js';
import { requireOurs, type BaseSite, type ContainerName } from '../site/site.js';
import { readContainerState } from '../swift/container-state.js';
import { swiftTarget } from '../swift/path.js';
import type { Settings } from '../swift/settings.js';
import { isSuccess } from '../swift/swift-client.js';
import type { Finding } from '../verify/finding.js';
import { Run, type RunCount } from '../verify/run.js';
import { surveyContainer, type ContainerSurvey, type ObjectDifference } from '../verify/survey.js';
import { verify, type VerifyReport } from '../verify/verify.js';
import { audit } from './audit.js';
import { PassCount, type PassReport } from './report.js';

/** Containers looked at at once. */
const CONTAINERS_AT_ONCE = 4;
/** Deletions made elsewhere that are remembered; they are named, and none is done. */
const MAX_NAMED_DELETIONS = 1_000;

/**
 * Takes the account over, here now and on the other clusters with their next audit. Where clusters hold containers of one
 * name, the settings of the one with the newest Last-Modified win.
 *
 * @throws AutosyncError CONFIG_INVALID for an account that is not among `accounts`; RECORDS_UNAVAILABLE
 */
export async function adoptAccount(site: BaseSite, records: Keeper, account: string): Promise<PassReport> {
  requireOurs(site, account);
  await noteAdopted(records, account);
  return audit(site, records, {
    isDryRun: false,
    lookEvery: 1,
    turn: 0,
    forgetAfterMs: Infinity,
    account,
    isAdopting: true,
  });
}

/** Objects of an account, as the listings of all clusters have them. */
export interface ObjectCount {
  equal: number;
  /** That some clusters have, and others lack. */
  only: number;
  /** That differ, and the newest of which wins. */
  conflicting: number;
  /** That differ and are dated alike: one of them is chosen, and replaces the others. */
  tied: number;
}

export interface AdoptionPlan extends PassReport {
  readonly objects: Readonly<ObjectCount>;
}

export interface PlanOptions {
  /** Where it counts as it goes. */
  readonly count: RunCount;
  /** Called for each object that is not the same everywhere. */
  readonly onObject: (difference: ObjectDifference) => void;
  readonly onContainer: (survey: ContainerSurvey) => void;
}

/**
 * What that would mean: every container that is not everywhere, every setting that differs, and how the objects stand to each other.
 * In constant memory; changes nothing. Clusters that cannot be asked are named.
 *
 * @throws AutosyncError CONFIG_INVALID, RECORDS_UNAVAILABLE, and what Swift's client throws
 */
export async function planAdoption(
  site: BaseSite,
  records: Keeper,
  account: string,
  options: PlanOptions,
): Promise<AdoptionPlan> {
  requireOurs(site, account);
  const startedAt = new Date(site.now()).toISOString();
  await site.fence.load();
  const plan = new Plan(site, records, options);
  await plan.work(account);
  return {
    ...{ cluster: site.clusters.mine, isDryRun: true, startedAt },
    finishedAt: new Date(site.now()).toISOString(),
    ...plan.count.summary(),
    ...{ objects: plan.objects, unreachable: [...plan.run.notAsked.keys()] },
  };
}

class Plan {
  readonly run: Run;
  readonly count = new PassCount();
  readonly objects: ObjectCount = { equal: 0, only: 0, conflicting: 0, tied: 0 };
  readonly #site: BaseSite;
  readonly #records: Keeper;
  readonly #options: PlanOptions;

  constructor(site: BaseSite, records: Keeper, options: PlanOptions) {
    this.#site = site;
    this.#records = records;
    this.#options = options;
    const { count } = options;
    const silent = (): void => undefined;
    this.run = new Run(site, { graceMs: 0, isDeep: false, reclaimAgeMs: Infinity, count, onFinding: silent });
  }

  async work(account: string): Promise<void> {
    this.count.accounts = 1;
    const clusters = this.#site.clusters.all().filter((each) => this.run.member(each) !== undefined);
    const onAway = (cluster: string, { message }: AutosyncError): void => this.run.away(cluster, message);
    const all = allContainers(this.#site, this.#records, { clusters, account, onAway });
    await eachOf(all, CONTAINERS_AT_ONCE, async ({ container, isListed }) => {
      const holding = clusters.filter((_, i) => isListed[i] === true);
      if (holding.length > 0) await this.#look({ account, container }, clusters, holding);
    });
  }

  async #look(name: ContainerName, clusters: readonly string[], holding: readonly string[]): Promise<void> {
    this.count.containers += 1;
    this.#options.count.containers += 1;
    const { run } = this;
    for (const cluster of clusters.filter((each) => !holding.includes(each) && !run.notAsked.has(each)))
      this.#mends({ ...name, cluster, code: 'CONTAINER_MISSING', detail: 'made here' });
    const holders = holding.flatMap((each) => run.member(each) ?? []);
    if (holders.length > 1) {
      this.count.looked += 1;
      for (const each of await differences(holders, name))
        this.#mends({ ...name, ...each, code: 'SETTINGS_DRIFT' });
    }
    const placement = placementFor(this.#site, name, await this.#records.read(name));
    const isPlaced = (cluster: string): boolean => placement.some((each) => isSameCluster(each, cluster));
    const compared = clusters.filter((each) => isPlaced(each) || holding.includes(each));
    const members = compared.flatMap((each) => run.member(each) ?? []);
    const survey = await surveyContainer(run, name, members, this.#options.onObject);
    this.#add(survey);
    this.#options.onContainer(survey);
  }

  #mends(finding: Omit<PassReport['findings'][number], 'outcome'>): void {
    this.count.add({ ...finding, outcome: 'mended' });
  }

  #add({ equal, only, conflicts }: ContainerSurvey): void {
    const { '': tied = 0, ...won } = conflicts;
    this.objects.equal += equal;
    this.objects.only += sum(only);
    this.objects.conflicting += sum(won);
    this.objects.tied += tied;
  }
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, each) => total + each, 0);
}

/**
 * Makes the account's objects the same on all clusters, newest first, as a repair does: at once, where container sync would go from row to
 * row. Deletes nothing. Containers that only a peer had are its daemon's: they count as `notAdopted` until its next audit.
 *
 * @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help
 */
export function copyObjects(
  site: BaseSite,
  records: Keeper,
  account: string,
  options: {
    readonly reclaimAgeMs: number;
    readonly count: RunCount;
    readonly onFinding: (finding: Finding) => void;
  },
): Promise<VerifyReport> {
  return verify(
    site,
    records,
    { account },
    {
      ...{ graceMs: 0, isDeep: false, containersAtOnce: CONTAINERS_AT_ONCE, ...options },
      repair: {
        ...{ isDryRun: false, isForced: false, maxDelete: MAX_NAMED_DELETIONS },
        mayDelete: () => Promise.resolve(false),
      },
    },
  );
}

async function noteAdopted(records: Keeper, account: string): Promise<void> {
  const clock = await records.clock();
  await records.change({ account }, (current) => {
    const version = clock.next(newestVersion(current.desired, current.seen));
    const desired = new Map<string, Register>();
    if (current.desired.get(DESIRED.adopted)?.value !== 'all')
      desired.set(DESIRED.adopted, register('all', version));
    if (!current.desired.has(DESIRED.life)) desired.set(DESIRED.life, register('present', version));
    return { desired };
  });
}

/** What the others would take over from the one that was changed last. */
async function differences(
  holders: readonly Member[],
  { account, container }: ContainerName,
): Promise<{ cluster: string; detail: string }[]> {
  const found = await Promise.all(
    holders.map(async ({ cluster, ask }) => {
      const { status, headers } = await ask('HEAD', swiftTarget(account, container));
      const dateMs = Date.parse(headers.get('last-modified') ?? '');
      const settings: Settings = isSuccess(status) ? readContainerState(headers).settings : new Map();
      return { cluster, dateMs: Number.isNaN(dateMs) ? 0 : dateMs, settings };
    }),
  );
  const newest = found.reduce((a, b) => (b.dateMs > a.dateMs ? b : a));
  return found.flatMap(({ cluster, settings }) => {
    const differing = [...newest.settings.keys()].filter(
      (name) => settings.get(name) !== newest.settings.get(name),
    );
    const detail = `${differing.join(', ')}: as on ${newest.cluster}`;
    return differing.length === 0 ? [] : [{ cluster, detail }];
  });
}
