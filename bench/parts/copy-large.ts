// A large object, and then its metadata: beside a plain pipe from one cluster's Swift to the other's.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { send } from '../../test/support/swift-client.js';
import type { Bench } from '../bench.js';
import { shareOfTime } from '../bench.js';
import { digits, ratio } from '../numbers.js';
import { childrenOf, peakResidentMb } from '../process-stats.js';
import type { PartReport } from '../report.js';
import { sideBySide } from '../rounds.js';
import { makeContainers, startCopyRealm, until, type CopyRealm } from './copy-realm.js';

const SUBJECTS = ['copy jobs', 'curl | curl'] as const;
type Subject = (typeof SUBJECTS)[number];
const MIB = 1_048_576;
const LONGEST_MS = 600_000;

export async function benchLarge(bench: Bench): Promise<PartReport> {
  const began = performance.now();
  // Container sync stays out of it.
  const copyRealm = await startCopyRealm(bench, 300);
  try {
    const bytes = (bench.isQuick ? 256 : 1_024) * MIB;
    await makeContainers(copyRealm, 'large', 1);
    // The pipe has a container that is on both clusters by hand, and not synced.
    for (const session of [copyRealm.writer['container sync'], copyRealm.reader])
      await session.request('PUT', '/pipe');
    const options = { rounds: bench.isQuick ? 1 : 3, deadline: shareOfTime(bench, 1) };
    const comparison = await sideBySide(SUBJECTS, options, (subject, round) => {
      bench.say(`${bytes / MIB} MiB by ${subject}`);
      return subject === 'copy jobs'
        ? byCopies(copyRealm, `/large0/${round}`, bytes)
        : byPipe(copyRealm, `/pipe/${round}`, bytes);
    });
    const rate = (subject: Subject): string => digits(comparison.median(subject, 'rate'));
    const found = comparison.ratio('rate', 'copy jobs', 'curl | curl');
    const posted = comparison.median('copy jobs', 'postedBytes');
    return {
      part: 'copy-large',
      seconds: (performance.now() - began) / 1000,
      tables: [
        {
          title: `An object of ${bytes / MIB} MiB, from one cluster to the other`,
          columns: ['', ...SUBJECTS, 'copy jobs ÷ curl | curl'],
          rows: [
            ['MiB/s', rate('copy jobs'), rate('curl | curl'), ratio(found)],
            ["the copier's memory at most, MB", digits(comparison.median('copy jobs', 'peakMb')), '–', ''],
            [
              'its new metadata at the other cluster after, ms',
              digits(comparison.median('copy jobs', 'postMs')),
              '–',
              '',
            ],
            ['bytes of the object sent for that', digits(posted), '–', ''],
          ],
        },
      ],
      aims: [
        { what: 'MiB/s', aim: '≥ 0.8 × curl | curl', found: `${ratio(found)} ×`, isReached: found >= 0.8 },
        { what: 'bytes sent for new metadata', aim: '0', found: digits(posted), isReached: posted === 0 },
      ],
      failures: comparison.total('failed') === 0 ? [] : [`${comparison.total('failed')} objects`],
      samples: { large: comparison.samples },
    };
  } finally {
    await copyRealm.realm.stop();
  }
}

async function byCopies({ realm, writer, reader }: CopyRealm, path: string, bytes: number) {
  const { adminUrl } = realm.cluster('one');
  const headers = { 'Content-Length': String(bytes) };
  const atFirst = await copiedBytes(adminUrl);
  const { status } = await writer['copy jobs'].request('PUT', path, headers, zeros(bytes));
  const arrivedMs = await until(
    async () => (await reader.request('HEAD', path)).status === 200,
    LONGEST_MS,
    20,
  );
  // It is there a moment before the copier hears so and counts it.
  await until(async () => (await copiedBytes(adminUrl)) >= atFirst + bytes, LONGEST_MS);
  const before = await copiedBytes(adminUrl);
  await writer['copy jobs'].request('POST', path, { 'X-Object-Meta-Colour': 'red' });
  const postMs = await until(
    async () => (await reader.request('HEAD', path)).headers['x-object-meta-colour'] === 'red',
    LONGEST_MS,
  );
  const peakMb = Math.max(...childrenOf(realm.cluster('one').pid('gateway') ?? 0).map(peakResidentMb));
  const failed = status === 201 && !Number.isNaN(arrivedMs + postMs) ? 0 : 1;
  return {
    rate: rateOf(bytes, arrivedMs),
    postMs,
    peakMb,
    postedBytes: (await copiedBytes(adminUrl)) - before,
    failed,
  };
}

async function byPipe({ writer, reader }: CopyRealm, path: string, bytes: number) {
  const from = writer['container sync'];
  const headers = { 'Content-Length': String(bytes) };
  const { status } = await from.request('PUT', path, headers, zeros(bytes));
  const url = ({ baseUrl, user }: typeof from): string => `${baseUrl}/v1/${user.account}${path}`;
  const began = performance.now();
  const get = `curl -sf -H 'X-Auth-Token: ${from.token}' '${url(from)}'`;
  const put = `curl -sf -T - -H 'X-Auth-Token: ${reader.token}' -H 'Content-Length: ${bytes}' '${url(reader)}'`;
  const [code] = (await once(spawn('sh', ['-c', `${get} | ${put}`], { stdio: 'ignore' }), 'close')) as [
    number,
  ];
  return { rate: rateOf(bytes, performance.now() - began), failed: status === 201 && code === 0 ? 0 : 1 };
}

function rateOf(bytes: number, ms: number): number {
  return bytes / MIB / (ms / 1_000);
}

function zeros(bytes: number): Readable {
  const chunk = Buffer.alloc(MIB);
  return Readable.from(Array.from({ length: bytes / MIB }, () => chunk));
}

async function copiedBytes(adminUrl: string): Promise<number> {
  const { text } = await send(adminUrl, 'GET', '/status');
  const { copies } = JSON.parse(text) as { copies: readonly { copiedBytes: number }[] };
  return copies.reduce((sum, each) => sum + each.copiedBytes, 0);
}
