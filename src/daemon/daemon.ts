// The daemon of one cluster: tells peers again what they did not take, every few seconds, and audits everything, every few minutes.
import { setTimeout as sleep } from 'node:timers/promises';
import { AutosyncError } from '../lib/errors.js';
import type { Keeper } from '../records/keeper.js';
import { clusterLabel } from '../records/names.js';
import type { BaseSite } from '../site/site.js';
import { audit } from './audit.js';
import { PendingWorker } from './pending.js';
import { PassCount, type PassReport } from './report.js';

export interface DaemonOptions {
  readonly pendingIntervalMs: number;
  readonly auditIntervalMs: number;
  readonly lookEvery: number;
  readonly reclaimAgeMs: number;
}

/** Where the last pass's report is kept, for `autosync status`. */
export function reportObject(cluster: string): string {
  return `s/${clusterLabel(cluster)}`;
}

export class Daemon {
  readonly #site: BaseSite;
  readonly #records: Keeper;
  readonly #options: DaemonOptions;
  readonly #pending: PendingWorker;
  #turn = 0;
  /** Peers that the last audit could not ask. */
  #leftOut: readonly string[] = [];

  /** @throws AutosyncError CONFIG_INVALID without a service user */
  constructor(site: BaseSite, options: DaemonOptions) {
    if (site.records === undefined)
      throw new AutosyncError('CONFIG_INVALID', 'The daemon needs the section [service].');
    this.#site = site;
    this.#records = site.records;
    this.#options = options;
    this.#pending = new PendingWorker(site, site.records);
  }

  /** Until the signal. What goes wrong is logged, and tried again. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      every(this.#options.pendingIntervalMs, signal, () =>
        this.#guard('pending', () => this.#pending.round()),
      ),
      every(
        this.#options.auditIntervalMs,
        signal,
        () =>
          this.#guard('audit', async () => {
            const report = await this.#audit({ isDryRun: false, lookEvery: this.#options.lookEvery, signal });
            this.#leftOut = report.unreachable;
          }),
        () => this.#isBack(),
      ),
    ]);
  }

  /** All that is pending, and a whole pass in which every container is looked at. @throws AutosyncError RECORDS_UNAVAILABLE */
  async once(options: {
    readonly isDryRun: boolean;
    /** Only that account. */
    readonly account?: string;
    readonly onProgress?: (count: PassCount) => void;
  }): Promise<PassReport> {
    const count = new PassCount();
    if (!options.isDryRun) await this.#pending.round((finding) => count.add(finding));
    return this.#audit({ lookEvery: 1, count, ...options });
  }

  async #audit(options: {
    readonly isDryRun: boolean;
    readonly lookEvery: number;
    readonly account?: string;
    readonly signal?: AbortSignal;
    readonly count?: PassCount;
    readonly onProgress?: (count: PassCount) => void;
  }): Promise<PassReport> {
    const report = await audit(this.#site, this.#records, {
      ...options,
      forgetAfterMs: this.#options.reclaimAgeMs,
      turn: this.#turn,
    });
    this.#turn += 1;
    // A pass over a part says nothing of the whole.
    if (options.isDryRun || options.account !== undefined) return report;
    const body = Buffer.from(JSON.stringify(report));
    await this.#records.store.put(reportObject(this.#site.clusters.mine), body, 'application/json');
    return report;
  }

  /** A peer that the last audit had to leave out answers again: the next one is due now. */
  async #isBack(): Promise<boolean> {
    for (const name of this.#leftOut) {
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

/** How often it is looked whether work is due early. */
const LOOK_MS = 2_000;

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
      const pause = sleep(Math.min(leftMs, LOOK_MS), 'over', { signal });
      const isStopped = (await pause.catch(() => 'stopped')) === 'stopped';
      if (isStopped || (await isDue())) break;
    }
  }
}
