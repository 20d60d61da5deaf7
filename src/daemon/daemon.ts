// The daemon of one cluster: tells peers again what they did not take, every few seconds, audits everything, every few minutes, and
// compares all objects, now and then; nothing of it while it is paused.
import { setTimeout as sleep } from 'node:timers/promises';
import { AutosyncError } from '../lib/errors.js';
import { foldGone } from '../records/fold.js';
import type { Keeper } from '../records/keeper.js';
import type { BaseSite } from '../site/site.js';
import { audit, type AuditOptions } from './audit.js';
import { checkFence } from './fencing.js';
import { auditObjects } from './object-audit.js';
import { Pace } from './pace.js';
import { PassLog } from './passes.js';
import { expectNotPaused, pauseText, readPause, type Pause } from './pause.js';
import { PendingWorker } from './pending.js';
import { PassCount, type PassReport } from './report.js';
import { rotated, turnAfter } from './rotation.js';
import type { Share } from './share.js';

export interface DaemonOptions extends Share {
  readonly pendingIntervalMs: number;
  readonly auditIntervalMs: number;
  /** 0: never. */
  readonly objectAuditIntervalMs: number;
  readonly lookEvery: number;
  readonly reclaimAgeMs: number;
  /** 0: as fast as it goes. */
  readonly containersPerSecond: number;
}

/** How often it is looked whether work is due early, or is to pause. */
const LOOK_MS = 2_000;
/** How often it is looked who writes records no more. */
const FOLD_MS = 3_600_000;
/** How often a pass says how far it is. */
const PROGRESS_MS = 10_000;

/** The last object audit of this process. */
interface ObjectsThen {
  readonly atMs: number;
  readonly leftOut: readonly string[];
  /** Something was not the same, or changed too lately to say. */
  readonly isOpen: boolean;
}

export class Daemon {
  readonly #site: BaseSite;
  readonly #records: Keeper;
  readonly #options: DaemonOptions;
  readonly #passes: PassLog;
  /** Nothing is changed before it is known who was away for too long. */
  #hasCheckedFence = false;
  #fencedThen: readonly string[] = [];
  /** Peers that the last audit could not ask. */
  #leftOut: readonly string[] = [];
  #hasAudited = false;
  /** Containers from before our time, since objects were compared last: theirs are to go everywhere soon. */
  #hasTakenOver = false;
  #objects: ObjectsThen | undefined;

  /** @throws AutosyncError CONFIG_INVALID without a service user */
  constructor(site: BaseSite, options: DaemonOptions) {
    if (site.records === undefined)
      throw new AutosyncError('CONFIG_INVALID', 'The daemon needs the section [service].');
    this.#site = site;
    this.#records = site.records;
    this.#options = options;
    this.#passes = new PassLog(site.records, site.clusters.mine, options);
  }

  /** Until the signal. What goes wrong is logged, and tried again. */
  async run(signal: AbortSignal): Promise<void> {
    let said = '';
    while (!signal.aborted) {
      const pause = await this.#pause();
      const text = typeof pause === 'object' ? pauseText(pause) : '';
      if (text !== said && text !== '') this.#site.log.warn({}, text);
      said = text;
      if (pause === undefined) await this.#workUntil(signal);
      else await isOver(LOOK_MS, signal);
    }
  }

