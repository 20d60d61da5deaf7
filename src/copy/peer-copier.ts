// The copies that are to go to one peer: so many at once, large ones not in the way of small ones, and slower while it is in trouble.
import { AutosyncError } from '../lib/errors.js';
import type { Logger } from '../lib/logger.js';
import type { CopyJob, CopyOutcome } from './job.js';
import { backlogOf, type ContainerBacklog } from './backlog.js';
import { isLarge, JobQueue } from './job-queue.js';
import { isCanary } from './canary.js';
import { Unproven, type Span, type UnprovenState } from './unproven.js';
import type { Copied } from './copy-object.js';
import type { Waiting } from './objective.js';

export interface PeerCopierStatus {
  readonly peer: string;
  readonly waiting: number;
  readonly underWay: number;
  /** Of the oldest that waits or is under way; 0 for none. */
  readonly oldestSeconds: number;
  /** Of what waits or is under way, as far as clients said. */
  readonly bytesBehind: number;
  /** Those whose oldest has waited longest, first. */
  readonly containers: readonly ContainerBacklog[];
  /** What was dropped, refused or lost, and not found there since. */
  readonly unproven: UnprovenState;
  readonly copied: number;
  readonly copiedBytes: number;
  /** It had them, or newer ones. */
  readonly there: number;
  /** Left to container sync. */
  readonly dropped: number;
  readonly refused: number;
  /** Why it waits; '' while it does not. */
  readonly trouble: string;
}

export interface PeerCopierOptions {
  readonly peer: string;
  /** Copies at once, now. */
  readonly concurrency: () => number;
  readonly queueLength: number;
  readonly copy: (job: CopyJob) => Promise<Copied>;
  readonly log: Logger;
  readonly now?: () => number;
  /** The peer has answered; after so many seconds since the client had its answer. */
  readonly onCopied?: (job: CopyJob, seconds: number) => void;
  /** It was given up: dropped, refused, or left undone at the end. */
  readonly onMissed?: (job: CopyJob) => void;
}

/** What is said of a container that is not kept the same. */
export const STAYS = 'objects of this container stay where they are written';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** Containers that are remembered for what was not copied. */
const MAX_UNPROVEN = 10_000;

