// One object, asked for by name at all clusters that are to have it: what is wrong with it, and what becomes of that.
import type { Member, ObjectName } from '../converge/object-member.js';
import { AutosyncError } from '../lib/errors.js';
import { timestampMs } from '../swift/timestamp.js';
import type { DeletionAnswer } from '../sync/probe.js';
import {
  compareCopies,
  differingMetadata,
  expiresMs,
  isYoung,
  type Compared,
  type Copy,
  type Said,
} from './compare.js';
import type { Finding, Kind, Outcome } from './finding.js';
import { isManifest, look } from './look.js';
import { whoseBytesAreNewer } from '../copy/newer-bytes.js';
import { copyTo } from './repair.js';
import type { Run } from './run.js';
import { findMissingSegments } from './segments.js';

/** An object under comparison. */
export interface Case {
  readonly run: Run;
  readonly name: ObjectName;
  readonly members: readonly Member[];
  readonly said: ReadonlyMap<string, Said>;
  readonly compared: Compared;
}

export async function verifyObject(run: Run, name: ObjectName, members: readonly Member[]): Promise<void> {
  run.count.asked += 1;
  const looks = await Promise.all(
    members.map(async (member) => [member.cluster, await look(member, name)] as const),
  );
  const said = new Map(looks.map(([cluster, { said: what }]) => [cluster, what]));
  const unclear = looks.filter(([, { said: what }]) => what === 'unclear');
  if (unclear.length > 0) {
    const clusters = unclear.map(([cluster]) => cluster);
    const detail = unclear.map(([, { detail: why }]) => why).join('; ');
    run.found({ kind: 'unclear', ...name, clusters, detail, outcome: 'found' });
  }
  const compared = compareCopies(said);
  if (compared === undefined) return;
  const { nowMs, options } = run;
  const isOnItsWay =
    isYoung(timestampMs(compared.ticks), nowMs, options.graceMs) ||
    expiresMs(compared.copy) <= nowMs + options.graceMs;
  const subject = { run, name, members, said, compared };
  const isSame = compared.newest.length + unclear.length === members.length;
  if (isOnItsWay) {
    if (!isSame) run.onItsWay(name);
    return;
  }
  const deletion = await deletedAfter(subject);
  if (deletion === 'young') run.onItsWay(name);
  else if (deletion === 'deleted') reportOrphan(subject);
  else if (deletion === 'unknown') {
    const detail = 'not all of them said whether it was deleted there';
    run.found({ kind: 'unclear', ...name, clusters: compared.absent, detail, outcome: 'found' });
  } else {
    if (isManifest(compared.copy)) await verifySegments(subject);
    await reportDifferences(subject);
  }
}

/**
 * Whether a cluster that does not have it deleted it after the newest copy was written; `unknown` where none says so, and not all say anything.
 *
 * @param others are asked as well: what they do not say does not matter
 */
export async function deletedAfter(
  { run, name, members, compared }: Case,
  others: readonly Member[] = [],
): Promise<'deleted' | 'young' | 'no' | 'unknown'> {
  const absent = members.filter(({ cluster }) => compared.absent.includes(cluster));
  const account = await run.accounts.get(name.account);
  const ask = (ticks: bigint): Promise<DeletionAnswer[]> => {
    const answers = [...absent, ...others].map((member) => {
      const reapedUntil = ticksOf(account?.reapedUntilMs.get(member.cluster) ?? 0);
      return probeAt(member, name, reapedUntil > ticks ? reapedUntil : ticks);
    });
    return Promise.all(answers);
  };
  // One tick later: Swift says the same of a tombstone as of this very copy, where only some of its servers answer.
  const after = compared.ticks + 1n;
  const answers = await ask(after);
  if (!answers.includes('newer-here'))
    return answers.slice(0, absent.length).includes('unknown') ? 'unknown' : 'no';
  const graceTicks = ticksOf(run.nowMs - run.options.graceMs);
  const later = await ask(graceTicks > after ? graceTicks : after);
  return later.includes('newer-here') ? 'young' : 'deleted';
}

function ticksOf(ms: number): bigint {
  return BigInt(Math.round(ms)) * 100n;
}

