// Holds what all clusters have against each other, container by container, and repairs what differs where that is wanted.
import { allContainers, type KnownContainer } from '../converge/all-containers.js';
import { memberAt, type Member } from '../converge/object-member.js';
import { eachOf } from '../lib/each-of.js';
import { AutosyncError } from '../lib/errors.js';
import { ShortMemory } from '../lib/short-memory.js';
import { isSameCluster } from '../peers/clusters.js';
import type { Keeper } from '../records/keeper.js';
import { DESIRED, isHeldBack, lifeOf, recordedPlacement, type Record } from '../records/record.js';
import { requireOurs, type BaseSite, type ContainerName } from '../site/site.js';
import { swiftTarget } from '../swift/path.js';
import { isSuccess } from '../swift/swift-client.js';
import { versionMs } from '../records/version.js';
import { readAccount, type AccountState } from './account.js';
import { isYoung } from './compare.js';
import { verifyContainer } from './container.js';
import { findStrays, type Homes } from './stray.js';
import { Run, type RunCount, type RunOptions } from './run.js';
import { placementFor } from '../site/placement.js';

const PLACEMENT_FRESH_MS = 1_000;

/** What is compared: one container, one account, or without an account all that is recorded. */
export interface Scope {
  readonly account?: string | undefined;
  readonly container?: string | undefined;
}

export interface VerifyOptions extends RunOptions {
  /** Containers compared at once. */
  readonly containersAtOnce: number;
}

export interface VerifyReport extends RunCount {
  readonly cluster: string;
  readonly isDeep: boolean;
  /** All clusters could be asked about everything, and nothing is wrong, or not any more. */
  readonly isEqual: boolean;
  readonly notAsked: readonly { readonly cluster: string; readonly because: string }[];
  /** ISO 8601. */
  readonly startedAt: string;
  readonly finishedAt: string;
}

/** @throws AutosyncError CONFIG_INVALID for an account that is not ours; NOT_RECORDED; RECORDS_UNAVAILABLE. A retry may help the latter. */
export async function verify(
  site: BaseSite,
  records: Keeper,
  scope: Scope,
  options: VerifyOptions,
): Promise<VerifyReport> {
  const startedAt = new Date().toISOString();
  if (scope.account !== undefined) await checkScope(site, records, scope.account, scope.container);
  await site.fence.load();
  const run = new Run(site, options);
  await eachOf(containersOf(run, records, scope), options.containersAtOnce, async (known) => {
    if (run.mayGoOn) await verifyKnown(run, records, known);
  });
  await run.deleteOrphans((account) => isWholeNow(run, records, account));
  const notAsked = [...run.notAsked].map(([cluster, because]) => ({ cluster, because }));
  return {
    ...{ cluster: site.clusters.mine, isDeep: options.isDeep, ...run.count },
    isEqual: isEqual(run),
    ...{ notAsked, startedAt, finishedAt: new Date().toISOString() },
  };
}

async function checkScope(
  site: BaseSite,
  records: Keeper,
  account: string,
  container: string | undefined,
): Promise<void> {
  requireOurs(site, account);
  if (container === undefined) return;
  const { desired } = await records.read({ account, container });
  if (desired.size === 0) throw new AutosyncError('NOT_RECORDED', `${account}/${container}`);
}

/** As many as the cluster has that has the most of them, for the time that is left; undefined where none says. */
export async function expectedObjects(
  site: BaseSite,
  { account, container }: Scope,
): Promise<number | undefined> {
  if (account === undefined) return undefined;
  const header = container === undefined ? 'x-account-object-count' : 'x-container-object-count';
  const counts = site.clusters.all().map(async (cluster) => {
    try {
      const { status, headers } = await memberAt(site, cluster).ask('HEAD', swiftTarget(account, container));
      return isSuccess(status) ? Number(headers.get(header) ?? NaN) : NaN;
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
      return NaN;
    }
  });
  const known = (await Promise.all(counts)).filter((each) => !Number.isNaN(each));
  return known.length === 0 ? undefined : Math.max(...known);
}

function isEqual({ count, notAsked, mayGoOn }: Run): boolean {
  const { repaired: _, ...wrong } = count.outcomes;
  return mayGoOn && notAsked.size === 0 && Object.keys(wrong).length === 0;
}

/** Those that are recorded anywhere. @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
export async function* containersOf(run: Run, records: Keeper, scope: Scope): AsyncGenerator<ContainerName> {
  const { account, container } = scope;
  if (account !== undefined && container !== undefined) {
    yield { account, container };
    return;
  }
  const clusters = run.site.clusters.all().filter((each) => run.member(each) !== undefined);
  const onAway = (cluster: string, { message }: AutosyncError): void => run.away(cluster, message);
  for await (const known of allContainers(run.site, records, { clusters, account, onAway })) {
    if (!run.mayGoOn) return;
    if (isRecorded(known)) yield known;
    else run.count.notAdopted += 1;
  }
}

function isRecorded({ records }: KnownContainer): boolean {
  return records.some((marks) => marks !== undefined);
}

/** @throws AutosyncError RECORDS_UNAVAILABLE */
async function verifyKnown(run: Run, records: Keeper, { account, container }: ContainerName): Promise<void> {
  const name = { account, container };
  const placed = await placedOn(run, records, name);
  if (placed.state === 'apart') run.count.apart += 1;
  else if (placed.state === 'deleted') await (placed.isNew ? undefined : reportLeft(run, name));
  else {
    run.count.containers += 1;
    await verifyPlaced(run, name, placed);
  }
}

