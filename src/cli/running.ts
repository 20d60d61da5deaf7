// What commands that work with a cluster have in common: its configuration, a log, the site, and when to stop.
import { pino } from 'pino';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load.js';
import { formatProblems } from '../config/problems.js';
import { Deadlines } from '../http/deadline.js';
import type { Throttle } from '../http/request-sender.js';
import { AutosyncError } from '../lib/errors.js';
import type { Logger } from '../lib/logger.js';
import type { Keeper } from '../records/keeper.js';
import { buildSite } from '../site/build-site.js';
import { balanceSwift } from '../site/local-swift.js';
import type { BaseSite } from '../site/site.js';

const LEVELS = { DEBUG: 'debug', INFO: 'info', WARNING: 'warn', ERROR: 'error' } as const;

/** Where every command looks that is not told otherwise. */
export const DEFAULT_CONF = '/etc/swift/autosync.conf';

/** @throws AutosyncError CONFIG_INVALID, with every problem there is */
export function readConfig(file: string): Config {
  const { config, problems } = loadConfig(file);
  if (config === undefined) throw new AutosyncError('CONFIG_INVALID', `\n${formatProblems(problems)}`);
  return config;
}

export function openLog(config: Config): Logger {
  return pino({ level: LEVELS[config.server.logLevel], base: { pid: process.pid } });
}

/** For commands whose output is not the log: warnings and errors, on stderr. */
export function quietLog(): Logger {
  return pino({ level: 'error', base: { pid: process.pid } }, pino.destination(2));
}

/** How long a cluster may be silent: a long listing, or a large object's last bytes, take their time. */
const SILENCE_MS = 60_000;

/** For commands that go through all objects: peers get the time that long answers take. */
export function patient(config: Config): Config {
  const { autosync } = config;
  if (autosync === undefined) return config;
  return {
    ...config,
    autosync: { ...autosync, peerTimeoutMs: Math.max(autosync.peerTimeoutMs, SILENCE_MS) },
  };
}

/** A site that keeps records, and how to be done with it. */
export interface OpenSite {
  readonly site: BaseSite;
  readonly records: Keeper;
  close(): void;
}

/** @throws AutosyncError CONFIG_INVALID where the file has no autosync or no [service]; SECRETS_… */
export function openSite(config: Config, log: Logger, throttle?: () => Throttle): OpenSite {
  if (config.autosync === undefined)
    throw new AutosyncError('CONFIG_INVALID', 'The pipeline has no autosync: there is nothing to work on.');
  const deadlines = new Deadlines();
  const transport = balanceSwift(config.proxy, deadlines, log);
  const site = buildSite(config, config.autosync, {
    ...{ transport, deadlines, isSyncHost: () => false, log },
    ...(throttle === undefined ? {} : { throttle }),
  });
  if (site.records === undefined)
    throw new AutosyncError(
      'CONFIG_INVALID',
      'This needs the section [service]: records are kept in its account.',
    );
  return {
    site,
    records: site.records,
    close() {
      site.close();
      transport.close();
      deadlines.close();
    },
  };
}

/** Resolves when the process is asked to end. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
}