export class PeerCopier {
  readonly #options: PeerCopierOptions;
  readonly #now: () => number;
  readonly #queue: JobQueue;
  readonly #underWay = new Set<CopyJob>();
  /** Who waits to hear what came of an object's next copy. */
  readonly #askers = new Map<string, ((copied: Copied) => void)[]>();
  readonly #counts = { copied: 0, copiedBytes: 0, there: 0, refused: 0 };
  readonly unproven = new Unproven(MAX_UNPROVEN);
  #trouble = '';
  #waitMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: PeerCopierOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#queue = new JobQueue(options.queueLength);
  }

  add(job: CopyJob): void {
    this.#put(job);
    this.#pump();
  }

  /** Resolves when the peer has what is here now, or is in trouble: then the job waits on. */
  copy(job: CopyJob): Promise<CopyOutcome> {
    return new Promise((resolve) => {
      const cluster = this.#options.peer;
      if (!this.#put(job)) {
        resolve({ cluster, isDone: false, detail: 'too much waits for it' });
        return;
      }
      const key = nameOf(job);
      const hear = (copied: Copied): void => resolve({ cluster, ...heardOf(copied) });
      this.#askers.set(key, [...(this.#askers.get(key) ?? []), hear]);
      if (this.#trouble !== '') this.#answer(key, { kind: 'later', detail: this.#trouble });
      this.#pump();
    });
  }

  get isInTrouble(): boolean {
    return this.#trouble !== '';
  }

  /** It was not copied, and will not be by us. */
  missed(job: CopyJob): void {
    if (isCanary(job)) return;
    this.unproven.add(job, this.#spanOf(job), 1);
    this.#options.onMissed?.(job);
  }

  /** What is not done will not be done by this one any more: from then on it is unproven. */
  close(): void {
    for (const job of this.#notDone()) this.missed(job);
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** What is not done, and for how long. */
  waited(): Waiting[] {
    return this.#notDone().map((job) => [job, this.#secondsSince(job.sinceMs)]);
  }

  get isIdle(): boolean {
    return this.#notDone().length === 0;
  }

  /** @param maxNamed containers that are named at most, for each thing that is said of them */
  status(maxNamed: number): PeerCopierStatus {
    const { objects, bytes, oldestMs, containers } = backlogOf(this.#notDone(), maxNamed);
    const underWay = [...this.#underWay].filter((job) => !isCanary(job)).length;
    return {
      peer: this.#options.peer,
      waiting: objects - underWay,
      underWay,
      oldestSeconds: this.#secondsSince(oldestMs ?? Infinity),
      bytesBehind: bytes,
      containers,
      unproven: this.unproven.state(maxNamed),
      ...this.#counts,
      dropped: this.#queue.dropped,
      trouble: this.#trouble,
    };
  }

  /** False where there is no room for it: it counts as behind from now on. */
  #put(job: CopyJob): boolean {
    const isTaken = !this.#isClosed && this.#queue.add(job);
    if (!isTaken) this.missed(job);
    return isTaken;
  }

  #notDone(): CopyJob[] {
    if (this.#isClosed) return [];
    return [...this.#underWay, ...this.#queue.jobs()].filter((job) => !isCanary(job));
  }

  #spanOf({ sinceMs }: CopyJob): Span {
    return { firstMs: sinceMs, lastMs: Math.max(sinceMs, this.#now()) };
  }

  #secondsSince(ms: number): number {
    return Math.max(0, (this.#now() - ms) / 1000);
  }

  #pump(): void {
    // In trouble, one at a time: it tells when that is over.
    const limit = this.#trouble === '' ? this.#options.concurrency() : 1;
    const large = (): number => [...this.#underWay].filter(isLarge).length;
    while (!this.#isClosed && this.#timer === undefined && this.#underWay.size < limit) {
      const job = this.#queue.take(large() < Math.max(1, Math.floor(limit / 2)));
      if (job === undefined) return;
      this.#underWay.add(job);
      void this.#work(job);
    }
  }

  async #work(job: CopyJob): Promise<void> {
    // Who asks from now on asks about what comes after this job.
    const askers = this.#takeAskers(nameOf(job));
    const copied = await this.#copy(job);
    for (const hear of askers) hear(copied);
    this.#underWay.delete(job);
    this.#queue.done(job);
    switch (copied.kind) {
      case 'later':
        this.#put(job);
        this.#wait(copied.detail);
        return;
      case 'refused':
        this.#refused(job, copied.detail);
        break;
      case 'apart':
        break;
      case 'copied':
      case 'there':
        if (!isCanary(job)) this.#counts[copied.kind] += 1;
        this.#counts.copiedBytes += copied.bytes;
        this.#options.onCopied?.(job, this.#secondsSince(job.sinceMs));
    }
    this.#trouble = '';
    this.#waitMs = 0;
    this.#pump();
  }

  #answer(key: string, copied: Copied): void {
    for (const hear of this.#takeAskers(key)) hear(copied);
  }

  #takeAskers(key: string): readonly ((copied: Copied) => void)[] {
    const askers = this.#askers.get(key) ?? [];
    this.#askers.delete(key);
    return askers;
  }

  #refused(job: CopyJob, detail: string): void {
    if (isCanary(job)) return;
    this.#counts.refused += 1;
    this.missed(job);
    const { account, container, object } = job;
    const fields = { account, container, object, peer: this.#options.peer };
    this.#options.log.warn(fields, `not copied: ${detail}; container sync goes on trying`);
  }

  async #copy(job: CopyJob): Promise<Copied> {
    try {
      return await this.#options.copy(job);
    } catch (error) {
      if (error instanceof AutosyncError) return { kind: 'later', detail: error.message };
      this.#options.log.error({ err: error }, 'a copy failed: a fault of autosync itself');
      return { kind: 'refused', detail: 'a fault of autosync itself' };
    }
  }

  #wait(detail: string): void {
    this.#trouble = detail;
    if (this.#timer !== undefined || this.#isClosed) return;
    this.#waitMs = Math.min(LONGEST_WAIT_MS, this.#waitMs * 2 || FIRST_WAIT_MS);
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#pump();
      },
      this.#waitMs * (0.75 + Math.random() / 2),
    );
    this.#timer.unref();
  }
}

function nameOf({ account, container, object }: CopyJob): string {
  return `${account}/${container}/${object}`;
}

function heardOf(copied: Copied): Omit<CopyOutcome, 'cluster'> {
  switch (copied.kind) {
    case 'copied':
    case 'there':
      return { isDone: true, detail: '' };
    case 'apart':
      return { isDone: false, detail: STAYS };
    default:
      return { isDone: false, detail: copied.detail };
  }
}
