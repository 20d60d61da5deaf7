// What peers did not take: told again, soon after they are back. Costs as much as is pending, not as much as there is.
import { ownersKeyIn } from '../converge/faults.js';
import { refusalOf, tellPeer } from '../converge/tell-peer.js';
import { settleDeletion } from '../converge/deletion.js';
import { reasonOfPeer } from '../converge/reasons.js';
import { eachLimited } from '../lib/each-limited.js';
import { AutosyncError } from '../lib/errors.js';
import type { Peer } from '../peers/peer.js';
import type { Keeper } from '../records/keeper.js';
import { isGoneAt } from '../records/account-life.js';
import { parsePending, pendingPrefix, type Pending } from '../records/names.js';
import { lifeOf, type Record, type RecordName } from '../records/record.js';
import type { BaseSite } from '../site/site.js';
import type { Finding } from './report.js';
import { isInShare, WHOLE, type Share } from './share.js';
import { isSameCluster } from '../peers/clusters.js';
import { belongsAt } from '../site/placement.js';

const SERVICE = { kind: 'service' } as const;
const CONCURRENCY = 8;
/** Notes read at one time, for each peer. */
const PAGE = 1_000;
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 300_000;
/** While a peer's Swift is in trouble, one of its containers is tried that often: the others follow once that is over. */
const SCOUT_MS = 5_000;
/** The peer has no room for this one; any other server error may be one of its whole Swift. */
const DISK_FULL = 507;

/** All notes of one container for one peer: they are settled by one telling, of what the record says now. */
interface Task {
  readonly name: RecordName;
  readonly notes: Pending[];
}

type Report = (finding: Finding) => void;

interface PendingOptions {
  readonly share?: Share;
  /** From 0 to 1: spreads the retries of several daemons. */
  readonly random?: () => number;
}

interface RoundOptions {
  readonly report?: Report;
  readonly signal?: AbortSignal;
}

export class PendingWorker {
  readonly #site: BaseSite;
  readonly #records: Keeper;
  readonly #share: Share;
  readonly #random: () => number;
  /** By peer and name: for what a peer refused. */
  readonly #waits = new Map<string, Wait>();
  /** By peer: when one is tried next of what waits because its Swift is in trouble. */
  readonly #scoutAtMs = new Map<string, number>();

  constructor(site: BaseSite, records: Keeper, { share = WHOLE, random = Math.random }: PendingOptions = {}) {
    this.#site = site;
    this.#records = records;
    this.#share = share;
    this.#random = random;
  }

