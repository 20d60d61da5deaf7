// What a gateway shows on its admin port: itself and its copier as they are now, and for the metrics the cluster's status, asked for
// not more often than it is worth.
import { collectDefaultMetrics, Registry } from 'prom-client';
import { renderMetrics } from '../admin/metrics.js';
import { serveAdmin } from '../admin/server.js';
import type { Config } from '../config/config.js';
import { readStatus, type Status } from '../daemon/status.js';
import type { GatewayStatus } from '../gateway/status.js';
import { AutosyncError } from '../lib/errors.js';
import type { Logger } from '../lib/logger.js';
import type { CopierAnswer, CopierProcess } from './copier-process.js';
import { openSite, quietLog, type OpenSite } from './running.js';

interface AdminParts {
  readonly copier: CopierProcess | undefined;
  readonly gateway: () => Promise<GatewayStatus>;
}

/** The cluster's status takes listings and a question to each peer. */
const STATUS_MS = 5_000;

/** Clients come first: where the admin port cannot be had, the gateway runs without it, and says so. */
export async function openAdmin(config: Config, log: Logger, { copier, gateway }: AdminParts): Promise<void> {
  const cluster = clusterStatus(config);
  const processes = new Registry();
  collectDefaultMetrics({ register: processes });
  const ask = async (): Promise<readonly [GatewayStatus, CopierAnswer | undefined]> =>
    Promise.all([gateway(), copier?.status()]);
  const status = async (): Promise<string> => {
    const [own, answer] = await ask();
    const shown = { ...own, copies: answer?.peers ?? [], lostJobs: copier?.dropped ?? 0 };
    return `${JSON.stringify(shown, null, 2)}\n`;
  };
  const metrics = async (): Promise<string> => {
    const [[own, answer], known] = await Promise.all([ask(), cluster()]);
    const lostJobs = copier?.dropped ?? 0;
    const copies = { hasCopier: copier !== undefined, copies: answer?.peers, lostJobs };
    const text = await renderMetrics({ gateway: own, ...copies, cluster: known, nowMs: Date.now() });
    return [text, answer?.lags ?? '', await processes.metrics()].join('\n');
  };
  try {
    await serveAdmin(config.admin, {
      '/status': { contentType: 'application/json', render: status },
      '/metrics': { contentType: processes.contentType, render: metrics },
    });
  } catch (error) {
    if (!(error instanceof AutosyncError)) throw error;
    log.error({ code: error.code }, `no admin port: ${error.message}`);
  }
}

/** Undefined where nothing is recorded, or records cannot be read. */
function clusterStatus(config: Config): () => Promise<Status | undefined> {
  if (config.autosync === undefined || config.service === undefined) return () => Promise.resolve(undefined);
  let open: OpenSite | undefined;
  let last: Promise<Status | undefined> = Promise.resolve(undefined);
  let askedAtMs = -Infinity;
  return () => {
    if (performance.now() - askedAtMs < STATUS_MS) return last;
    open ??= openSite(config, quietLog());
    askedAtMs = performance.now();
    last = readStatus(open.site, open.records, config.daemon).catch(() => undefined);
    return last;
  };
}
