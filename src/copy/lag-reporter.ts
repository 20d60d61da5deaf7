// Keeps a copier's report in the store: every two seconds while there is anything to say, every ten while there is not. Takes over what
// copiers left undone that are gone for good.
import { AutosyncError } from '../lib/errors.js';
import type { Logger } from '../lib/logger.js';
import type { Copier } from './copier.js';
import { lostWith, type CopierState, type LagLog } from './lag-report.js';

export interface LagReporterOptions {
  readonly log: LagLog;
  readonly copier: Copier;
  readonly now: () => number;
  readonly logger: Logger;
  /** The gateway lives on since the last copier died, and says itself what was lost with that. */
  readonly isSpokenFor: boolean;
  /** Kept: nothing is under way of the first so many jobs, and what of them was not done is in the report. */
  readonly onSettled: (taken: number) => void;
}

const TICK_MS = 2_000;
const IDLE_MS = 10_000;
/** A copier that is gone for so long does not come back. */
const GONE_MS = 600_000;

export class LagReporter {
  readonly #options: LagReporterOptions;
  #timer: NodeJS.Timeout | undefined;
  #hasInherited = false;
  #keptAtMs = -Infinity;
  #keptTaken = 0;
  #wasBusy = false;
  #running: Promise<void> = Promise.resolve();
  #isEnded = false;

  constructor(options: LagReporterOptions) {
    this.#options = options;
    this.#tick();
  }

  /** Says last what is left undone. Never rejects. */
  async end(): Promise<void> {
    this.#isEnded = true;
    clearTimeout(this.#timer);
    await this.#running;
    // Before it has read what was there, it would write over it.
    if (this.#hasInherited) await this.#guarded(() => this.#keep());
  }

  #tick(): void {
    this.#running = this.#guarded(() => this.#work()).then(() => {
      if (this.#isEnded) return;
      this.#timer = setTimeout(() => this.#tick(), TICK_MS);
      this.#timer.unref();
    });
  }

  async #work(): Promise<void> {
    const { copier, now } = this.#options;
    if (!this.#hasInherited) await this.#inherit();
    const isBusy = !copier.isIdle || copier.taken !== this.#keptTaken;
    const isDue = isBusy || this.#wasBusy || now() - this.#keptAtMs >= IDLE_MS;
    if (isDue) await this.#keep();
    this.#wasBusy = isBusy;
  }

  async #keep(): Promise<void> {
    const { log, copier, now, onSettled } = this.#options;
    const { taken, isIdle } = copier;
    const atMs = now();
    await log.keep({ atMs, isEnded: this.#isEnded, peers: copier.status(MAX_KEPT) });
    this.#keptAtMs = atMs;
    this.#keptTaken = taken;
    if (isIdle) onSettled(taken);
  }

  async #inherit(): Promise<void> {
    const { log, copier, now, isSpokenFor } = this.#options;
    const last = await log.last();
    if (last !== undefined) copier.inherit(last.peers, isSpokenFor ? undefined : lostWith(last, now()));
    this.#hasInherited = true;
    for (const state of await log.others(now())) if (isGone(state, now())) await this.#takeOver(state);
  }

  /** Two that do it at once do no harm. */
  async #takeOver(state: CopierState): Promise<void> {
    const { log, copier, now } = this.#options;
    copier.inherit(state.peers, lostWith(state, now()));
    await this.#keep();
    await log.drop(state);
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
      this.#options.logger.debug({ code: error.code }, `lag not kept: ${error.message}`);
    }
  }
}

/** Containers that are named in a report, for each peer; the rest may be any. */
const MAX_KEPT = 1_000;

function isGone({ isSilent, isEnded, atMs }: CopierState, nowMs: number): boolean {
  return (isSilent || isEnded) && nowMs - atMs > GONE_MS;
}