  /** One round over all peers, or as much of it as the signal leaves. @throws AutosyncError RECORDS_UNAVAILABLE; a retry helps */
  async round({ report = () => undefined, signal }: RoundOptions = {}): Promise<void> {
    const mayGoOn = (): boolean => signal?.aborted !== true;
    const peers = this.#site.clusters.all().map((name) => this.#site.clusters.peer(name));
    await Promise.all(
      peers.map((peer) => (peer === undefined ? Promise.resolve() : this.#tell(peer, report, mayGoOn))),
    );
  }

  async #tell(peer: Peer, report: Report, mayGoOn: () => boolean): Promise<void> {
    const prefix = pendingPrefix(peer.name);
    for (let marker = ''; !peer.isDown && mayGoOn();) {
      const rows = await this.#records.store.page({ prefix, marker, limit: PAGE });
      const tasks = groupByName(rows.map(({ name }) => parsePending(name))).filter(({ name }) =>
        isInShare(this.#share, name),
      );
      await eachLimited(
        tasks,
        CONCURRENCY,
        (task) => this.#settle(peer, task, report),
        () => !peer.isDown && mayGoOn(),
      );
      if (rows.length < PAGE) return;
      marker = rows.at(-1)?.name ?? '';
    }
  }

  async #settle(peer: Peer, { name, notes }: Task, report: Report): Promise<void> {
    const key = `${peer.name}/${name.account}/${name.container ?? ''}`;
    const wait = this.#waits.get(key);
    if (wait !== undefined && !this.#mayTry(peer, wait)) return;
    const found = await this.#attempt(peer, name);
    const isTrouble = found?.isTrouble === true;
    if (wait?.isTrouble === true && !isTrouble) this.#endTrouble(peer);
    if (found?.outcome === 'unmended') {
      const waitMs = Math.min(LONGEST_WAIT_MS, (wait?.waitMs ?? FIRST_WAIT_MS / 2) * 2);
      const untilMs = this.#site.now() + waitMs * (0.75 + this.#random() / 2);
      this.#waits.set(key, { untilMs, waitMs, isTrouble });
    } else {
      this.#waits.delete(key);
      await Promise.all(notes.map(({ object }) => this.#records.store.delete(object)));
    }
    if (found === undefined) return;
    const { code, detail, outcome } = found;
    report({ ...name, cluster: peer.name, code, detail, outcome });
  }

  /** When its own time has come; or, where the peer's Swift is in trouble, as the one that tries for all. */
  #mayTry({ name }: Peer, { untilMs, isTrouble }: Wait): boolean {
    const nowMs = this.#site.now();
    if (untilMs <= nowMs) return true;
    if (!isTrouble || (this.#scoutAtMs.get(name) ?? 0) > nowMs) return false;
    this.#scoutAtMs.set(name, nowMs + SCOUT_MS);
    return true;
  }

  /** What could not be done there a moment ago can be now. */
  #endTrouble({ name }: Peer): void {
    for (const [key, { isTrouble }] of this.#waits)
      if (isTrouble && key.startsWith(`${name}/`)) this.#waits.delete(key);
  }

  /** Tells the peer; undefined where it has no part in it. What is wrong with one does not keep it from being told of others. */
  async #attempt(peer: Peer, name: RecordName): Promise<Attempt | undefined> {
    try {
      return await this.#tellOne(peer, name);
    } catch (error) {
      if (!(error instanceof AutosyncError) || error.code === 'RECORDS_UNAVAILABLE') throw error;
      return { code: 'SWIFT_TROUBLE', detail: error.message, outcome: 'unmended' };
    }
  }

  async #tellOne(peer: Peer, name: RecordName): Promise<Attempt | undefined> {
    const record = await this.#records.read(name);
    if (!belongsAt(this.#site, record, peer.name)) return undefined;
    const ownersKey = await this.#ownersKey(name, record);
    const { result, ...told } = await tellPeer(peer, name, record, SERVICE, { ownersKey });
    let { isDone } = told;
    const isBlocked = result.kind === 'answer' && result.answer.status === 409;
    if (isBlocked && name.container !== undefined && lifeOf(record) === 'deleted') {
      const container = { account: name.account, container: name.container };
      const settled = await settleDeletion(this.#site, this.#records, container, record);
      isDone = !settled.behind.some((each) => isSameCluster(each, peer.name));
    }
    const code = isDone && !isBlocked ? 'PEER_BEHIND' : reasonOfPeer(result);
    if (isDone) return { code, detail: 'told again', outcome: 'mended' };
    // Its account is deleted there. The peer has it in its record now, and makes it so if ever Swift lets it.
    if (result.kind === 'answer' && isGoneAt(await this.#records.read({ account: name.account }), peer.name))
      return undefined;
    if (result.kind === 'unreachable') return { code, detail: result.detail, outcome: 'unmended' };
    const { status } = result.answer;
    const isTrouble = status >= 500 && status !== DISK_FULL;
    return { code, detail: refusalOf(result.answer), outcome: 'unmended', isTrouble };
  }

  /** With user_sync = allow, the key that an owner chose here while the peer was away: keys are in no record. */
  async #ownersKey({ account, container }: RecordName, record: Record): Promise<string | undefined> {
    if (container === undefined || this.#site.options.userSync === 'deny' || lifeOf(record) !== 'present')
      return undefined;
    const { state } = await this.#site.swift.readContainer(SERVICE, account, container);
    return ownersKeyIn(this.#site, { account, container }, state);
  }
}

type Attempt = Pick<Finding, 'code' | 'detail' | 'outcome'> & {
  /** Of the peer's Swift, maybe, and not of this container. */
  readonly isTrouble?: boolean;
};

interface Wait {
  readonly untilMs: number;
  readonly waitMs: number;
  /** The peer's Swift was in trouble. */
  readonly isTrouble: boolean;
}

function groupByName(notes: readonly (Pending | undefined)[]): Task[] {
  const tasks = new Map<string, Task>();
  for (const note of notes) {
    if (note === undefined) continue;
    const key = `${note.name.account}/${note.name.container ?? ''}`;
    const task = tasks.get(key) ?? { name: note.name, notes: [] };
    task.notes.push(note);
    tasks.set(key, task);
  }
  return [...tasks.values()];
}
