// Two clusters that hold the same objects: how soon `autosync verify` and `rclone check` say so, and with how much memory. Objects have a
// byte each: rclone asks for empty ones by name, as those may be large objects.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AUTOSYNC } from '../../src/local/launch.js';
import { LocalError } from '../../src/local/local-error.js';
import { REALM_NAME } from '../../src/local/plan.js';
import { findProgram } from '../../src/local/requirements.js';
import { eachLimited } from '../../src/lib/each-limited.js';
import { canonicalPath, signContainerSync } from '../../src/sync/container-sync-auth.js';
import { formatTimestamp } from '../../src/swift/timestamp.js';
import { send, type SwiftSession } from '../../test/support/swift-client.js';
import type { Bench } from '../bench.js';
import { shareOfTime } from '../bench.js';
import { digits, ratio } from '../numbers.js';
import { peakResidentMb } from '../process-stats.js';
import type { PartReport } from '../report.js';
import { sideBySide, type Sample } from '../rounds.js';
import { makeContainers, startCopyRealm, USER, type CopyRealm } from './copy-realm.js';

const SUBJECTS = ['autosync verify', 'rclone check', 'rclone check --size-only'] as const;
type Subject = (typeof SUBJECTS)[number];
const CONTAINER = 'verify0';
const CONNECTIONS = 16;
const WATCH_MS = 20;
const HOUR_TICKS = 3_600_000n * 100n;

export async function benchVerify(bench: Bench): Promise<PartReport> {
  const began = performance.now();
  if (findProgram('rclone') === undefined)
    throw new LocalError('rclone is not installed.', 'apt-get install rclone');
  const copyRealm = await startCopyRealm(bench, 3_600);
  try {
    const objects = bench.isQuick ? 1_500 : 20_000;
    await makeContainers(copyRealm, CONTAINER.slice(0, -1), 1);
    bench.say(`${objects} objects of one byte are written at both clusters`);
    await writeSame(copyRealm, objects);
    const options = { rounds: bench.isQuick ? 2 : 3, deadline: shareOfTime(bench, 1) };
    const comparison = await sideBySide(SUBJECTS, options, (subject) => {
      bench.say(`${objects} objects by ${subject}`);
      return measured(copyRealm, subject, objects);
    });
    const value = (subject: Subject, metric: string): string => digits(comparison.median(subject, metric));
    const gain = comparison.ratio('seconds', 'rclone check', 'autosync verify');
    const row = (title: string, metric: string): string[] => [
      title,
      ...SUBJECTS.map((subject) => value(subject, metric)),
      ratio(comparison.ratio(metric, 'rclone check', 'autosync verify')),
      ratio(comparison.ratio(metric, 'rclone check --size-only', 'autosync verify')),
    ];
    return {
      part: 'verify-check',
      seconds: (performance.now() - began) / 1000,
      tables: [
        {
          title: `${objects.toLocaleString('en-US')} objects in one container, the same on two clusters`,
          columns: ['', ...SUBJECTS, 'rclone check ÷ verify', '--size-only ÷ verify'],
          rows: [row('until it is said, s', 'seconds'), row('memory at most (RSS), MB', 'peakMb')],
        },
      ],
      aims: [{ what: 'time', aim: 'rclone check ≥ 3 ×', found: `${ratio(gain)} ×`, isReached: gain >= 3 }],
      failures:
        comparison.total('failed') === 0 ? [] : [`${comparison.total('failed')} runs did not find all equal`],
      samples: { verify: comparison.samples },
    };
  } finally {
    await copyRealm.realm.stop();
  }
}

/** The very same object at both Swifts, dated alike, an hour ago: by real requests, signed as container sync's are. */
async function writeSame({ realm, writer, reader }: CopyRealm, objects: number): Promise<void> {
  const swifts: readonly SwiftSession[] = [writer['container sync'], reader];
  const keys = await Promise.all(
    swifts.map(async (each) => (await each.request('HEAD', `/${CONTAINER}`)).headers['x-container-sync-key']),
  );
  const ticks = BigInt(Date.now()) * 100n - HOUR_TICKS;
  const numbers = Array.from({ length: objects }, (_, i) => i);
  await eachLimited(numbers, CONNECTIONS / swifts.length, async (i) => {
    const target = `/v1/${USER.account}/${CONTAINER}/${String(i).padStart(8, '0')}`;
    const timestamp = formatTimestamp(ticks + BigInt(i));
    const asked = {
      method: 'PUT',
      path: canonicalPath(target),
      timestamp,
      realm: REALM_NAME,
      realmKey: realm.key,
    };
    const answers = swifts.map(({ baseUrl }, at) => {
      const proof = signContainerSync({ ...asked, containerKey: keys[at] ?? '' });
      const headers = {
        'X-Container-Sync-Auth': proof,
        'X-Timestamp': timestamp,
        'Content-Type': 'text/plain',
      };
      return send(baseUrl, 'PUT', target, headers, 'x');
    });
    for (const { status } of await Promise.all(answers))
      if (status !== 201) throw new LocalError(`PUT of an object: ${status}`);
  });
}

async function measured({ realm }: CopyRealm, subject: Subject, objects: number): Promise<Sample> {
  const conf = join(realm.cluster('one').swiftDir, 'autosync.conf');
  if (subject === 'autosync verify') {
    const args = [AUTOSYNC, 'verify', `${USER.account}/${CONTAINER}`, '--conf', conf, '--json'];
    return run(
      process.execPath,
      args,
      {},
      (text) => text.includes(`"objects":${objects},`) && text.includes('"isEqual":true'),
    );
  }
  const [one, two] = ['one', 'two'].map((name) => remoteOf(name, realm.cluster(name).proxyUrl));
  const [, ...mode] = subject.split(' ');
  const args = [...mode, `one:${CONTAINER}`, `two:${CONTAINER}`, '--config', '/dev/null'];
  return run('rclone', args, { ...one, ...two }, (text) => text.includes(`${objects} matching files`));
}

/** rclone takes its remotes from the environment. */
function remoteOf(name: string, proxyUrl: string): Record<string, string> {
  const options = {
    TYPE: 'swift',
    AUTH: `${proxyUrl}/auth/v1.0`,
    AUTH_VERSION: '1',
    USER: USER.user,
    KEY: USER.key,
  };
  return Object.fromEntries(
    Object.entries(options).map(([option, value]) => [
      `RCLONE_CONFIG_${name.toUpperCase()}_${option}`,
      value,
    ]),
  );
}

async function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  isRight: (output: string) => boolean,
): Promise<Sample> {
  const began = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  let peakMb = 0;
  const closed = once(child, 'close') as Promise<[number | null]>;
  const end = new AbortController();
  const watching = watch(child.pid ?? 0, end.signal, (mb) => (peakMb = Math.max(peakMb, mb)));
  const [code] = await closed;
  const seconds = (performance.now() - began) / 1000;
  end.abort();
  await watching;
  return { seconds, peakMb, failed: code === 0 && isRight(output) ? 0 : 1 };
}

/** The kernel forgets a process's peak with the process. */
async function watch(pid: number, signal: AbortSignal, onPeak: (mb: number) => void): Promise<void> {
  while (!signal.aborted) {
    try {
      const mb = peakResidentMb(pid);
      if (!Number.isNaN(mb)) onPeak(mb);
    } catch {
      return;
    }
    await sleep(WATCH_MS);
  }
}
