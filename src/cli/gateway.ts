// `autosync gateway CONF`: one gateway on this host, in as many processes as `workers` says.
import nodeCluster, { type Worker } from 'node:cluster';
import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import { pino } from 'pino';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load.js';
import { formatProblems } from '../config/problems.js';
import { AccountDeletionTimers, type AccountDeletions } from '../gateway/changes/account-deletions.js';
import { Gateway } from '../gateway/gateway.js';
import type { Logger } from '../gateway/station.js';
import { AutosyncError } from '../lib/errors.js';
import { readVersion } from './version.js';

const GRACE_MS = 10_000;
/** A worker that dies is started again, but not faster than this. */
const RESTART_MS = 1_000;
const LEVELS = { DEBUG: 'debug', INFO: 'info', WARNING: 'warn', ERROR: 'error' } as const;

/** What workers and the process above them tell each other. */
type Message =
  | { readonly kind: 'schedule-account-deletion' | 'carry-out-account-deletion'; readonly account: string }
  | { readonly kind: 'cancel-account-deletion'; readonly account: string; readonly id: number }
  | { readonly kind: 'cancelled-account-deletion'; readonly id: number; readonly isCancelled: boolean };

export const gatewayCommand = new Command('gateway')
  .description('Run the gateway of this host in the foreground.')
  .argument('[conf]', 'configuration file', '/etc/swift/autosync.conf')
  .action(async (file: string) => {
    const config = readConfig(file);
    const log = pino({ level: LEVELS[config.server.logLevel], base: { pid: process.pid } });
    const count = config.server.workers === 'auto' ? availableParallelism() : config.server.workers;
    if (nodeCluster.isPrimary && count > 1) await supervise(config, count, log);
    else await serve(config, log);
  });

/** @throws AutosyncError CONFIG_INVALID, with every problem there is */
export function readConfig(file: string): Config {
  const { config, problems } = loadConfig(file);
  if (config === undefined) throw new AutosyncError('CONFIG_INVALID', `\n${formatProblems(problems)}`);
  return config;
}

/** Runs until SIGTERM or SIGINT. */
async function serve(config: Config, log: Logger): Promise<void> {
  const isWorker = nodeCluster.isWorker;
  const gateway = new Gateway(config, {
    log,
    version: readVersion(),
    accountDeletions: (carryOut) =>
      isWorker
        ? new RemoteAccountDeletions(carryOut)
        : new AccountDeletionTimers(deleteDelayMs(config), carryOut),
  });
  const port = await gateway.listen();
  log.info({ port, address: config.server.bindIp, conf: config.file }, 'gateway is ready');
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
  log.info({}, 'gateway stops');
  await gateway.close(GRACE_MS);
  process.exit(0);
}

function deleteDelayMs(config: Config): number {
  return config.autosync?.accountDeleteDelayMs ?? 0;
}

/** Keeps the workers running, and what must be known only once. */
async function supervise(config: Config, count: number, log: Logger): Promise<void> {
  let isStopping = false;
  const timers = new AccountDeletionTimers(deleteDelayMs(config), (account) => {
    const [worker] = Object.values(nodeCluster.workers ?? {});
    worker?.send({ kind: 'carry-out-account-deletion', account } satisfies Message);
  });
  nodeCluster.on('message', (worker: Worker, message: Message) => {
    if (message.kind === 'schedule-account-deletion') timers.schedule(message.account);
    if (message.kind !== 'cancel-account-deletion') return;
    const { id } = message;
    void timers
      .cancel(message.account)
      .then((isCancelled) =>
        worker.send({ kind: 'cancelled-account-deletion', id, isCancelled } satisfies Message),
      );
  });
  nodeCluster.on('exit', (worker, code, signal) => {
    if (isStopping) return;
    log.error({ worker: worker.process.pid, code, signal }, 'a gateway worker died; another one starts');
    setTimeout(() => isStopping || nodeCluster.fork(), RESTART_MS);
  });
  for (let i = 0; i < count; i += 1) nodeCluster.fork();
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
  isStopping = true;
  const workers = Object.values(nodeCluster.workers ?? {}).filter((worker) => worker !== undefined);
  await Promise.all(
    workers.map((worker) => {
      worker.process.kill('SIGTERM');
      return new Promise((resolve) => worker.once('exit', resolve));
    }),
  );
  process.exit(0);
}

/** In a worker: the process above keeps the timers, since the cancellation may reach another worker. */
class RemoteAccountDeletions implements AccountDeletions {
  readonly #waiting = new Map<number, (isCancelled: boolean) => void>();
  #lastId = 0;

  constructor(carryOut: (account: string) => void) {
    process.on('message', (message: Message) => {
      if (message.kind === 'carry-out-account-deletion') carryOut(message.account);
      if (message.kind !== 'cancelled-account-deletion') return;
      this.#waiting.get(message.id)?.(message.isCancelled);
      this.#waiting.delete(message.id);
    });
  }

  schedule(account: string): void {
    process.send?.({ kind: 'schedule-account-deletion', account } satisfies Message);
  }

  cancel(account: string): Promise<boolean> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      process.send?.({ kind: 'cancel-account-deletion', account, id } satisfies Message);
    });
  }
}
