// What an audit costs on two real clusters, with as many containers as can be made on the machine in a few minutes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PassReport } from '../../src/daemon/report.js';
import { eachLimited } from '../../src/lib/each-limited.js';
import { AUTOSYNC } from '../../src/local/launch.js';
import { LocalError } from '../../src/local/local-error.js';
import { LocalRealm } from '../../src/local/realm.js';
import { SwiftSession } from '../../test/support/swift-client.js';
import { countByMethod, isClientRequest } from '../access-log.js';
import type { Bench } from '../bench.js';
import { peakResidentMb } from '../process-stats.js';
import type { PartReport } from '../report.js';
import { reportAudit, type AuditRun } from './audit-tables.js';

const USER = { account: 'AUTH_test', user: 'test:tester', key: 'testing' };
const MOST = 20_000;
const QUICK_MOST = 300;
/** Time for making them. */
const MAKE_MS = 480_000;
const AT_ONCE = 4;
/** A pass that a command begins looks at every container. */
const LOOK_EVERY = 1;
/** The access log is written a little after the answer. */
const LOG_MS = 500;

export async function benchAuditReal(bench: Bench): Promise<PartReport> {
  const began = performance.now();
  bench.say('two Swift clusters start');
  const realm = await LocalRealm.start({
    folder: bench.folder,
    clusters: 2,
    daemons: [],
    firstPort: 28_000,
    fresh: true,
    gatewayConf: { daemon: { requests_per_second: '0' } },
  });
  try {
    const count = await make(bench, realm);
    const runs = [await measure(bench, realm, count, 'nothing differs')];
    await removeSome(realm, count);
    runs.push(await measure(bench, realm, count, '1 % differs'));
    return reportAudit('audit-real', runs, (performance.now() - began) / 1000);
  } finally {
    await realm.stop();
  }
}

/** Through the gateway of one, until there are enough, or the time is over; how many. */
async function make(bench: Bench, realm: LocalRealm): Promise<number> {
  const most = bench.isQuick ? QUICK_MOST : MOST;
  bench.say(`containers are made, at most ${most.toLocaleString('en-US')}`);
  const session = await SwiftSession.login(realm.cluster('one').gatewayUrl, USER);
  const deadline = performance.now() + MAKE_MS;
  const numbers = Array.from({ length: most }, (_, index) => index);
  let count = 0;
  const make = async (index: number): Promise<void> => {
    const { status } = await session.request('PUT', nameOf(index), { 'X-Container-Meta-Colour': 'red' });
    if (status !== 201) throw new LocalError(`PUT of a container: ${status}`);
    count += 1;
  };
  await eachLimited(numbers, AT_ONCE, make, () => performance.now() < deadline);
  return count;
}

/** Every hundredth, at two, past its gateway. */
async function removeSome(realm: LocalRealm, count: number): Promise<void> {
  const session = await SwiftSession.login(realm.cluster('two').proxyUrl, USER);
  for (let index = 0; index < count; index += 100) await session.request('DELETE', nameOf(index));
}

function nameOf(index: number): string {
  return `/audit-${String(index).padStart(6, '0')}`;
}

/** A pass at two. */
async function measure(bench: Bench, realm: LocalRealm, count: number, what: string): Promise<AuditRun> {
  bench.say(`${count.toLocaleString('en-US')} containers, ${what}`);
  const logsBefore = realm.clusters.map((cluster) => cluster.logs('proxy').length);
  const start = performance.now();
  const { report, peakMb } = await onePass(join(realm.cluster('two').swiftDir, 'autosync.conf'));
  const seconds = (performance.now() - start) / 1000;
  if (report.containers !== count)
    throw new LocalError(`The pass saw ${report.containers} of ${count} containers.`);
  await sleep(LOG_MS);
  const counts = new Map<string, number>([
    ['containers looked at', report.looked],
    ['containers mended', report.mended],
  ]);
  for (const [index, cluster] of realm.clusters.entries()) {
    const lines = cluster.logs('proxy').slice(logsBefore[index]).split('\n').filter(isClientRequest);
    const byMethod = countByMethod(lines, String.raw`/v1/\S*`);
    for (const [method, number] of Object.entries(byMethod))
      counts.set(`${method} at ${cluster.name}`, number);
  }
  return { what, lookEvery: LOOK_EVERY, containers: count, seconds, peakMb, counts };
}

async function onePass(conf: string): Promise<{ readonly report: PassReport; readonly peakMb: number }> {
  const child = spawn(process.execPath, [AUTOSYNC, 'daemon', conf, '--once', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let peakMb = 0;
  const timer = setInterval(() => {
    try {
      peakMb = Math.max(peakMb, peakResidentMb(child.pid ?? 0) || 0);
    } catch {
      // It has just ended.
    }
  }, 50);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  await once(child, 'close');
  clearInterval(timer);
  if (text === '') throw new LocalError('The daemon made no pass.');
  return { report: JSON.parse(text) as PassReport, peakMb };
}
