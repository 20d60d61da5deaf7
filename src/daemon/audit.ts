// One pass over everything recorded: every container's record, on all clusters, against what this cluster's Swift holds.
// Listings say where to look; what is done rests on a HEAD and on records read by name.
import { eachLimited } from '../lib/each-limited.js';
import { AutosyncError } from '../lib/errors.js';
import { mergeJoin, type Joined, type Sorted } from '../lib/merge-join.js';
import type { ReasonCode } from '../lib/reasons.js';
import type { Peer } from '../peers/peer.js';
import type { Keeper } from '../records/keeper.js';
import {
  DESIRED,
  EMPTY,
  lifeOf,
  markOf,
  mergeRecords,
  type Record,
  type RecordName,
} from '../records/record.js';
import { STORE_CONTAINER } from '../records/store.js';
import { isGoneAt, oursSinceMs } from '../records/account-life.js';
import { recordedAccounts, recordRows, type Marks } from '../records/rows.js';
import { audienceFor, type BaseSite, type ContainerName } from '../site/site.js';
import { listContainers, localSource } from '../converge/cluster-listing.js';
import { settleAccount } from './account.js';
import { settleContainer, type Context, type Differing } from './container.js';
import { KeyCheck } from './key-check.js';
import { peerAccounts, peerRecord, peerRows } from '../converge/peer-records.js';
import type { Pace } from './pace.js';
import { PassCount, type Finding, type PassReport } from './report.js';
import { isInShare, WHOLE, type Share } from './share.js';
import { isOverEverywhere, isShared, suspicionOf, type Rules, type Suspicion } from './suspicion.js';
import { turn } from './throttle.js';

/** Containers that differ, settled at once. */
const BATCH = 64;
const CONCURRENCY = 4;

/** Errors that say nothing of other containers. */
const TROUBLE_OF_ONE: ReadonlyMap<string, ReasonCode> = new Map([
  ['CLOCK_SKEW', 'CLOCK_SKEW'],
  ['SWIFT_REFUSED', 'SWIFT_TROUBLE'],
]);

export interface AuditOptions {
  readonly isDryRun: boolean;
  /** Every container is looked at (HEAD) once in so many passes, differing or not; 1: in each. */
  readonly lookEvery: number;
  /** How long tombstones are kept at least; for ever if not said. */
  readonly forgetAfterMs?: number;
  /** Number of this pass. */
  readonly turn: number;
  /** Only that account. */
  readonly account?: string;
  /** Containers from before our time are taken over, whatever the account's record says. */
  readonly isAdopting?: boolean;
  readonly signal?: AbortSignal;
  /** Where the pass counts as it goes; findings of earlier work may be in it. */
  readonly count?: PassCount;
  /** Only what is this process's; everything if not said. */
  readonly share?: Share;
  /** Names (ACCOUNT/CONTAINER) that earlier passes could not make as they should be. */
  readonly troubled?: ReadonlySet<string>;
  /** How fast listings are compared. */
  readonly pace?: Pace;
}

/** What holds for a whole account. */
type AccountPass = Pick<Context, 'adoptSinceMs'> & { readonly peers: readonly Peer[] };

/** A container at which a closer look is due. */
interface Suspect extends ContainerName {
  readonly isHere: boolean;
  /** Peers whose records may say more than ours, or less. */
  readonly ahead: readonly Peer[];
}

/** Never rejects for a peer's trouble; a pass that this cluster's Swift breaks off says so. */
export async function audit(site: BaseSite, records: Keeper, options: AuditOptions): Promise<PassReport> {
  const startedAt = new Date().toISOString();
  const pass = new AuditPass(site, records, options);
  let brokenOff: string | undefined;
  try {
    await pass.run();
    if (options.signal?.aborted === true) brokenOff = 'told to stop';
  } catch (error) {
    if (!(error instanceof AutosyncError)) throw error;
    brokenOff = error.message;
    site.log.error({ code: error.code }, `the audit was broken off: ${error.message}`);
  }
  const { count } = pass;
  return {
    cluster: site.clusters.mine,
    isDryRun: options.isDryRun,
    startedAt,
    finishedAt: new Date().toISOString(),
    ...count.summary(),
    unreachable: [...pass.unreachable],
    ...(brokenOff === undefined ? {} : { brokenOff }),
  };
}

class AuditPass {
  readonly count: PassCount;
  readonly unreachable = new Set<string>();
  readonly #site: BaseSite;
  readonly #records: Keeper;
  readonly #options: AuditOptions;
  readonly #keys: KeyCheck;
  #peers: Peer[] = [];
  #seenSinceMs = 0;

