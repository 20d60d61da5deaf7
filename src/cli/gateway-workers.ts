// Several gateway processes as one: the process above starts them again when they die, and asks them how they are.
import nodeCluster, { type Worker } from 'node:cluster';
import type { CopyJob, CopyJobs } from '../copy/job.js';
import { mergeStatus, sumCounters, type GatewayStatus } from '../gateway/status.js';
import type { Logger } from '../gateway/station.js';
import { AutosyncError } from '../lib/errors.js';
import type { RecordWriter } from '../records/keeper.js';
import { parseRecord, renderRecord, type RecordName } from '../records/record.js';
import { answer, Questions, type Answer } from './questions.js';

/** A worker that dies is started again, but not faster than this. */
const RESTART_MS = 1_000;
const ANSWER_MS = 2_000;
/** Longer than Swift is waited for. */
const RECORD_MS = 90_000;

/** What the process above and its workers tell each other. */
type Message =
  | { readonly kind: 'copy'; readonly job: CopyJob }
  | { readonly kind: 'ask-copy'; readonly id: number; readonly job: CopyJob; readonly timeoutMs: number }
  | { readonly kind: 'ask-status'; readonly id: number }
  | { readonly kind: 'ask-record'; readonly id: number; readonly name: RecordName; readonly record: string }
  | Answer;

/** What the process above does for its workers. */
export interface Services {
  readonly copies: CopyJobs;
  /** Undefined where no records are kept. */
  readonly records: RecordWriter | undefined;
}

/** The process above the workers. */
export class Supervisor {
  readonly #questions = new Questions();
  /** What each worker said last. */
  readonly #heard = new Map<number, GatewayStatus>();
  /** What workers counted that are no more, as far as they said: counters of the host never go back. */
  #ended: Readonly<Record<string, number>> = {};
  #isStopping = false;

  constructor({ copies, records }: Services, log: Logger) {
    nodeCluster.on('message', (worker: Worker, message: Message) => {
      const reply = (id: number, work: () => unknown): void =>
        void answer(id, work, (said) => tellWorker(worker, said));
      if (message.kind === 'answer') this.#questions.answered(message);
      if (message.kind === 'copy') copies.add(message.job);
      if (message.kind === 'ask-copy') reply(message.id, () => copies.copy(message.job, message.timeoutMs));
      if (message.kind === 'ask-record')
        reply(message.id, () => {
          if (records === undefined) throw new Error('the gateway keeps no records: start it again');
          return records.add(message.name, parseRecord(Buffer.from(message.record)));
        });
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

/** In a worker: what the process above does for it. */
export function servicesAbove(): { readonly copies: CopyJobs; readonly records: RecordWriter } {
  const questions = new Questions();
  process.on('message', (message: Message) => {
    if (message.kind === 'answer') questions.answered(message);
  });
  return {
    copies: {
      add: (job) => tellAbove({ kind: 'copy', job }),
      copy: (job, timeoutMs) =>
        questions.ask((id) => tellAbove({ kind: 'ask-copy', id, job, timeoutMs }), timeoutMs),
    },
    records: {
      async add(name, record) {
        const text = renderRecord(record).toString('utf8');
        try {
          await questions.ask((id) => tellAbove({ kind: 'ask-record', id, name, record: text }), RECORD_MS);
        } catch (error) {
          throw new AutosyncError('RECORDS_UNAVAILABLE', (error as Error).message, { cause: error });
        }
      },
    },
  };
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
