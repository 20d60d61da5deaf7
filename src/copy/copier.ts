// Copies objects to the peers of their containers as soon as it is told of them. What is lost with it, container sync brings; it
// remembers which containers that may be, and says so until they are found to be the same.
import { rateAt, type BandwidthPlan } from '../config/bandwidth.js';
import { EMPTY, isHeldBack, type Record } from '../records/record.js';
import { audienceFor, type BaseSite, type ContainerName } from '../site/site.js';
import type { Peer } from '../peers/peer.js';
import { ByteLimit } from './byte-limit.js';
import { Canary, isCanary, NO_CANARY, type CanaryState } from './canary.js';
import { copyObject, type Copied } from './copy-object.js';
import { hasPut } from './job-queue.js';
import type { CopyJob, CopyOutcome } from './job.js';
import { LagHistogram } from './lag-histogram.js';
import { ObjectiveWindows, type ObjectiveState, type RuledObjective } from './objective.js';
import { LocalObjects } from './local-object.js';
import { PeerCopier, STAYS, type PeerCopierStatus } from './peer-copier.js';
import { Prover } from './prover.js';
import type { Span, UnprovenState } from './unproven.js';
import { placementFor } from '../site/placement.js';

export interface CopierOptions {
  /** Copies to one peer at once. */
  readonly concurrency: number;
  /** Jobs that wait for one peer at most. */
  readonly queueLength: number;
  /** Between two canaries; 0 for none. */
  readonly canaryIntervalMs: number;
  readonly objectiveFor: (name: ContainerName) => RuledObjective;
  /** For the bytes of objects to each peer; undefined: no limit, ever. */
  readonly bandwidth: BandwidthPlan | undefined;
}

export interface CopierStatus extends PeerCopierStatus {
  readonly canary: CanaryState;
  /** How each objective was kept in the last day, since this process began. Versions before this one do not say. */
  readonly objectives?: readonly ObjectiveState[];
  /** Bytes a second that may go there now; undefined: no limit. */
  readonly limitBytesPerSecond?: number;
  /** For how long copies have waited for that limit. */
  readonly throttledSeconds: number;
}

/** Jobs that were lost before this process, or on the way to it. */
export type LostJobs = Pick<UnprovenState, 'containers' | 'anywhere'>;

const SERVICE = { kind: 'service' } as const;
/** How long a container's placement is believed. */
const PLACEMENT_MS = 30_000;
const MAX_PLACEMENTS = 10_000;
/** How long it is believed that a container is not copied. */
const NO_PEERS_MS = 2_000;
/** Containers that the status names. */
const MAX_SHOWN = 100;

interface PeerWork {
  readonly copier: PeerCopier;
  readonly prover: Prover;
  readonly windows: ObjectiveWindows;
  readonly limit: ByteLimit | undefined;
}

export class Copier {
  readonly #site: BaseSite;
  readonly #options: CopierOptions;
  readonly #local: LocalObjects;
  readonly #canary: Canary | undefined;
  readonly #work = new Map<string, PeerWork>();
  readonly lags = new LagHistogram();
  /** Jobs that it was given. */
  taken = 0;
  #lookups = 0;
  readonly #placements = new Map<
    string,
    { readonly peers: Promise<readonly Peer[]>; readonly untilMs: number }
  >();