  constructor(site: BaseSite, records: Keeper, options: AuditOptions) {
    this.#site = site;
    this.#records = records;
    this.#options = options;
    this.count = options.count ?? new PassCount();
    this.#keys = new KeyCheck(site);
  }

  async run(): Promise<void> {
    this.#peers = [...audienceFor(this.#site, this.#site.clusters.all()).peers];
    const own = await this.#site.ownAccount();
    await this.#checkMarker(own);
    for (const account of await this.#accounts()) {
      if (account === own || !this.#site.options.isAccountOurs(account)) continue;
      if (!this.#mayGoOn()) return;
      await this.#guard({ account }, () => this.#auditAccount(account));
      if (this.#isMine({ account })) this.count.accounts += 1;
    }
    for (const finding of await this.#keys.run()) this.#found(finding);
  }

  /** Whether it falls to this process. */
  #isMine(name: RecordName): boolean {
    return isInShare(this.#options.share ?? WHOLE, name);
  }

  #mayGoOn(): boolean {
    return this.#options.signal?.aborted !== true;
  }

  /** What was seen here before this cluster lost it is not taken for somebody's deletions. */
  async #checkMarker(account = ''): Promise<void> {
    const { isLost, seenSinceMs } = await this.#records.checkMarker(this.#options.isDryRun);
    this.#seenSinceMs = seenSinceMs;
    if (!isLost) return;
    const cluster = this.#site.clusters.mine;
    const detail = 'its marker is gone, in part';
    this.#found({
      account,
      container: STORE_CONTAINER,
      cluster,
      code: 'CLUSTER_WIPED',
      detail,
      outcome: 'mended',
    });
  }

