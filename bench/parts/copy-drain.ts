// One container written as fast as a client can: how fast its objects get to the other cluster, and how many wait meanwhile.
import { eachLimited } from '../../src/lib/each-limited.js';
import { send } from '../../test/support/swift-client.js';
import type { Bench } from '../bench.js';
import { shareOfTime } from '../bench.js';
import { digits, ratio } from '../numbers.js';
import type { PartReport } from '../report.js';
import { sideBySide } from '../rounds.js';
import { makeContainers, startCopyRealm, until, WAYS, type CopyRealm, type Way } from './copy-realm.js';

const CONNECTIONS = 8;
const BODY = Buffer.alloc(1_024, 'x');
const LONGEST_MS = 300_000;

export async function benchDrain(bench: Bench): Promise<PartReport> {
  const began = performance.now();
  const copyRealm = await startCopyRealm(bench, 1);
  try {
    const objects = bench.isQuick ? 150 : 600;
    const options = { rounds: bench.isQuick ? 2 : 3, deadline: shareOfTime(bench, 1) };
    await makeContainers(copyRealm, 'drain', WAYS.length * options.rounds);
    const comparison = await sideBySide(WAYS, options, (way, round) => {
      bench.say(`${objects} objects by ${way}`);
      return burst(copyRealm, way, `/drain${round * WAYS.length + WAYS.indexOf(way)}`, objects);
    });
    const value = (way: Way, metric: string): string => digits(comparison.median(way, metric));
    const gain = comparison.ratio('drained', 'copy jobs', 'container sync');
    return {
      part: 'copy-drain',
      seconds: (performance.now() - began) / 1000,
      tables: [
        {
          title: `${objects} objects of 1 KiB into one container, by ${CONNECTIONS} connections at once`,
          columns: ['', ...WAYS, 'copy jobs ÷ container sync'],
          rows: [
            [
              'written, objects/s',
              value('copy jobs', 'written'),
              value('container sync', 'written'),
              ratio(comparison.ratio('written', 'copy jobs', 'container sync')),
            ],
            [
              'at the other cluster, objects/s, from the first write',
              value('copy jobs', 'drained'),
              value('container sync', 'drained'),
              ratio(gain),
            ],
            ['waiting in the copier at most', value('copy jobs', 'waiting'), '–', ''],
          ],
        },
      ],
      aims: [
        {
          what: 'objects/s at the other cluster',
          aim: '≥ 3 × container sync',
          found: `${ratio(gain)} ×`,
          isReached: gain >= 3,
        },
      ],
      failures: comparison.total('failed') === 0 ? [] : [`${comparison.total('failed')} objects`],
      samples: { drain: comparison.samples },
    };
  } finally {
    await copyRealm.realm.stop();
  }
}

async function burst({ realm, writer, reader }: CopyRealm, way: Way, container: string, objects: number) {
  const names = Array.from({ length: objects }, (_, index) => `${container}/${index}`);
  let failed = 0;
  let waiting = 0;
  const began = performance.now();
  await eachLimited(names, CONNECTIONS, async (path) => {
    const { status } = await writer[way].request('PUT', path, {}, BODY);
    if (status !== 201) failed += 1;
  });
  const writtenMs = performance.now() - began;
  const arrived = async (): Promise<boolean> => {
    waiting = Math.max(waiting, await waitingAt(realm.cluster('one').adminUrl));
    // Listings lag: each is asked for by name, the last one first.
    const missing = await Promise.all(names.slice(-3).map((path) => reader.request('HEAD', path)));
    if (missing.some(({ status }) => status !== 200)) return false;
    let isWhole = true;
    await eachLimited(
      names,
      CONNECTIONS,
      async (path) => {
        if ((await reader.request('HEAD', path)).status !== 200) isWhole = false;
      },
      () => isWhole,
    );
    return isWhole;
  };
  const arrivedMs = (await until(arrived, LONGEST_MS, 200)) + writtenMs;
  return {
    written: (1_000 * objects) / writtenMs,
    drained: (1_000 * objects) / arrivedMs,
    waiting: way === 'copy jobs' ? waiting : NaN,
    failed: failed + (Number.isNaN(arrivedMs) ? objects : 0),
  };
}

async function waitingAt(adminUrl: string): Promise<number> {
  const { text } = await send(adminUrl, 'GET', '/status');
  const { copies } = JSON.parse(text) as { copies: readonly { waiting: number; underWay: number }[] };
  return copies.reduce((sum, { waiting, underWay }) => sum + waiting + underWay, 0);
}