  constructor(site: BaseSite, options: CopierOptions) {
    this.#site = site;
    this.#options = options;
    this.#local = new LocalObjects(site);
    const { canaryIntervalMs } = options;
    if (site.records === undefined || canaryIntervalMs === 0) return;
    this.#canary = new Canary(site.records, site.clusters.mine);
    this.#canary.start(canaryIntervalMs, site.now, (job) =>
      this.#allPeers().forEach((peer) => this.#workFor(peer).copier.add(job)),
    );
  }

  add(job: CopyJob): void {
    void this.#each(job, (copier) => copier.add(job)).catch(() => undefined);
  }

  /** The same, and resolves with what came of it. Rejects where its placement is not known. */
  async copy(job: CopyJob): Promise<readonly CopyOutcome[]> {
    const outcomes = await Promise.all(await this.#each(job, (copier) => copier.copy(job)));
    if (outcomes.length > 0 || !(await this.#isHeldBack(job))) return outcomes;
    const { peers } = audienceFor(this.#site, this.#site.options.defaultPlacement(job));
    return peers.map(({ name }) => ({ cluster: name, isDone: false, detail: STAYS }));
  }

  /** Hands a job to the copiers of its peers. Rejects, with all of it counted as missed, where its placement is not known. */
  async #each<T>(job: CopyJob, hand: (copier: PeerCopier) => T): Promise<T[]> {
    this.taken += 1;
    this.#lookups += 1;
    try {
      const peers = await this.#peersOf(job);
      return peers.map((peer) => hand(this.#workFor(peer).copier));
    } catch (error) {
      for (const peer of this.#allPeers()) this.#workFor(peer).copier.missed(job);
      this.#site.log.warn(
        { ...job, err: error },
        'not copied: its placement is not known; container sync does it',
      );
      throw error;
    } finally {
      this.#lookups -= 1;
    }
  }

  /** Nothing waits, and nothing is under way. */
  get isIdle(): boolean {
    return this.#lookups === 0 && [...this.#work.values()].every(({ copier }) => copier.isIdle);
  }

  /** Counts as behind at every peer of their containers, until it is found there. */
  lost(jobs: LostJobs): void {
    for (const { copier, windows } of this.#allPeers().map((peer) => this.#workFor(peer))) {
      copier.unproven.addAll(jobs);
      for (const each of jobs.containers) windows.add(each, Infinity, this.#site.now(), each.jobs);
    }
  }

  /** What an earlier one said of its peers, and lost with it. */
  inherit(peers: readonly PeerCopierStatus[], lost: Span | undefined): void {
    for (const { peer: name, unproven } of peers) {
      const peer = this.#site.clusters.peer(name);
      if (peer !== undefined) this.#workFor(peer).copier.unproven.addAll(unproven);
    }
    this.lost({ containers: [], anywhere: lost });
  }

  /** Of every peer, also those that nothing was copied to yet. */
  status(maxNamed = MAX_SHOWN): CopierStatus[] {
    return this.#allPeers().map((peer) => {
      const { copier, windows, limit } = this.#workFor(peer);
      return {
        ...copier.status(maxNamed),
        ...limitState(limit),
        canary: this.#canary?.state(peer.name) ?? NO_CANARY,
        objectives: windows.state(copier.waited(), this.#site.now()),
      };
    });
  }

  /** What is not done by now is not done by this process: `status` says so from then on. */
  close(): void {
    this.#canary?.close();
    for (const { copier, prover } of this.#work.values()) {
      prover.close();
      copier.close();
    }
  }

  #allPeers(): readonly Peer[] {
    return audienceFor(this.#site, this.#site.clusters.all()).peers;
  }

  #workFor(peer: Peer): PeerWork {
    const known = this.#work.get(peer.name);
    if (known !== undefined) return known;
    const { log, now } = this.#site;
    const { concurrency, queueLength, objectiveFor, bandwidth } = this.#options;
    const windows = new ObjectiveWindows(objectiveFor);
    const limit = bandwidth && new ByteLimit(() => rateAt(bandwidth, new Date(now())));
    const copier: PeerCopier = new PeerCopier({
      ...{ peer: peer.name, queueLength, log, now },
      concurrency: () => concurrencyUnder(concurrency, limit),
      copy: (job) => (isCanary(job) ? this.#copyCanary(peer) : this.#copy(peer, copier, job, limit)),
      onCopied: (job, seconds) => {
        if (isCanary(job)) {
          this.#canary?.arrived(peer.name, seconds, now());
          return;
        }
        this.lags.observe(peer.name, job.method ?? 'PUT', seconds);
        windows.add(job, seconds, now());
      },
      onMissed: (job) => windows.add(job, Infinity, now()),
    });
    const prover = new Prover({
      ...{ site: this.#site, peer, unproven: copier.unproven },
      peersOf: (name) => this.#readPeers(name),
      isInTrouble: () => copier.isInTrouble,
    });
    const work = { copier, prover, windows, limit };
    this.#work.set(peer.name, work);
    return work;
  }

  #copyCanary(peer: Peer): Promise<Copied> {
    return this.#canary?.copy(peer) ?? Promise.resolve({ kind: 'there', bytes: 0 });
  }

  async #copy(peer: Peer, copier: PeerCopier, job: CopyJob, limit: ByteLimit | undefined): Promise<Copied> {
    const known = await this.#site.containerKeys.get(job, SERVICE);
    const how = { looksFirst: job.looksFirst, sendsBytes: hasPut(job), limit };
    if (known?.isSynced === true) return copyObject(this.#local, peer, job, known.key, how);
    // Not set up yet, versioned, its owner's own, or fenced: nothing of it is copied, and what it lacks there counts as behind.
    if (known !== undefined) copier.missed(job);
    return { kind: 'apart' };
  }

  #peersOf(name: ContainerName): Promise<readonly Peer[]> {
    const id = `${name.account}/${name.container}`;
    const known = this.#placements.get(id);
    if (known !== undefined && known.untilMs > performance.now()) return known.peers;
    const peers = this.#readPeers(name);
    peers.then(
      (found) => {
        const untilMs = performance.now() + NO_PEERS_MS;
        if (found.length === 0) this.#placements.set(id, { peers, untilMs });
      },
      () => this.#placements.delete(id),
    );
    if (this.#placements.size >= MAX_PLACEMENTS) this.#placements.clear();
    this.#placements.set(id, { peers, untilMs: performance.now() + PLACEMENT_MS });
    return peers;
  }

  async #isHeldBack(name: ContainerName): Promise<boolean> {
    return isHeldBack(await this.#recordOf(name));
  }

  async #recordOf({ account, container }: ContainerName): Promise<Record> {
    return (await this.#site.records?.read({ account, container })) ?? EMPTY;
  }

  /** None for what is versioned, or its owner's own: that is not copied. */
  async #readPeers({ account, container }: ContainerName): Promise<readonly Peer[]> {
    const name = { account, container };
    const record = await this.#recordOf(name);
    return isHeldBack(record) ? [] : audienceFor(this.#site, placementFor(this.#site, name, record)).peers;
  }
}

/** A transfer that gets less stands still for so long at times that Swift gives it up. */
const LEAST_SHARE_BYTES_PER_SECOND = 32_000;

function concurrencyUnder(most: number, limit: ByteLimit | undefined): number {
  if (limit === undefined) return most;
  return Math.max(1, Math.min(most, Math.floor(limit.bytesPerSecond / LEAST_SHARE_BYTES_PER_SECOND)));
}

function limitState(
  limit: ByteLimit | undefined,
): Pick<CopierStatus, 'limitBytesPerSecond' | 'throttledSeconds'> {
  const { throttledSeconds = 0, bytesPerSecond = Infinity } = limit ?? {};
  return bytesPerSecond === Infinity
    ? { throttledSeconds }
    : { throttledSeconds, limitBytesPerSecond: bytesPerSecond };
}
