// One comparison under way: what it was asked to do, what it counted, who could not be asked, and the deletions that wait for its end.
import { memberAt, type Member } from '../converge/object-member.js';
import { AutosyncError } from '../lib/errors.js';
import { isSameCluster } from '../peers/clusters.js';
import type { BaseSite, ContainerName } from '../site/site.js';
import { timestampMs } from '../swift/timestamp.js';
import type { AccountState } from './account.js';
import type { Finding, Kind, Outcome } from './finding.js';

export interface RepairOptions {
  /** Only says what it would do. */
  readonly isDryRun: boolean;
  /** Where more copies than that would be deleted, none is. */
  readonly maxDelete: number;
  /** Deletes also what is older than Swift remembers deletions, and takes home what may have been deleted there so long ago. */
  readonly isForced: boolean;
  /** Asked once, before the first deletion. */
  readonly mayDelete: (copies: number) => Promise<boolean>;
}

export interface RunOptions {
  /** What is younger may be on its way still. */
  readonly graceMs: number;
  /** Asks for every object by name. */
  readonly isDeep: boolean;
  readonly reclaimAgeMs: number;
  /** Rows of a listing at a time; Swift's longest if not said. */
  readonly page?: number | undefined;
  readonly repair?: RepairOptions | undefined;
  /** Nothing more is begun once it says so. */
  readonly signal?: AbortSignal | undefined;
  /** Where it counts as it goes. */
  readonly count?: RunCount | undefined;
  readonly onFinding: (finding: Finding) => void;
}

/** Copies of one object that were deleted on another cluster. */
interface Orphan {
  readonly finding: Finding;
  readonly copies: readonly { readonly member: Member; readonly ticks: bigint }[];
}

export interface RunCount {
  containers: number;
  /** Containers that are versioned, or their owner's to sync: their objects stay where they are written. */
  apart: number;
  /** Containers that are not recorded anywhere. */
  notAdopted: number;
  objects: number;
  /** Objects asked for by name. */
  asked: number;
  onTheirWay: number;
  /** Copies that were deleted. */
  deleted: number;
  readonly kinds: { [kind in Kind]?: number };
  readonly outcomes: { [outcome in Outcome]?: number };
}

export function newCount(): RunCount {
  const zeros = { containers: 0, apart: 0, notAdopted: 0, objects: 0, asked: 0, onTheirWay: 0, deleted: 0 };
  return { ...zeros, kinds: {}, outcomes: {} };
}

export class Run {
  readonly site: BaseSite;
  readonly options: RunOptions;
  readonly count: RunCount;
  /** Clusters that were not asked, or not about everything, and why. */
  readonly notAsked = new Map<string, string>();
  /** By account; nothing is asked twice. */
  readonly accounts = new Map<string, Promise<AccountState>>();
  /** Containers (ACCOUNT/CONTAINER) that were not found to be the same everywhere. */
  readonly unequal = new Set<string>();
  readonly #members = new Map<string, Member>();
  #orphans: Orphan[] = [];
  /** Copies to be deleted; more than `maxDelete` are not kept. */
  #orphaned = 0;

  constructor(site: BaseSite, options: RunOptions) {
    this.site = site;
    this.options = options;
    this.count = options.count ?? newCount();
  }

  get nowMs(): number {
    return this.site.now();
  }

  get mayGoOn(): boolean {
    return this.options.signal?.aborted !== true;
  }

  away(cluster: string, because: string): void {
    if (!this.notAsked.has(cluster)) this.notAsked.set(cluster, because);
  }

