// The process beside the gateway that copies objects: started, fed, asked and ended from here. Its trouble is never the gateway's.
import { fork, type ChildProcess } from 'node:child_process';
import type { CopyJob, CopyJobs } from '../copy/job.js';
import type { PeerCopierStatus } from '../copy/peer-copier.js';
import type { Logger } from '../lib/logger.js';

/** To the copier: jobs, or a question. From it: the answer. */
export type CopierMessage =
  | { readonly kind: 'jobs'; readonly jobs: readonly CopyJob[] }
  | { readonly kind: 'ask-status' }
  | { readonly kind: 'status'; readonly peers: readonly PeerCopierStatus[] };

const RESTART_MS = 1_000;
const ANSWER_MS = 2_000;
/** Jobs given to the process that it has not taken off its pipe: beyond these it is not keeping up. */
const MAX_UNTAKEN = 10_000;

export class CopierProcess implements CopyJobs {
  readonly #confFile: string;
  readonly #log: Logger;
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

  /** Empty where it does not answer. */
  status(): Promise<readonly PeerCopierStatus[]> {
    const child = this.#child;
    if (child === undefined) return Promise.resolve([]);
    return new Promise((resolve) => {
      const finish = (peers: readonly PeerCopierStatus[]): void => {
        clearTimeout(timer);
        child.off('message', hear);
        resolve(peers);
      };
      const timer = setTimeout(() => finish([]), ANSWER_MS);
      const hear = (message: CopierMessage): void => {
        if (message.kind === 'status') finish(message.peers);
      };
      child.on('message', hear);
      child.send({ kind: 'ask-status' } satisfies CopierMessage, () => undefined);
    });
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