function probeOf(member: Member, name: ObjectName): (ticks: bigint) => Promise<DeletionAnswer> {
  return (ticks) => probeAt(member, name, ticks);
}

async function probeAt(member: Member, name: ObjectName, ticks: bigint): Promise<DeletionAnswer> {
  try {
    return await member.probe(name, ticks);
  } catch (error) {
    if (!(error instanceof AutosyncError)) throw error;
    return 'unknown';
  }
}

/** Its copies are deleted, or said to be. @param mayBeOld they may be older than reclaim_age, also without --force */
export function reportOrphan(
  { run, name, members, said, compared }: Case,
  { mayBeOld = false }: { readonly mayBeOld?: boolean } = {},
): void {
  const copies = members.flatMap((member) => {
    const what = said.get(member.cluster);
    return what === undefined || typeof what === 'string' ? [] : [{ member, ticks: what.ticks }];
  });
  const clusters = copies.map(({ member }) => member.cluster);
  run.orphaned(findingOf('orphaned', { name, compared }, clusters, 'found'), copies, mayBeOld);
}

async function reportDifferences(found: Case): Promise<void> {
  const { run, name, compared } = found;
  const { otherBytes, otherMetadata } = compared;
  const { repair } = run.options;
  const isTied = otherBytes.length + otherMetadata.length > 0;
  // Before anything of it goes elsewhere.
  const subject = isTied && repair?.isDryRun === false ? await settleTie(found) : found;
  const { absent, stale } = subject.compared;
  // What is newest may be only by its metadata: before it goes on it has the newest bytes as well.
  await mend(subject, 'stale', stale);
  await mend(subject, 'missing', absent);
  const leave = (kind: Kind, clusters: readonly string[], detail: string): void => {
    if (clusters.length === 0) return;
    const isSettled = isTied && tiedIn(subject).length === 0;
    const outcome =
      repair === undefined ? 'found' : repair.isDryRun ? 'planned' : isSettled ? 'repaired' : 'failed';
    run.found({ ...findingOf(kind, { name, compared }, clusters, outcome), detail });
  };
  leave('different-bytes', otherBytes, 'dated alike');
  const names = otherMetadata.flatMap((cluster) =>
    differingMetadata(compared.copy, found.said.get(cluster) as Copy),
  );
  leave('different-metadata', otherMetadata, [...new Set(names)].join(', '));
}

/**
 * Of copies dated alike those whose bytes are the newest replace the others, and it says how it is then: where a POST gave its date to bytes that
 * are older, Swift takes others of that date (obj/server.py, PUT: `data_timestamp`). Where that leaves two, both came with the date: one is
 * dated a tick later and replaces the other, as if it had been written last: the same one, whichever cluster does this.
 */
async function settleTie(subject: Case): Promise<Case> {
  let now = subject;
  const send = async (from: string, to: string, laterTicks: number): Promise<void> => {
    await copyTo(subject.run.site, subject.name, { from: [from], to, looksFirst: false, laterTicks });
    now = await lookAgain(now);
  };
  const newest = await newestBytes(subject);
  for (const to of tiedIn(subject)) if (to !== newest) await send(newest, to, 0);
  const [winner, loser] = tiedIn(now).sort((a, b) => (printOf(now, a) > printOf(now, b) ? -1 : 1));
  if (winner !== undefined && loser !== undefined) await send(winner, loser, 1);
  return now;
}

/** The one of those dated alike whose bytes were written last. */
async function newestBytes(subject: Case): Promise<string> {
  const { name, members, compared } = subject;
  const [first, ...others] = members.filter(({ cluster }) => tiedIn(subject).includes(cluster));
  let newest = first as Member;
  for (const other of others) {
    const whose = await whoseBytesAreNewer(probeOf(newest, name), probeOf(other, name), compared.ticks);
    if (whose === 'theirs') newest = other;
  }
  return newest.cluster;
}

async function lookAgain(subject: Case): Promise<Case> {
  const { members, name, compared } = subject;
  const looks = members.map(async (member) => [member.cluster, (await look(member, name)).said] as const);
  const said = new Map(await Promise.all(looks));
  return { ...subject, said, compared: compareCopies(said) ?? compared };
}