  /** Undefined for a cluster that cannot be asked: it is named, and nothing is said of what it has. */
  member(name: string): Member | undefined {
    const { fence, clusters } = this.site;
    const cluster = clusters.all().find((each) => isSameCluster(each, name)) ?? name;
    const known = this.#members.get(cluster);
    if (known !== undefined) return this.notAsked.has(cluster) ? undefined : known;
    if (fence.isFenced(cluster)) this.away(cluster, 'it is fenced: `autosync cluster rejoin`');
    else if (!clusters.isMine(cluster) && clusters.peer(cluster) === undefined)
      this.away(cluster, 'nothing is known of it');
    if (this.notAsked.has(cluster)) return undefined;
    const member = { ...this.#watched(memberAt(this.site, cluster)), cluster };
    this.#members.set(cluster, member);
    return member;
  }

  found(finding: Finding): void {
    this.unequal.add(idOf(finding));
    const { kinds, outcomes } = this.count;
    kinds[finding.kind] = (kinds[finding.kind] ?? 0) + 1;
    outcomes[finding.outcome] = (outcomes[finding.outcome] ?? 0) + 1;
    this.options.onFinding(finding);
  }

  onItsWay(name: ContainerName): void {
    this.unequal.add(idOf(name));
    this.count.onTheirWay += 1;
  }

  unclear(name: ContainerName, clusters: readonly string[], detail: string): void {
    const { account, container } = name;
    this.found({ kind: 'unclear', account, container, clusters, detail, outcome: 'found' });
  }

  /** Deleted when all is compared, if then it may be. @param mayBeOld older than reclaim_age, also without --force */
  orphaned(finding: Finding, copies: Orphan['copies'], mayBeOld: boolean): void {
    this.unequal.add(idOf(finding));
    const { repair, reclaimAgeMs } = this.options;
    if (repair === undefined) {
      this.found(finding);
      return;
    }
    const isOld = copies.some(({ ticks }) => timestampMs(ticks) < this.nowMs - reclaimAgeMs);
    if (isOld && !mayBeOld && !repair.isForced) {
      this.#kept(finding, 'older than reclaim_age: --force deletes it');
      return;
    }
    this.#orphaned += copies.length;
    if (this.#orphaned <= repair.maxDelete) {
      this.#orphans.push({ finding, copies });
      return;
    }
    const detail = `more than --max-delete ${repair.maxDelete}: nothing is deleted`;
    for (const orphan of this.#orphans) this.#kept(orphan.finding, detail);
    this.#orphans = [];
    this.#kept(finding, detail);
  }

  /**
   * Each copy by a deletion dated one tick after it: what is newer stays.
   *
   * @param isWhole whether no cluster has deleted the account by now: what was deleted there may be the reaper's doing
   */
  async deleteOrphans(isWhole: (account: string) => Promise<boolean>): Promise<void> {
    const { repair } = this.options;
    const orphans = this.#orphans;
    this.#orphans = [];
    if (repair === undefined || orphans.length === 0) return;
    const mayDelete = repair.isDryRun || (this.mayGoOn && (await repair.mayDelete(this.#orphaned)));
    const whole = new Map<string, boolean>();
    for (const { finding, copies } of orphans) {
      const { account } = finding;
      if (!whole.has(account)) whole.set(account, await isWhole(account));
      if (whole.get(account) !== true)
        this.#kept(finding, 'not every cluster has the account: its reaper may have deleted it');
      else if (!mayDelete) this.#kept(finding, 'to be deleted, once that is allowed');
      else if (repair.isDryRun) this.found({ ...finding, outcome: 'planned' });
      else await this.#deleteCopies({ finding, copies });
    }
  }

  async #deleteCopies({ finding, copies }: Orphan): Promise<void> {
    const { account, container, object = '' } = finding;
    try {
      for (const { member, ticks } of copies) {
        await member.deleteAsOf({ account, container, object }, ticks + 1n);
        this.count.deleted += 1;
      }
      this.found({ ...finding, outcome: 'repaired' });
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
      this.found({ ...finding, outcome: 'failed', detail: error.message });
    }
  }

  #kept(finding: Finding, detail: string): void {
    this.found({ ...finding, detail, outcome: 'kept' });
  }

  /** Who does not answer once is not asked again. */
  #watched(member: Member): Member {
    const watch = async <T>(asked: Promise<T>): Promise<T> => {
      try {
        return await asked;
      } catch (error) {
        if (error instanceof AutosyncError && error.code !== 'SWIFT_REFUSED')
          this.away(member.cluster, error.message);
        throw error;
      }
    };
    return {
      cluster: member.cluster,
      ask: (method, target, headers) => watch(member.ask(method, target, headers)),
      probe: (name, ticks) => watch(member.probe(name, ticks)),
      deleteAsOf: (name, ticks) => watch(member.deleteAsOf(name, ticks)),
    };
  }
}

export function idOf({ account, container }: ContainerName): string {
  return `${account}/${container}`;
}