  /** All that is pending, and a whole pass in which every container is looked at. @throws AutosyncError PAUSED, RECORDS_UNAVAILABLE */
  async once(options: {
    readonly isDryRun: boolean;
    /** Only that account. */
    readonly account?: string;
    /** Where it counts as it goes. */
    readonly count?: PassCount;
  }): Promise<PassReport> {
    const { count = new PassCount() } = options;
    if (!options.isDryRun) await expectNotPaused(this.#records);
    await this.#checkFence(count, options.isDryRun);
    if (!options.isDryRun) {
      const pending = new PendingWorker(this.#site, this.#records, { share: this.#options });
      await pending.round({ report: (finding) => count.add(finding) });
    }
    return this.#audit({ lookEvery: 1, ...options, count });
  }

  /** How many containers the last whole pass had; undefined for none. @throws AutosyncError RECORDS_UNAVAILABLE */
  async lastCount(): Promise<number | undefined> {
    return (await this.#passes.last())?.containers;
  }

  /** Until the signal, or until somebody pauses the daemon. Retries begin anew with it. */
  async #workUntil(signal: AbortSignal): Promise<void> {
    const paused = new AbortController();
    const working = AbortSignal.any([signal, paused.signal]);
    const pending = new PendingWorker(this.#site, this.#records, { share: this.#options });
    const { pendingIntervalMs, auditIntervalMs, lookEvery } = this.#options;
    await Promise.all([
      every(pendingIntervalMs, working, () =>
        this.#guard('pending', async () => {
          if (this.#hasCheckedFence) await pending.round({ signal: working });
        }),
      ),
      every(
        auditIntervalMs,
        working,
        () =>
          this.#guard('audit', async () => {
            const count = new PassCount();
            await this.#checkFence(count, false);
            const report = await this.#audit({ isDryRun: false, lookEvery, signal: working, count });
            this.#leftOut = report.unreachable;
            this.#hasAudited = true;
            this.#hasTakenOver ||= count.takenOver > 0;
          }),
        async () => (await this.#hasFenceChanged()) || (await this.#isBack(this.#leftOut)),
      ),
      ...this.#compareObjects(working),
      ...this.#foldGone(working),
      every(LOOK_MS, working, async () => {
        const pause = await this.#pause();
        if (typeof pause === 'object') paused.abort();
      }),
    ]);
  }

  /** Again and again, as soon as the containers were audited: they have to be there first. */
  #compareObjects(signal: AbortSignal): Promise<void>[] {
    const { objectAuditIntervalMs, auditIntervalMs } = this.#options;
    if (objectAuditIntervalMs === 0) return [];
    const compare = (): Promise<void> =>
      this.#guard('object audit', async () => {
        if (this.#hasAudited) await this.#auditObjects(signal);
      });
    const isDue = async (): Promise<boolean> => {
      const last = this.#objects;
      if (last === undefined || this.#hasTakenOver) return this.#hasAudited;
      const isOpen = last.isOpen && performance.now() - last.atMs > auditIntervalMs;
      return isOpen || (await this.#isBack(last.leftOut));
    };
    return [every(objectAuditIntervalMs, signal, compare, isDue)];
  }

  /** One of the daemons that share the work does it for all. */
  #foldGone(signal: AbortSignal): Promise<void>[] {
    if (this.#options.process !== 0) return [];
    const fold = (): Promise<void> =>
      this.#guard('folding', async () => {
        const objects = await foldGone(this.#records, (ms) => isOver(ms, signal));
        if (objects > 0) this.#site.log.info({ objects }, 'took over records of writers that are no more');
      });
    return [every(FOLD_MS, signal, fold)];
  }

