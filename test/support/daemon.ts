// Passes of the real daemon over one account, at clusters of the run: `autosync daemon --once`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { AUTOSYNC } from '../../src/local/launch.js';
import type { PassReport } from '../../src/daemon/report.js';
import { cluster, clusters, type User } from './clusters.js';

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `autosync`, to its end. */
export function autosync(...args: readonly string[]): Promise<Run> {
  const child = spawn(process.execPath, [AUTOSYNC, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
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

/** One pass at one cluster. */
export async function pass(
  name: string,
  { account }: Pick<User, 'account'>,
  ...more: readonly string[]
): Promise<PassReport> {
  const run = await autosync('daemon', confOf(name), '--once', '--account', account, '--json', ...more);
  if (run.stdout === '') throw new Error(`the daemon of ${name} ended with ${run.code}: ${run.stderr}`);
  return JSON.parse(run.stdout) as PassReport;
}

/** One pass at each cluster in turn. */
export async function passEverywhere(user: Pick<User, 'account'>): Promise<PassReport[]> {
  const reports: PassReport[] = [];
  for (const { name } of clusters()) reports.push(await pass(name, user));
  return reports;
}
