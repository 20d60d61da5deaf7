// What an audit of a million containers costs: the real daemon against a cluster that is generated as it is asked for.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { renderIni } from '../../src/local/ini-text.js';
import { AUTOSYNC } from '../../src/local/launch.js';
import { LocalError } from '../../src/local/local-error.js';
import { ServerProcess } from '../../src/local/server-process.js';
import { newSecrets, readSecrets } from '../../src/sync/secrets.js';
import type { Bench } from '../bench.js';
import { peakResidentMb } from '../process-stats.js';
import type { PartReport } from '../report.js';
import { GeneratedCluster } from '../servers/generated-cluster.js';
import { freePort } from '../servers/server.js';
import { reportAudit, type AuditRun, type Variant } from './audit-tables.js';

/** With the default of `look_every` a twelfth of all containers is looked at. */
const VARIANTS: readonly (Variant & { readonly missingEvery: number })[] = [
  { what: 'nothing differs, listings only', lookEvery: 1_000, missingEvery: 0 },
  { what: 'nothing differs', lookEvery: 12, missingEvery: 0 },
  { what: '1 % differs', lookEvery: 12, missingEvery: 100 },
];
const FIRST_COUNT = 100;
/** Something is wrong. */
const LONGEST_MS = 1_800_000;

export async function benchAuditModel(bench: Bench): Promise<PartReport> {
  const began = performance.now();
  const count = bench.isQuick ? 100_000 : 1_000_000;
  const ports = [await freePort(), await freePort()] as const;
  newSecrets(join(bench.folder, 'secrets'));
  const { current } = readSecrets(join(bench.folder, 'secrets'));
  const cluster = await GeneratedCluster.listen(current, ports);
  const runs: AuditRun[] = [];
  try {
    for (const { missingEvery, ...variant } of VARIANTS) {
      bench.say(`${count.toLocaleString('en-US')} generated containers, ${variant.what}`);
      const conf = writeConf(bench.folder, ports, variant.lookEvery);
      const daemon = startDaemon(bench.folder, conf);
      // The first pass of all looks at every container, and so is not like those after it.
      await ended(daemon, cluster.watch(FIRST_COUNT, 0));
      const start = performance.now();
      await ended(daemon, cluster.watch(count, missingEvery));
      const seconds = (performance.now() - start) / 1000;
      const peakMb = peakResidentMb(daemon.pid ?? 0);
      await daemon.kill();
      runs.push({ ...variant, containers: count, seconds, peakMb, counts: new Map(cluster.counts) });
    }
  } finally {
    cluster.close();
  }
  return reportAudit('audit-model', runs, (performance.now() - began) / 1000);
}

function startDaemon(folder: string, conf: string): ServerProcess {
  mkdirSync(folder, { recursive: true });
  const daemon = new ServerProcess({
    title: 'daemon',
    command: process.execPath,
    args: [AUTOSYNC, 'daemon', conf],
    logFile: join(folder, 'daemon.log'),
  });
  daemon.start();
  return daemon;
}

/** Waits for it; not for a daemon that has ended. @throws LocalError */
async function ended(daemon: ServerProcess, what: Promise<void>): Promise<void> {
  const broken = async (): Promise<never> => {
    const deadline = performance.now() + LONGEST_MS;
    while (daemon.isRunning && performance.now() < deadline) await sleep(200);
    throw new LocalError('The daemon does not come to an end of its pass.', daemon.tail());
  };
  await Promise.race([what, broken()]);
}

function writeConf(folder: string, [swift, peer]: readonly [number, number], lookEvery: number): string {
  const origin = `http://127.0.0.1:${swift}`;
  const sections = {
    'DEFAULT': { swift_dir: folder, log_level: 'WARNING' },
    'pipeline:main': { pipeline: 'catch_errors placement autosync proxy' },
    'app:proxy': { use: 'egg:autosync#proxy', upstream: origin },
    'filter:placement': { use: 'egg:autosync#placement', default: 'one, two' },
    'filter:autosync': {
      use: 'egg:autosync#autosync',
      my_cluster: '//bench/one',
      accounts: 'AUTH_bench',
      secret_file: join(folder, 'secrets'),
      peer_timeout: 60,
    },
    'service': { auth_version: 1, auth_url: `${origin}/auth/v1.0`, user: 'autosync:service', key: 'model' },
    'daemon': { audit_interval: 1, look_every: lookEvery, requests_per_second: 0, object_audit_interval: 0 },
  };
  const realms = {
    bench: { key: 'model', cluster_one: `${origin}/v1/`, cluster_two: `http://127.0.0.1:${peer}/v1/` },
  };
  writeFileSync(join(folder, 'container-sync-realms.conf'), renderIni(realms), { mode: 0o600 });
  const conf = join(folder, 'autosync.conf');
  writeFileSync(conf, renderIni(sections), { mode: 0o600 });
  return conf;
}