/** What comes home is then compared with the rest. Never rejects for a cluster's trouble: that is a finding. */
export async function verifyPlaced(
  run: Run,
  name: ContainerName,
  { members, others, isNew, ...homes }: Placed,
): Promise<void> {
  await findStrays(run, name, { ...homes, others, holders: members });
  await verifyContainer(run, name, members, isNew);
}

export interface Placed extends Omit<Homes, 'holders'> {
  /** `apart`: its objects are not synced, or its account is to be deleted. */
  readonly state: 'present' | 'apart' | 'deleted';
  /** Who is to hold it, and can be asked. */
  readonly members: readonly Member[];
  /** Who is not to hold its objects, as its record says, and can be asked. Configurations may differ, and do not count. */
  readonly others: readonly Member[];
  /** Who is to hold it, and cannot be asked now, or has not the account. */
  readonly absent: readonly string[];
  /** It was made, or deleted, so lately that not all clusters need to have done so. */
  readonly isNew: boolean;
}

/** @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
export async function placedOn(run: Run, records: Keeper, name: ContainerName): Promise<Placed> {
  const record = await records.read(name);
  const placement = placementFor(run.site, name, record);
  const once = placement.filter(
    (each, index) => placement.findIndex((other) => isSameCluster(other, each)) === index,
  );
  const isDeleted = lifeOf(record) === 'deleted';
  const life = record.desired.get(DESIRED.life);
  const { isDeleting, goneAt } = await accountState(run, records, name.account);
  const all = once.flatMap((each) => run.member(each) ?? []);
  const members = all.filter(({ cluster }) => !goneAt.includes(cluster));
  const isOther = (each: string): boolean => !once.some((placed) => isSameCluster(placed, each));
  const isRecorded = recordedPlacement(record) !== undefined;
  const elsewhere = run.site.clusters
    .all()
    .filter((each) => isRecorded && isOther(each) && !goneAt.includes(each));
  return {
    record,
    isStillSo: placementWatch(records, name, record),
    state: isDeleting || isHeldBack(record) ? 'apart' : isDeleted ? 'deleted' : 'present',
    members,
    others: elsewhere.flatMap((each) => run.member(each) ?? []),
    absent: once.filter((each) => !members.some(({ cluster }) => isSameCluster(cluster, each))),
    isNew: life !== undefined && isYoung(versionMs(life.version), run.nowMs, run.options.graceMs),
  };
}

/** The record is read again now and then: a long listing may outlast the placement. */
function placementWatch(records: Keeper, name: ContainerName, before: Record): () => Promise<boolean> {
  const memory = new ShortMemory<Promise<boolean>>(PLACEMENT_FRESH_MS, 1);
  const versionIn = ({ desired }: Record): string | undefined => desired.get(DESIRED.placement)?.version;
  return () => {
    const known = memory.get('');
    if (known !== undefined) return known;
    const isSo = records.read(name).then((now) => versionIn(now) === versionIn(before));
    memory.set('', isSo);
    return isSo;
  };
}

/** Once for each account; a cluster that does not have it is named. */
function accountState(run: Run, records: Keeper, account: string): Promise<AccountState> {
  let state = run.accounts.get(account);
  if (state === undefined) {
    state = readAccount(run, records, account).then((read) => {
      const clusters = read.goneAt.filter((each) => !run.notAsked.has(each));
      if (clusters.length > 0 && !read.isDeleting)
        run.found({ kind: 'account-gone', account, container: '', clusters, outcome: 'found' });
      return read;
    });
    run.accounts.set(account, state);
  }
  return state;
}

/** @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
export async function isWholeNow(run: Run, records: Keeper, account: string): Promise<boolean> {
  const { isDeleting, goneAt } = await readAccount(run, records, account);
  return !isDeleting && goneAt.length === 0;
}

async function reportLeft(run: Run, name: ContainerName): Promise<void> {
  const members = run.site.clusters.all().flatMap((each) => run.member(each) ?? []);
  const clusters: string[] = [];
  for (const { cluster, ask } of members) {
    try {
      const { status } = await ask('HEAD', swiftTarget(name.account, name.container));
      if (isSuccess(status)) clusters.push(cluster);
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
    }
  }
  if (clusters.length > 0) run.found({ kind: 'container-left', ...name, clusters, outcome: 'found' });
}