  async #auditObjects(signal: AbortSignal): Promise<void> {
    const { reclaimAgeMs } = this.#options;
    const last = await this.#passes.lastObjects();
    this.#hasTakenOver = false;
    const report = await auditObjects(this.#site, this.#records, {
      ...{ reclaimAgeMs, share: this.#options, last, signal },
    });
    if (signal.aborted) return;
    await this.#passes.keepObjects(report);
    const isOpen = report.unmended + report.onTheirWay > 0 || report.brokenOff !== undefined;
    this.#objects = { atMs: performance.now(), leftOut: report.unreachable, isOpen };
  }

  async #checkFence(count: PassCount, isDryRun: boolean): Promise<void> {
    const { reclaimAgeMs } = this.#options;
    for (const finding of await checkFence(this.#site, this.#records, { reclaimAgeMs, isDryRun }))
      count.add(finding);
    this.#hasCheckedFence = true;
    this.#fencedThen = this.#site.fence.clusters;
  }

  /** The ring is another one: the next audit is due now. */
  async #hasFenceChanged(): Promise<boolean> {
    const { fence } = this.#site;
    await fence.load();
    return fence.clusters.join() !== this.#fencedThen.join();
  }

  /** `unknown` while the store does not say. */
  async #pause(): Promise<Pause | 'unknown' | undefined> {
    try {
      return await readPause(this.#records);
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
      this.#site.log.warn({ code: error.code }, `whether to pause is not known: ${error.message}`);
      return 'unknown';
    }
  }

  async #audit(
    options: Pick<AuditOptions, 'isDryRun' | 'lookEvery' | 'account' | 'signal' | 'count'>,
  ): Promise<PassReport> {
    const { signal, count = new PassCount() } = options;
    const { reclaimAgeMs, containersPerSecond } = this.#options;
    // A pass over a part, or one that changes nothing, says nothing of the whole.
    const isWhole = !options.isDryRun && options.account === undefined;
    const last = isWhole ? await this.#passes.last() : undefined;
    // Until everything was looked at once, nothing is known of what listings do not show.
    const fenced = this.#site.fence.clusters;
    const isNewRing = fenced.join() !== (last?.fenced ?? []).join();
    const lookEvery = isWhole && (last?.rotation === undefined || isNewRing) ? 1 : options.lookEvery;
    const stopProgress = isWhole ? this.#keepProgress(count, last?.containers) : undefined;
    const report = await audit(this.#site, this.#records, {
      ...options,
      lookEvery,
      count,
      forgetAfterMs: reclaimAgeMs,
      turn: turnAfter(last?.rotation, lookEvery),
      share: this.#options,
      troubled: new Set(last?.troubled),
      ...(containersPerSecond === 0 ? {} : { pace: new Pace(containersPerSecond) }),
    }).finally(() => stopProgress?.());
    if (!isWhole || signal?.aborted === true) return report;
    const isBroken = report.brokenOff !== undefined;
    const rotation = isBroken ? last?.rotation : rotated(last?.rotation, lookEvery, report.startedAt);
    await this.#passes.keep({
      ...report,
      ...(rotation === undefined ? {} : { rotation }),
      fenced: isBroken ? (last?.fenced ?? []) : fenced,
      // What a broken pass did not come to is not known to be well.
      troubled: [...new Set([...(isBroken ? (last?.troubled ?? []) : []), ...count.troubled])],
    });
    return report;
  }

  /** Says every few seconds how far the pass is, until the function that it returns is called. */
  #keepProgress(count: PassCount, expected: number | undefined): () => Promise<void> {
    const startedAt = new Date().toISOString();
    let writing: Promise<void> | undefined;
    const timer = setInterval(() => {
      writing = this.#guard('progress', () =>
        this.#passes.keepProgress({
          ...{ startedAt, at: new Date().toISOString() },
          ...{ containers: count.containers, looked: count.looked, mended: count.of('mended') },
          ...(expected === undefined ? {} : { expected }),
        }),
      );
    }, PROGRESS_MS);
    return async () => {
      clearInterval(timer);
      if (writing === undefined) return;
      await writing;
      await this.#guard('progress', () => this.#passes.dropProgress());
    };
  }

  /** A peer that an audit had to leave out answers again: the next one is due now. */
  async #isBack(leftOut: readonly string[]): Promise<boolean> {
    for (const name of leftOut) {
      const asked = await this.#site.clusters.peer(name)?.send({ method: 'GET', target: '/info' });
      if (asked?.kind === 'answer' && asked.answer.status === 200) return true;
    }
    return false;
  }

  async #guard(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof AutosyncError)
        this.#site.log.warn({ code: error.code }, `${what}: ${error.message}`);
      else this.#site.log.error({ err: error }, `${what}: a fault of autosync itself`);
    }
  }
}

/** Calls `work` again and again, the first time at once, with that pause between, or less where `isDue` says so. */
async function every(
  pauseMs: number,
  signal: AbortSignal,
  work: () => Promise<void>,
  isDue: () => Promise<boolean> = () => Promise.resolve(false),
): Promise<void> {
  while (!signal.aborted) {
    await work();
    for (let leftMs = pauseMs; leftMs > 0; leftMs -= LOOK_MS) {
      if (!(await isOver(Math.min(leftMs, LOOK_MS), signal)) || (await isDue())) break;
    }
  }
}

/** Whether the time is over; false: the signal came first. */
async function isOver(ms: number, signal: AbortSignal): Promise<boolean> {
  return await sleep(ms, true, { signal }).catch(() => false);
}
