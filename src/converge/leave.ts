// Takes what is ours off an account of this cluster, and nothing else: our sync-to and keys, then our records. In steps of a
// second at most, as a peer may ask for them; each can be repeated.
import { eachLimited } from '../lib/each-limited.js';
import { AutosyncError } from '../lib/errors.js';
import { mergeJoin } from '../lib/merge-join.js';
import { HeaderList } from '../http/headers.js';
import type { Keeper } from '../records/keeper.js';
import { isOurObject } from '../records/names.js';
import { accountObjects, recordedAccounts, recordRows } from '../records/rows.js';
import { derivedKeys, type BaseSite, type ContainerName } from '../site/site.js';
import type { ContainerState } from '../swift/container-state.js';
import { swiftTarget } from '../swift/path.js';
import { isSuccess } from '../swift/swift-client.js';
import { SYNC_KEY, SYNC_TO } from '../sync/sync-plan.js';
import { listContainers, localSource } from './cluster-listing.js';
import { detailOf } from './tell-peer.js';

const SERVICE = { kind: 'service' } as const;
const BATCH = 32;
const CONCURRENCY = 8;
const MAX_STEP_MS = 1_000;

/** What came of a part of an account's containers. */
export interface ContainersStep {
  readonly containers: number;
  /** Those that had (in a dry run: have) a sync-to or key of ours. */
  readonly synced: number;
  readonly failed: readonly { readonly container: string; readonly detail: string }[];
  /** The name after which the next step goes on; undefined: that was all. */
  readonly next?: string;
}

export interface RecordsStep {
  /** Objects of ours, notes of pending changes among them. */
  readonly records: number;
  /** Changes that a peer did not take yet, and never will. */
  readonly pending: number;
  readonly isDone: boolean;
}

/** @throws AutosyncError RECORDS_UNAVAILABLE, SWIFT_REFUSED and what Swift's client throws; a retry may help */
export async function leaveContainers(
  site: BaseSite,
  records: Keeper,
  { account, after, isDryRun }: { account: string; after: string; isDryRun: boolean },
): Promise<ContainersStep> {
  const isOver = deadline(site);
  const failed: { container: string; detail: string }[] = [];
  let [containers, synced] = [0, 0];
  let batch: string[] = [];
  const flush = async (): Promise<void> => {
    await eachLimited(batch, CONCURRENCY, async (container) => {
      const found = await takeSyncOff(site, { account, container }, isDryRun);
      if (found.isSynced) synced += 1;
      if (found.failure !== undefined) failed.push({ container, detail: found.failure });
    });
    containers += batch.length;
    batch = [];
  };
  // What listings do not show yet is in the records.
  const names = mergeJoin([
    listContainers(localSource(site), account, after),
    recordRows(records, account, after),
  ]);
  for await (const { key: container } of names) {
    batch.push(container);
    if (batch.length < BATCH) continue;
    await flush();
    if (isOver()) return { containers, synced, failed, next: container };
  }
  await flush();
  return { containers, synced, failed };
}

async function takeSyncOff(
  site: BaseSite,
  name: ContainerName,
  isDryRun: boolean,
): Promise<{ isSynced: boolean; failure?: string }> {
  const { state, answer } = await site.swift.readContainer(SERVICE, name.account, name.container);
  if (state === undefined)
    return answer.status === 404 ? { isSynced: false } : { isSynced: false, failure: detailOf(answer) };
  const ours = oursOf(site, name, state);
  if (ours.length === 0) return { isSynced: false };
  if (isDryRun) return { isSynced: true };
  const headers = HeaderList.from(ours.map((header) => [header, '']));
  const target = swiftTarget(name.account, name.container);
  const done = await site.swift.request(SERVICE, { method: 'POST', target, headers });
  const isDone = isSuccess(done.status) || done.status === 404;
  return isDone ? { isSynced: true } : { isSynced: true, failure: detailOf(done) };
}

/** A key beside a sync-to of the owner's own is theirs by now, whoever made it. */
function oursOf(site: BaseSite, name: ContainerName, { syncTo, syncKey }: ContainerState): string[] {
  const isOurs = syncTo !== undefined && site.clusters.isOwnSyncTo(syncTo, name.account, name.container);
  if (syncTo !== undefined && !isOurs) return [];
  // Without keys of owners' own, a key of an older secret is ours as well.
  const isAnyOurs = isOurs && site.options.userSync === 'deny';
  const isOurKey = syncKey !== undefined && (isAnyOurs || derivedKeys(site, name).has(syncKey));
  return [...(isOurs ? [SYNC_TO] : []), ...(isOurKey ? [SYNC_KEY] : [])];
}

/** @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
export async function leaveRecords(
  site: BaseSite,
  { store }: Keeper,
  { account, isDryRun }: { account: string; isDryRun: boolean },
): Promise<RecordsStep> {
  const isOver = deadline(site);
  let [records, pending] = [0, 0];
  let batch: string[] = [];
  const flush = async (): Promise<void> => {
    if (!isDryRun) await eachLimited(batch, CONCURRENCY, (object) => store.delete(object));
    batch = [];
  };
  for await (const { object, isPending } of accountObjects(store, account)) {
    records += 1;
    if (isPending) pending += 1;
    batch.push(object);
    if (batch.length < BATCH) continue;
    await flush();
    if (isOver()) return { records, pending, isDone: false };
  }
  await flush();
  return { records, pending, isDone: true };
}

/**
 * Takes away all that we keep at this cluster, if nothing is recorded any more.
 *
 * @returns why not all of it is gone (in a dry run: would be); undefined where it is
 * @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help
 */
export async function leaveStore(records: Keeper, isDryRun: boolean): Promise<string | undefined> {
  const [account] = await recordedAccounts(records);
  if (account !== undefined) return isDryRun ? undefined : `there are records of ${account}`;
  if (isDryRun) return undefined;
  for await (const { name } of records.store.list(''))
    if (isOurObject(name)) await records.store.delete(name);
  try {
    await records.store.remove();
  } catch (error) {
    if (error instanceof AutosyncError) return error.message;
    throw error;
  }
  return undefined;
}

/** Well within what a peer waits for an answer. */
function deadline({ options }: BaseSite): () => boolean {
  const endMs = performance.now() + Math.min(MAX_STEP_MS, options.peerTimeoutMs / 4);
  return () => performance.now() > endMs;
}
