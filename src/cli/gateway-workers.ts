// Several gateway processes as one: the process above starts them again when they die, and asks them how they are.
import nodeCluster, { type Worker } from 'node:cluster';
import type { CopyJob, CopyJobs, CopyOutcome } from '../copy/job.js';
import { mergeStatus, sumCounters, type GatewayStatus } from '../gateway/status.js';
import type { Logger } from '../gateway/station.js';
import { answer, Questions, type Answer } from './questions.js';

/** A worker that dies is started again, but not faster than this. */
const RESTART_MS = 1_000;
const ANSWER_MS = 2_000;

/** What the process above and its workers tell each other. */
type Message =
  | { readonly kind: 'copy'; readonly job: CopyJob }
  | { readonly kind: 'ask-copy'; readonly id: number; readonly job: CopyJob; readonly timeoutMs: number }
  | { readonly kind: 'ask-status'; readonly id: number }
  | Answer;

/** The process above the workers. */
export class Supervisor {
  readonly #questions = new Questions();
  /** What each worker said last. */
  readonly #heard = new Map<number, GatewayStatus>();
  /** What workers counted that are no more, as far as they said: counters of the host never go back. */
  #ended: Readonly<Record<string, number>> = {};
  #isStopping = false;

  constructor(copies: CopyJobs, log: Logger) {
    nodeCluster.on('message', (worker: Worker, message: Message) => {
      if (message.kind === 'answer') this.#questions.answered(message);
      if (message.kind === 'copy') copies.add(message.job);
      if (message.kind === 'ask-copy') {
        const { id, job, timeoutMs } = message;
        void answer(
          id,
          () => copies.copy(job, timeoutMs),
          (said) => tellWorker(worker, said),
        );
      }
    });
    nodeCluster.on('exit', (worker, code, signal) => {
      this.#ended = sumCounters([this.#ended, this.#heard.get(worker.id)?.counters ?? {}]);
      this.#heard.delete(worker.id);
      if (this.#isStopping) return;
      log.error({ worker: worker.process.pid, code, signal }, 'a gateway worker died; another one starts');
      setTimeout(() => this.#isStopping || nodeCluster.fork(), RESTART_MS);
    });
  }

  /** Resolves when all listen; rejects when one ends before. */
  async start(count: number): Promise<void> {
    const workers = Array.from({ length: count }, () => nodeCluster.fork());
    await Promise.all(
      workers.map(
        (worker) =>
          new Promise<void>((resolve, reject) => {
            worker.once('listening', () => resolve());
            worker.once('exit', () => reject(new Error('A gateway worker ended at its start.')));
          }),
      ),
    );
  }

  /** Of all workers as one; of one that does not answer, what it said last. Rejects where none ever did. */
  async status(): Promise<GatewayStatus> {
    await Promise.allSettled(this.#workers().map((worker) => this.#ask(worker)));
    if (this.#heard.size === 0) throw new Error('No gateway worker answers.');
    return mergeStatus([...this.#heard.values()], this.#ended);
  }

  async #ask(worker: Worker): Promise<void> {
    const said = await this.#questions.ask<GatewayStatus>(
      (id) => tellWorker(worker, { kind: 'ask-status', id }),
      ANSWER_MS,
    );
    if (!worker.isDead()) this.#heard.set(worker.id, said);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(
      this.#workers().map((worker) => {
        worker.process.kill('SIGTERM');
        return new Promise((resolve) => worker.once('exit', resolve));
      }),
    );
  }

  #workers(): Worker[] {
    return Object.values(nodeCluster.workers ?? {}).filter((worker) => worker !== undefined);
  }
}

/** One that has died hears nothing; without a callback Node would end this process for that. */
function tellWorker(worker: Worker, message: Message): void {
  if (worker.isConnected()) worker.send(message, () => undefined);
}

/** In a worker: copies are made by the process that the one above feeds. */
class CopiesAbove implements CopyJobs {
  readonly #questions = new Questions();

  constructor() {
    process.on('message', (message: Message) => {
      if (message.kind === 'answer') this.#questions.answered(message);
    });
  }

  add(job: CopyJob): void {
    tellAbove({ kind: 'copy', job });
  }

  copy(job: CopyJob, timeoutMs: number): Promise<readonly CopyOutcome[]> {
    return this.#questions.ask((id) => tellAbove({ kind: 'ask-copy', id, job, timeoutMs }), timeoutMs);
  }
}

export function copiesAbove(): CopyJobs {
  return new CopiesAbove();
}

function tellAbove(message: Message): void {
  // It may just have ended: then nobody is left to be told.
  process.send?.(message, undefined, undefined, () => undefined);
}

/** In a worker: tells the process above how it is. */
export function answerSupervisor(status: () => GatewayStatus): void {
  process.on('message', (message: Message) => {
    if (message.kind === 'ask-status') void answer(message.id, status, tellAbove);
  });
}
