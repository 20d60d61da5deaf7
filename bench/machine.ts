// On what a benchmark ran: hardware, versions, date, and how busy the machine was before. No host name.
import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { findProgram } from '../src/local/requirements.js';
import { SYSTEM_PYTHON } from '../src/local/rings.js';

export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  /** Processes that wanted to run in the minute before the benchmark; above 0.5 the numbers are noisy. */
  readonly loadBefore: number;
  readonly versions: Readonly<Record<string, string>>;
}

export function describeMachine(): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model.replace(/\s+/g, ' ').trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release().split('-')[0] ?? '',
    loadBefore: Number((loadavg()[0] ?? NaN).toFixed(2)),
    versions: versions(),
  };
}

/** In one line. */
export function machineLine(machine: Machine, isQuick: boolean): string {
  const { date, cpu, cores, memoryGb, kernel, loadBefore } = machine;
  const programs = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const hardware = `${cores} × ${cpu}, ${memoryGb} GB, Linux ${kernel}`;
  return `${date}; ${hardware}; ${programs.join(', ')}; load before the run ${loadBefore}${isQuick ? '; rough (--quick)' : ''}.`;
}

function versions(): Record<string, string> {
  const swift = 'import importlib.metadata as m; print(m.version("swift"))';
  return {
    'autosync': said('git', ['rev-parse', '--short', 'HEAD'], /\w+/),
    'Node': process.versions.node,
    'OpenStack Swift': said(SYSTEM_PYTHON, ['-c', swift], /[\d.]+/),
    'HAProxy': said('haproxy', ['-v'], /\d+\.\d+\.\d+/),
    'nginx': said('nginx', ['-v'], /\d+\.\d+\.\d+/),
    'wrk': said('wrk', ['-v'], /\d+\.\d+\.\d+/),
  };
}

function said(program: string, args: readonly string[], version: RegExp): string {
  const { stdout, stderr } = spawnSync(findProgram(program) ?? program, args, { encoding: 'utf8' });
  return version.exec(stdout + stderr)?.[0] ?? 'unknown';
}
