// Passes of the daemon over one account, at clusters of the run, and the commands that go with it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openSite, quietLog, readConfig, type OpenSite } from '../../src/cli/running.js';
import { Daemon } from '../../src/daemon/daemon.js';
import { checkFence } from '../../src/daemon/fencing.js';
import { auditObjects } from '../../src/daemon/object-audit.js';
import type { KeptObjectReport } from '../../src/daemon/passes.js';
import type { PassReport } from '../../src/daemon/report.js';
import { WHOLE } from '../../src/daemon/share.js';
import { AUTOSYNC } from '../../src/local/launch.js';
import type { BaseSite } from '../../src/site/site.js';
import { cluster, clusters, healLinks, waitFor, type User } from './clusters.js';

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `autosync`, to its end. */
export function autosync(...args: readonly string[]): Promise<Run> {
  return autosyncIn({}, ...args);
}

/** The same, with more in its environment. */
export function autosyncIn(
  environment: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Run> {
  const child = spawn(process.execPath, [AUTOSYNC, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...output }));
  });
}

export function confOf(name: string): string {
  return join(cluster(name).swiftDir, 'autosync.conf');
}

const STEP_MS = 2 * 86_400_000;

/** By configuration file: each is a writer of records of its own. */
const sites = new Map<string, OpenSite>();

afterAll(() => {
  for (const open of sites.values()) open.close();
  sites.clear();
});

/** A site of the cluster's own configuration, or of another file, in this process. */
export function siteOf(name: string, conf = confOf(name)): OpenSite {
  const open = sites.get(conf) ?? openSite(readConfig(conf), quietLog());
  sites.set(conf, open);
  return open;
}

/** All links work again, and every gateway has noticed, as has this process's site of that cluster. */
export async function healSiteOf(name: string): Promise<void> {
  await healLinks();
  const peers = siteOf(name).site.clusters;
  await waitFor(
    'this process takes no peer to be down either',
    () => !clusters().some((each) => peers.peer(each.name)?.isDown === true),
  );
}

/** One pass of the daemon's own code at one cluster. @param laterMs as if it were so much later */
export async function pass(
  name: string,
  { account }: Pick<User, 'account'>,
  laterMs = 0,
  conf = confOf(name),
): Promise<PassReport> {
  const { site, records } = siteOf(name, conf);
  const { daemon } = readConfig(conf);
  // Daemons were at work all the time: a long silence would be a cluster that was away, which is fenced.
  for (let ms = STEP_MS; ms < laterMs; ms += STEP_MS)
    await checkFence(at(site, ms), records, { ...daemon, isDryRun: false });
  return new Daemon(at(site, laterMs), daemon).once({ isDryRun: false, account });
}

/** One whole pass at one cluster, as the daemon makes it, of what is recorded of these accounts. */
export async function passOver(name: string, accounts: readonly string[], laterMs = 0): Promise<PassReport> {
  const { site } = siteOf(name);
  const isAccountOurs = (account: string): boolean => accounts.includes(account);
  const own = { ...at(site, laterMs), options: { ...site.options, isAccountOurs } };
  return new Daemon(own, readConfig(confOf(name)).daemon).once({ isDryRun: false });
}

/** What the daemon's object audit of one account finds and mends at that cluster, young objects included. */
export function objectAudit(
  name: string,
  { account }: Pick<User, 'account'>,
  last?: KeptObjectReport,
): Promise<KeptObjectReport> {
  const { site, records } = siteOf(name);
  const options = { ...site.options, isAccountOurs: (each: string) => each === account };
  return auditObjects({ ...site, options }, records, {
    ...{ reclaimAgeMs: 7 * 86_400_000, share: WHOLE, graceMs: 0, last },
    signal: new AbortController().signal,
  });
}

/** The codes of what a pass found in that container. */
export function codesOf(report: PassReport, container: string): string[] {
  return report.findings.filter((finding) => finding.container === container).map(({ code }) => code);
}

function at(site: BaseSite, laterMs: number): BaseSite {
  return { ...site, now: () => Date.now() + laterMs };
}

/** What a pass would do, by the command. */
export async function dryRun(name: string, { account }: Pick<User, 'account'>): Promise<PassReport> {
  const run = await autosync('daemon', confOf(name), '--dry-run', '--account', account, '--json');
  if (run.stdout === '') throw new Error(`the daemon of ${name} ended with ${run.code}: ${run.stderr}`);
  return JSON.parse(run.stdout) as PassReport;
}

/** A pass at each cluster, all at once: several daemons do no harm. */
export function passEverywhere(user: Pick<User, 'account'>, laterMs = 0): Promise<PassReport[]> {
  return Promise.all(clusters().map(({ name }) => pass(name, user, laterMs)));
}