/** Clusters whose copies are dated as the newest; none where these are all the same. */
function tiedIn({ compared: { newest, otherBytes, otherMetadata } }: Case): string[] {
  const others = [...otherBytes, ...otherMetadata];
  return others.length === 0 ? [] : [...newest, ...others];
}

/** By which copies dated alike are put in an order that all clusters agree on. */
function printOf({ said }: Case, cluster: string): string {
  const copy = said.get(cluster) as Copy;
  return JSON.stringify([copy.etag, copy.length, [...copy.metadata].sort()]);
}

/** Reports clusters whose copy the newest is to replace, and copies it there. */
async function mend(
  { run, name, compared, members }: Case,
  kind: 'missing' | 'stale',
  clusters: readonly string[],
): Promise<void> {
  const { repair } = run.options;
  const report = (where: readonly string[], outcome: Outcome, detail = ''): void => {
    if (where.length === 0) return;
    const finding = findingOf(kind, { name, compared }, where, outcome);
    run.found(detail === '' ? finding : { ...finding, detail });
  };
  if (repair === undefined || repair.isDryRun) {
    report(clusters, repair === undefined ? 'found' : 'planned');
    return;
  }
  const repaired: string[] = [];
  const copyOne = async (to: string): Promise<void> => {
    const wish = { from: compared.newest, to, looksFirst: kind === 'stale' };
    const why = await copyTo(run.site, name, wish);
    const target = members.find(({ cluster }) => cluster === to) as Member;
    if (why !== '') report([to], 'failed', why);
    else if (await isAsNew(target, name, compared.ticks)) repaired.push(to);
    else
      report([to], 'failed', 'Swift there took it, and does not have it: was it deleted at that very time?');
  };
  // One after the other where the bytes there may be newer than these, and are brought here before what is here goes to the next.
  if (kind === 'stale') for (const each of clusters) await copyOne(each);
  else await Promise.all(clusters.map(copyOne));
  // In the clusters' order, whoever was done first.
  report(
    clusters.filter((each) => repaired.includes(each)),
    'repaired',
  );
}

async function isAsNew(member: Member, name: ObjectName, ticks: bigint): Promise<boolean> {
  const { said } = await look(member, name);
  return typeof said === 'object' && said.ticks >= ticks;
}

async function verifySegments({ run, name, members, compared }: Case): Promise<void> {
  const source = members.find(({ cluster }) => compared.newest.includes(cluster)) as Member;
  let segments: Awaited<ReturnType<typeof findMissingSegments>>;
  try {
    segments = await findMissingSegments(source, members, name);
  } catch (error) {
    if (!(error instanceof AutosyncError)) throw error;
    run.found({
      kind: 'unclear',
      ...name,
      clusters: [source.cluster],
      detail: error.message,
      outcome: 'found',
    });
    return;
  }
  const { repair } = run.options;
  for (const cluster of members.map((each) => each.cluster)) {
    const missing = segments.filter(({ absentAt }) => absentAt.includes(cluster));
    const [first] = missing;
    if (first === undefined) continue;
    const more = missing.length === 1 ? '' : ` and ${missing.length - 1} more`;
    const what = `${first.name.container}/${first.name.object}${more}`;
    const report = (outcome: Outcome, detail: string): void =>
      run.found({ ...findingOf('segments-missing', { name, compared }, [cluster], outcome), detail });
    if (repair === undefined || repair.isDryRun) {
      report(repair === undefined ? 'found' : 'planned', what);
      continue;
    }
    const member = members.find((each) => each.cluster === cluster) as Member;
    let why = '';
    for (const { name: segment, heldAt } of missing) {
      const wish = { from: heldAt, to: cluster, looksFirst: false };
      why ||= await copyTo(run.site, segment, wish);
      if (why === '' && !(await isAsNew(member, segment, 0n))) why = 'it was deleted there';
    }
    report(why === '' ? 'repaired' : 'failed', why === '' ? what : `${what}: ${why}`);
  }
}

export function findingOf(
  kind: Kind,
  { name, compared }: Pick<Case, 'name' | 'compared'>,
  clusters: readonly string[],
  outcome: Outcome,
): Finding {
  const date = new Date(timestampMs(compared.ticks)).toISOString();
  return { kind, ...name, clusters, newestAt: compared.newest, date, outcome };
}
