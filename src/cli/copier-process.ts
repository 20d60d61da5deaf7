// The process beside the gateway that copies objects: started, fed, asked and ended from here. Its trouble is never the gateway's.
import { fork, type ChildProcess } from 'node:child_process';
import type { CopierStatus, LostJobs } from '../copy/copier.js';
import type { CopyJob, CopyJobs, CopyOutcome } from '../copy/job.js';
import { Unproven } from '../copy/unproven.js';
import type { Logger } from '../lib/logger.js';
import { Questions, type Answer } from './questions.js';

/** What a copier says of itself. */
export interface CopierAnswer {
  readonly peers: readonly CopierStatus[];
  /** The histogram of its copies, as Prometheus reads it. */
  readonly lags: string;
}

/** To the copier: what one before it left undone, jobs, jobs that did not reach it, or a question. */
export type ToCopier =
  | { readonly kind: 'start'; readonly lost: LostJobs | undefined }
  | { readonly kind: 'jobs'; readonly jobs: readonly CopyJob[] }
  | { readonly kind: 'ask-copy'; readonly id: number; readonly job: CopyJob }
  | { readonly kind: 'lost'; readonly lost: LostJobs }
  | { readonly kind: 'ask-status'; readonly id: number };
/** From it: the answer; or that the first so many jobs are done, or kept as not done. */
export type FromCopier = Answer | { readonly kind: 'settled'; readonly taken: number };

const RESTART_MS = 1_000;
const ANSWER_MS = 2_000;
/** How long it may take to say last what it left undone. */
const STOP_MS = 4_000;
/** Jobs given to the process that it has not taken off its pipe: beyond these it is not keeping up. */
const MAX_UNTAKEN = 10_000;
/** Containers that are remembered in case it dies. */
const MAX_CONTAINERS = 10_000;
const TELL_LOST_MS = 1_000;

export class CopierProcess implements CopyJobs {
  readonly #confFile: string;
  readonly #log: Logger;
  readonly #questions = new Questions();
  #child: ChildProcess | undefined;
  #batch: CopyJob[] = [];
  #untaken = 0;
  #sent = 0;
  /** Where jobs went since it last had none: if it dies, any of them may be lost. */
  #atRisk = new Unproven(MAX_CONTAINERS);
  /** Jobs that did not reach it, until it is told. */
  #lost = new Unproven(MAX_CONTAINERS);
  #isStopping = false;
  /** Jobs that never reached it: container sync brings what they were for. */
  dropped = 0;

  constructor(confFile: string, log: Logger) {
    this.#confFile = confFile;
    this.#log = log;
    this.#start(undefined);
    setInterval(() => this.#tellLost(), TELL_LOST_MS).unref();
  }

  add(job: CopyJob): void {
    if (this.#child === undefined || this.#untaken + this.#batch.length >= MAX_UNTAKEN) {
      this.#drop(job);
      return;
    }
    this.#batch.push(job);
    if (this.#batch.length === 1) setImmediate(() => this.#flush());
  }

  copy(job: CopyJob, timeoutMs: number): Promise<readonly CopyOutcome[]> {
    if (this.#child?.connected !== true) {
      this.#drop(job);
      return Promise.reject(new Error('The copier process does not run.'));
    }
    this.#risk(job);
    return this.#questions.ask((id) => this.#send({ kind: 'ask-copy', id, job }), timeoutMs);
  }

  /** Undefined where it does not answer. */
  status(): Promise<CopierAnswer | undefined> {
    const asked = this.#questions.ask<CopierAnswer>(
      (id) => this.#send({ kind: 'ask-status', id }),
      ANSWER_MS,
    );
    return asked.catch(() => undefined);
  }

  /** Resolves when it has ended, which it gets a moment for. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    child.kill('SIGTERM');
    await ended;
    clearTimeout(timer);
  }

  /** @param lost with the one before it */
  #start(lost: LostJobs | undefined): void {
    const child = fork(process.argv[1] as string, ['copier', this.#confFile], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    this.#untaken = 0;
    this.#sent = 0;
    child.on('message', (message: FromCopier) => {
      if (message.kind === 'answer') this.#questions.answered(message);
      if (message.kind === 'settled' && message.taken === this.#sent)
        this.#atRisk = new Unproven(MAX_CONTAINERS);
    });
    child.once('error', (error) => this.#log.error({ err: error }, 'the copier process cannot be run'));
    child.once('exit', (code, signal) => {
      this.#child = undefined;
      if (this.#isStopping) return;
      this.#log.error(
        { code, signal },
        'the copier died; another one starts. Container sync brings what it lost',
      );
      setTimeout(() => this.#isStopping || this.#start(this.#atRisk.state()), RESTART_MS);
    });
    this.#send({ kind: 'start', lost });
  }

  #flush(): void {
    const jobs = this.#batch;
    this.#batch = [];
    if (this.#child?.connected !== true) {
      jobs.forEach((job) => this.#drop(job));
      return;
    }
    this.#untaken += jobs.length;
    for (const job of jobs) this.#risk(job);
    this.#send({ kind: 'jobs', jobs }, () => (this.#untaken -= jobs.length));
  }

  /** From now on it is lost if the process dies. */
  #risk(job: CopyJob): void {
    this.#sent += 1;
    this.#atRisk.add(job, spanOf(job), 1);
  }

  #drop(job: CopyJob): void {
    this.dropped += 1;
    this.#atRisk.add(job, spanOf(job), 1);
    this.#lost.add(job, spanOf(job), 1);
  }

  #tellLost(): void {
    const lost = this.#lost.state();
    if (lost.sinceMs === undefined || this.#child?.connected !== true) return;
    this.#lost = new Unproven(MAX_CONTAINERS);
    this.#send({ kind: 'lost', lost });
  }

  #send(message: ToCopier, then: () => void = () => undefined): void {
    this.#child?.send(message, then);
  }
}

function spanOf({ sinceMs }: CopyJob): { readonly firstMs: number; readonly lastMs: number } {
  return { firstMs: sinceMs, lastMs: Math.max(sinceMs, Date.now()) };
}
