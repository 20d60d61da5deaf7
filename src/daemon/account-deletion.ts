// An account that was deleted on another cluster: its turn here comes after account_delete_delay, unless something in it is newer
// than that DELETE. Swift's reaper has no mercy, so each cluster looks for itself, and no deletion wins over what came later.
import { listContainers, localSource, type Source } from '../converge/cluster-listing.js';
import { notePending } from '../converge/notes.js';
import { tellPeer, toldDetail } from '../converge/tell-peer.js';
import type { ReasonCode } from '../lib/reasons.js';
import { deletionOf, isGoneAt, recordGone, recordKept } from '../records/account-life.js';
import type { Keeper } from '../records/keeper.js';
import { containersPrefix } from '../records/names.js';
import { lifeOf, mergeRecords, type Record } from '../records/record.js';
import { versionMs, type Version, type VersionClock } from '../records/version.js';
import { audienceFor, type BaseSite } from '../site/site.js';
import { encodeName, swiftTarget } from '../swift/path.js';
import { isSuccess } from '../swift/swift-client.js';
import type { SettledAccount } from './account.js';
import type { Outcome } from './report.js';

const SERVICE = { kind: 'service' } as const;
/** Swift's longest listing. */
const PAGE = 10_000;

export interface AccountContext {
  readonly site: BaseSite;
  readonly records: Keeper;
  readonly isDryRun: boolean;
}

/** The account is here, and its record says that it is to go. @throws AutosyncError what Swift's client and the keeper throw */
export async function settleAccountDeletion(
  context: AccountContext,
  account: string,
  record: Record,
): Promise<SettledAccount> {
  const { site, records, isDryRun } = context;
  const deletion = deletionOf(record) ?? '';
  const { mine } = site.clusters;
  const say = (code: ReasonCode, detail: string, outcome: Outcome, now = record): SettledAccount => ({
    findings: [{ account, cluster: mine, code, detail, outcome }],
    record: now,
  });
  const dueMs = versionMs(deletion) + site.options.accountDeleteDelayMs;
  const wasGone = isGoneAt(record, mine);
  const isDue = !wasGone && site.now() >= dueMs;
  const newer = await findNewer(context, account, { deletion, areObjectsAsked: isDue });
  if (newer !== undefined) {
    const kept = await keep(context, account, record);
    return say('ACCOUNT_KEPT', `${newer} is newer than its deletion`, 'mended', kept);
  }
  // What Swift shows of an account that is no more, where it would make one by itself.
  if (wasGone) return { findings: [], record };
  const since = `deleted on another cluster at ${new Date(versionMs(deletion)).toISOString()}`;
  if (!isDue)
    return say('ACCOUNT_DELETING', `${since}; here after ${new Date(dueMs).toISOString()}`, 'unmended');
  if (isDryRun) return say('ACCOUNT_DELETED', since, 'mended');
  // The search may have taken its time: is it still meant?
  const now = await records.read({ account });
  if (deletionOf(now) !== deletion) return { findings: [], record: now };
  const { status, reason } = await site.swift.request(SERVICE, {
    method: 'DELETE',
    target: swiftTarget(account),
  });
  if (!isSuccess(status) && status !== 404)
    return say('SWIFT_TROUBLE', `DELETE of the account: ${status} ${reason}`, 'unmended');
  const gone = await changeAccount(context, account, record, (current, clock) =>
    recordGone(current, { cluster: mine, isMeant: false }, clock),
  );
  return say('ACCOUNT_DELETED', since, 'mended', gone);
}

/** The record as it stands then; in a dry run as it would. */
export async function changeAccount(
  { records, isDryRun }: AccountContext,
  account: string,
  record: Record,
  change: (current: Record, clock: VersionClock) => Record,
): Promise<Record> {
  const clock = await records.clock();
  if (isDryRun) return mergeRecords(record, change(record, clock));
  return records.change({ account }, (current) => change(current, clock));
}

/** Everywhere where it is not too late. */
async function keep(context: AccountContext, account: string, record: Record): Promise<Record> {
  const kept = await changeAccount(context, account, record, recordKept);
  if (context.isDryRun) return kept;
  const { site } = context;
  const { peers } = audienceFor(site, site.clusters.all());
  const outcomes = peers.map(async (peer) => {
    const told = await tellPeer(peer, { account }, kept, SERVICE);
    return { cluster: peer.name, isDone: told.isDone, detail: toldDetail(told) };
  });
  await notePending(site, { account }, kept, await Promise.all(outcomes));
  return kept;
}

interface Search {
  readonly deletion: Version;
  /** Objects are in no record: before they are lost for good, all of them are looked at. */
  readonly areObjectsAsked: boolean;
}

/** A container or an object that is newer than the DELETE. */
async function findNewer(
  { site, records }: AccountContext,
  account: string,
  { deletion, areObjectsAsked }: Search,
): Promise<string | undefined> {
  const sinceMs = versionMs(deletion);
  for (const container of await writtenSince(records, account, sinceMs - site.options.maxClockSkewMs)) {
    const record = await records.read({ account, container });
    const isNewer = [...record.desired.values()].some(({ version }) => version > deletion);
    if (isNewer && lifeOf(record) !== 'deleted') return container;
  }
  const here = localSource(site);
  for await (const [container, [madeAt]] of listContainers(here, account)) {
    // One that is recorded came here late; otherwise its record would have been found.
    const isMade = Date.parse(`${madeAt}Z`) > sinceMs;
    if (isMade && lifeOf(await records.read({ account, container })) === undefined) return container;
    const object = areObjectsAsked
      ? await findObject(here, swiftTarget(account, container), sinceMs)
      : undefined;
    if (object !== undefined) return `${container}/${object}`;
  }
  return undefined;
}

/** Containers whose records were written since, by whichever writer. */
async function writtenSince(records: Keeper, account: string, sinceMs: number): Promise<Set<string>> {
  const containers = new Set<string>();
  for (const writer of await records.writers()) {
    const prefix = containersPrefix(writer, account);
    for await (const { name, lastModified } of records.store.list(prefix))
      if (Date.parse(`${lastModified}Z`) >= sinceMs) containers.add(name.slice(prefix.length));
  }
  return containers;
}

async function findObject({ ask }: Source, target: string, sinceMs: number): Promise<string | undefined> {
  for (let marker = ''; ;) {
    const { status, body } = await ask(
      'GET',
      `${target}?format=json&limit=${PAGE}&marker=${encodeName(marker)}`,
    );
    if (status === 404) return undefined;
    // What cannot be looked at is not deleted.
    if (status !== 200) return `(not listed: ${status})`;
    const rows = JSON.parse(body.toString('utf8')) as { name: string; last_modified: string }[];
    const newer = rows.find(({ last_modified: date }) => Date.parse(`${date}Z`) > sinceMs);
    if (newer !== undefined) return newer.name;
    if (rows.length < PAGE) return undefined;
    marker = rows.at(-1)?.name ?? '';
  }
}