  /** What is wrong with one container, or one account, does not keep the pass from the others. */
  async #guard(name: RecordName, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const code = error instanceof AutosyncError ? TROUBLE_OF_ONE.get(error.code) : undefined;
      if (code === undefined) throw error;
      const { message: detail } = error as AutosyncError;
      this.#found({ ...name, cluster: this.#site.clusters.mine, code, detail, outcome: 'unmended' });
    }
  }

  async #accounts(): Promise<readonly string[]> {
    const { account } = this.#options;
    if (account !== undefined) return [account];
    const accounts = new Set(await recordedAccounts(this.#records));
    for (const peer of [...this.#peers]) {
      for (const each of (await this.#ask(peer, () => peerAccounts(peer))) ?? []) accounts.add(each);
    }
    return [...accounts].sort();
  }

  /** A peer that does not answer is left out of the rest of the pass. */
  async #ask<T>(peer: Peer, question: () => Promise<T>): Promise<T | undefined> {
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
      this.#leaveOut(peer, error);
      return undefined;
    }
  }

  #leaveOut(peer: Peer, error: AutosyncError): void {
    this.#peers = this.#peers.filter((each) => each !== peer);
    this.unreachable.add(peer.name);
    this.#site.log.warn({ peer: peer.name, code: error.code }, `not audited: ${error.message}`);
  }

  async #auditAccount(account: string): Promise<void> {
    const adoptSinceMs = await this.#settleAccount(account);
    if (adoptSinceMs === undefined) return;
    const of = { adoptSinceMs, peers: [...this.#peers] };
    let suspects: Suspect[] = [];
    let over: ContainerName[] = [];
    const flush = async (): Promise<void> => {
      await eachLimited(
        suspects,
        CONCURRENCY,
        (suspect) => this.#settle(suspect, of),
        () => this.#mayGoOn(),
      );
      await eachLimited(
        over,
        CONCURRENCY,
        (name) => this.#records.forget(name, this.#rules.oldBeforeMs),
        () => this.#mayGoOn() && this.#rules.mayForget,
      );
      suspects = [];
      over = [];
    };
    const streams = [
      listContainers(localSource(this.#site), account),
      recordRows(this.#records, account),
      ...of.peers.map((peer) => this.#rowsOf(peer, account)),
    ];
    for await (const joined of mergeJoin<Marks>(streams)) {
      if (!this.#mayGoOn()) return;
      const name = { account, container: joined.key };
      if (!this.#isMine(name)) continue;
      if (this.#options.pace !== undefined) await turn(this.#options.pace);
      this.count.containers += 1;
      const [listed, ours, ...theirs] = joined.values;
      for (const [i, peer] of of.peers.entries())
        if (listed !== undefined && isShared(ours, theirs[i])) this.#keys.offer(peer, name);
      const suspicion = this.#suspect(name, joined, of);
      if (suspicion.kind === 'leave') this.count.notAdopted += 1;
      if (suspicion.kind === 'look' && of.adoptSinceMs === 0 && !joined.values.slice(1).some((each) => each))
        this.count.takenOver += 1;
      if (suspicion.kind === 'forget') over.push(name);
      if (suspicion.kind === 'look')
        suspects.push({ ...name, isHere: listed !== undefined, ahead: suspicion.ahead });
      if (suspects.length + over.length >= BATCH) await flush();
    }
    await flush();
  }

  /**
   * Tells since when this account is ours: containers made later, past the gateways, are taken over. Undefined where it is
   * deleted here: then nothing is to be said of its containers.
   */
  async #settleAccount(account: string): Promise<number | undefined> {
    let record: Record = await this.#records.read({ account });
    for (const peer of this.#peers) {
      const theirs = await this.#ask(peer, () => peerRecord(peer, { account }));
      if (theirs !== undefined) record = mergeRecords(record, { ...EMPTY, desired: theirs.desired });
    }
    if (this.#isMine({ account })) {
      const context = { site: this.#site, records: this.#records, isDryRun: this.#options.isDryRun };
      const settled = await settleAccount(context, account, record.desired);
      for (const finding of settled.findings) this.#found(finding);
      record = settled.record;
    }
    if (isGoneAt(record, this.#site.clusters.mine)) return undefined;
    if (this.#options.isAdopting === true || record.desired.get(DESIRED.adopted)?.value === 'all') return 0;
    return oursSinceMs(record);
  }

  /** A peer whose listing breaks off looks as if it had nothing more: it counts for nothing from then on. */
  async *#rowsOf(peer: Peer, account: string): Sorted<Marks> {
    try {
      yield* peerRows(peer, account);
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
      this.#leaveOut(peer, error);
    }
  }

  #suspect(
    { account, container }: ContainerName,
    { values }: Joined<Marks>,
    of: AccountPass,
  ): Suspicion<Peer> {
    const [listed, ours, ...theirs] = values;
    const answering = of.peers
      .map((peer, i) => ({ peer, marks: theirs[i] }))
      .filter(({ peer }) => this.#peers.includes(peer));
    const wasTroubled = this.#options.troubled?.has(`${account}/${container}`) ?? false;
    const glance = { container, wasTroubled, listed, ours, theirs: answering };
    return suspicionOf(glance, { ...this.#rules, adoptSinceMs: of.adoptSinceMs });
  }

  get #rules(): Omit<Rules, 'adoptSinceMs'> {
    const { lookEvery, turn, forgetAfterMs = Infinity, isDryRun } = this.#options;
    const mayForget = this.unreachable.size === 0 && !isDryRun;
    return { lookEvery, turn, mayForget, oldBeforeMs: this.#site.now() - forgetAfterMs };
  }

  async #settle(suspect: Suspect, { adoptSinceMs }: AccountPass): Promise<void> {
    this.count.looked += 1;
    const { account, container } = suspect;
    let incoming = EMPTY;
    const recorded: Record[] = [];
    const differing: Differing[] = [];
    for (const peer of suspect.ahead) {
      const theirs = await this.#ask(peer, () => peerRecord(peer, { account, container }));
      if (theirs === undefined) continue;
      incoming = mergeRecords(incoming, { ...EMPTY, desired: theirs.desired });
      differing.push({ peer, mark: markOf(theirs) });
      if (lifeOf(theirs) !== undefined) recorded.push(theirs);
    }
    if (!suspect.isHere && (await this.#forgets(suspect, recorded))) return;
    const { isDryRun } = this.#options;
    const seenSinceMs = this.#seenSinceMs;
    const context = { site: this.#site, records: this.#records, isDryRun, adoptSinceMs, seenSinceMs };
    await this.#guard({ account, container }, async () => {
      const findings = await settleContainer(context, { account, container }, incoming.desired, differing);
      for (const finding of findings) this.#found(finding);
    });
  }

  /** Where a tombstone is over on all clusters, it goes here, or does not come again from those that still have it. */
  async #forgets(name: ContainerName, theirs: readonly Record[]): Promise<boolean> {
    const rules = this.#rules;
    const ours = await this.#records.read(name);
    const [first = EMPTY] = theirs;
    if (lifeOf(ours) === undefined) return isOverEverywhere(first, theirs, { ...rules, mayForget: true });
    if (!isOverEverywhere(ours, theirs, rules)) return false;
    await this.#records.forget(name, rules.oldBeforeMs);
    return true;
  }

  #found(finding: Finding): void {
    this.count.add(finding);
    const { code, detail, outcome, ...where } = finding;
    this.#site.log.info({ ...where, code, outcome }, `audit: ${detail}`);
  }
}
