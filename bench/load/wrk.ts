// Runs wrk, one thread, and reads what it found. What it sends is in wrk.lua.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LocalError } from '../../src/local/local-error.js';
import { pinned } from '../cores.js';

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));

export interface WrkRun {
  /** `http://host:port` */
  readonly url: string;
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly connections: number;
  readonly seconds: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly bodyBytes?: number;
  /** Above 0: a number below this is put behind the path, another with each request. */
  readonly names?: number;
  readonly cores?: string | undefined;
}

export interface WrkResult {
  readonly requests: number;
  readonly seconds: number;
  /** Received, heads included. */
  readonly bytes: number;
  /** NaN where no request was finished. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers of 400 and more. */
  readonly refused: number;
  /** Connections that failed, and answers that did not come. */
  readonly broken: number;
}

/** @throws LocalError when wrk fails or says nothing */
export async function runWrk(run: WrkRun): Promise<WrkResult> {
  const wrk = ['wrk', '-t1', `-c${run.connections}`, `-d${Math.ceil(run.seconds)}s`, '--timeout', '60s'];
  const command = pinned(run.cores, [...wrk, '-s', SCRIPT, run.url]);
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment(run) },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const json = /^BENCH (.+)$/m.exec(output)?.[1];
  if (json === undefined) throw new LocalError('wrk failed.', output.trim());
  const result = JSON.parse(json) as WrkResult;
  return result.requests > 0 ? result : { ...result, p50Ms: NaN, p99Ms: NaN };
}

function environment(run: WrkRun): Record<string, string> {
  const headers = Object.entries(run.headers ?? {}).map(([name, value]) => `${name}: ${value}\n`);
  return {
    BENCH_METHOD: run.method,
    BENCH_PATH: run.path,
    BENCH_NAMES: String(run.names ?? 0),
    BENCH_BODY_BYTES: String(run.bodyBytes ?? 0),
    BENCH_HEADERS: headers.join(''),
  };
}
