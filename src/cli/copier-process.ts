// The process beside the gateway that copies objects: started, fed, asked and ended from here. Its trouble is never the gateway's.
import { fork, type ChildProcess } from 'node:child_process';
import type { CopyJob, CopyJobs, CopyOutcome } from '../copy/job.js';
import type { PeerCopierStatus } from '../copy/peer-copier.js';
import type { Logger } from '../lib/logger.js';
import { Questions, type Answer } from './questions.js';

/** To the copier: jobs, or a question. From it: the answer. */
export type CopierMessage =
  | { readonly kind: 'jobs'; readonly jobs: readonly CopyJob[] }
  | { readonly kind: 'ask-copy'; readonly id: number; readonly job: CopyJob }
  | { readonly kind: 'ask-status'; readonly id: number }
  | Answer;

const RESTART_MS = 1_000;
const ANSWER_MS = 2_000;
/** Jobs given to the process that it has not taken off its pipe: beyond these it is not keeping up. */
const MAX_UNTAKEN = 10_000;

export class CopierProcess implements CopyJobs {
  readonly #confFile: string;
  readonly #log: Logger;
  readonly #questions = new Questions();
  #child: ChildProcess | undefined;
  #batch: CopyJob[] = [];
  #untaken = 0;
  #isStopping = false;
  /** Jobs that never reached it: container sync brings what they were for. */
  dropped = 0;

  constructor(confFile: string, log: Logger) {
    this.#confFile = confFile;
    this.#log = log;
    this.#start();
  }

  add(job: CopyJob): void {
    if (this.#child === undefined || this.#untaken + this.#batch.length >= MAX_UNTAKEN) {
      this.dropped += 1;
      return;
    }
    this.#batch.push(job);
    if (this.#batch.length === 1) setImmediate(() => this.#flush());
  }

  copy(job: CopyJob, timeoutMs: number): Promise<readonly CopyOutcome[]> {
    return this.#ask((id) => ({ kind: 'ask-copy', id, job }), timeoutMs);
  }

  /** Empty where it does not answer. */
  status(): Promise<readonly PeerCopierStatus[]> {
    const asked = this.#ask<PeerCopierStatus[]>((id) => ({ kind: 'ask-status', id }), ANSWER_MS);
    return asked.catch(() => []);
  }

  #ask<T>(question: (id: number) => CopierMessage, timeoutMs: number): Promise<T> {
    const child = this.#child;
    if (child?.connected !== true) return Promise.reject(new Error('The copier process does not run.'));
    return this.#questions.ask((id) => child.send(question(id), () => undefined), timeoutMs);
  }

  stop(): void {
    this.#isStopping = true;
    this.#child?.kill('SIGTERM');
  }

  #start(): void {
    const child = fork(process.argv[1] as string, ['copier', this.#confFile], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    this.#untaken = 0;
    child.on('message', (message: CopierMessage) => {
      if (message.kind === 'answer') this.#questions.answered(message);
    });
    child.once('error', (error) => this.#log.error({ err: error }, 'the copier process cannot be run'));
    child.once('exit', (code, signal) => {
      this.#child = undefined;
      if (this.#isStopping) return;
      this.#log.error(
        { code, signal },
        'the copier died; another one starts. Container sync brings what it lost',
      );
      setTimeout(() => this.#isStopping || this.#start(), RESTART_MS);
    });
  }

  #flush(): void {
    const jobs = this.#batch;
    this.#batch = [];
    if (this.#child?.connected !== true) {
      this.dropped += jobs.length;
      return;
    }
    this.#untaken += jobs.length;
    this.#child.send({ kind: 'jobs', jobs } satisfies CopierMessage, () => (this.#untaken -= jobs.length));
  }
}
