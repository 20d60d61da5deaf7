// `autosync gateway CONF`: one gateway on this host, in as many processes as `workers` says, and its admin port.
import nodeCluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import type { Config } from '../config/config.js';
import { Gateway } from '../gateway/gateway.js';
import { mergeStatus } from '../gateway/status.js';
import type { Logger } from '../gateway/station.js';
import type { CopyJobs } from '../copy/job.js';
import { openAdmin } from './admin-pages.js';
import { CopierProcess } from './copier-process.js';
import { answerSupervisor, servicesAbove, Supervisor } from './gateway-workers.js';
import { openLog, openSite, readConfig, stopSignal } from './running.js';
import { readVersion } from './version.js';

const GRACE_MS = 10_000;

export const gatewayCommand = new Command('gateway')
  .description('Run the gateway of this host in the foreground.')
  .argument('[conf]', 'configuration file', '/etc/swift/autosync.conf')
  .action(async (file: string) => {
    const config = readConfig(file);
    const log = openLog(config);
    const count = config.server.workers === 'auto' ? availableParallelism() : config.server.workers;
    if (nodeCluster.isWorker) await work(config, log);
    else if (count > 1) await supervise(config, count, log);
    else await serveAlone(config, log);
  });

async function serveAlone(config: Config, log: Logger): Promise<void> {
  const copier = startCopier(config, log);
  const copies = copier ?? NO_COPIES;
  const gateway = new Gateway(config, { log, version: readVersion(), copies });
  await listen(gateway, config, log);
  await openAdmin(config, log, { copier, gateway: () => Promise.resolve(mergeStatus([gateway.status()])) });
  await stopSignal();
  await gateway.close(GRACE_MS);
  await copier?.stop();
  process.exit(0);
}

async function work(config: Config, log: Logger): Promise<void> {
  const above = servicesAbove();
  const copies = hasCopier(config) ? above.copies : NO_COPIES;
  const gateway = new Gateway(config, { log, version: readVersion(), copies, recordWriter: above.records });
  answerSupervisor(() => gateway.status());
  await listen(gateway, config, log);
  await stopSignal();
  await gateway.close(GRACE_MS);
  process.exit(0);
}

async function supervise(config: Config, count: number, log: Logger): Promise<void> {
  const copier = startCopier(config, log);
  // All its processes are one writer of records.
  const site = keepsRecords(config) ? openSite(config, log) : undefined;
  site?.records.register().catch(() => undefined);
  const supervisor = new Supervisor({ copies: copier ?? NO_COPIES, records: site?.records }, log);
  await supervisor.start(count);
  await openAdmin(config, log, { copier, gateway: () => supervisor.status() });
  await stopSignal();
  await supervisor.stop();
  site?.close();
  await copier?.stop();
  process.exit(0);
}

const NO_COPIES: CopyJobs = {
  add: () => undefined,
  copy: () => Promise.reject(new Error('copy_jobs is off: container sync brings it.')),
};

/** Where all accounts have left (`accounts = !*`) there is nothing to copy, and nothing of ours is to be kept. */
function hasCopier({ autosync }: Config): boolean {
  return autosync?.copyJobs === true && autosync.accounts.some((pattern) => !pattern.startsWith('!'));
}

function keepsRecords({ autosync, service }: Config): boolean {
  return autosync !== undefined && service !== undefined;
}

function startCopier(config: Config, log: Logger): CopierProcess | undefined {
  return hasCopier(config) ? new CopierProcess(config.file, log) : undefined;
}

async function listen(gateway: Gateway, config: Config, log: Logger): Promise<void> {
  const port = await gateway.listen();
  log.info({ port, address: config.server.bindIp, conf: config.file }, 'gateway is ready');
}
