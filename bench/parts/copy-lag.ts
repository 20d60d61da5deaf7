// From a client's answer at one cluster to the object at the other: small objects, a few each second, among few and many containers.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.js';
import { shareOfTime } from '../bench.js';
import { digits, percentile, ratio } from '../numbers.js';
import type { Aim, PartReport } from '../report.js';
import { sideBySide, type Comparison } from '../rounds.js';
import { makeContainers, startCopyRealm, until, WAYS, type CopyRealm, type Way } from './copy-realm.js';

const CONTAINERS = { quick: [1, 100], whole: [1, 300, 1_000] } as const;
/** Writes each second. */
const RATE = 5;
const BODY = Buffer.alloc(1_024, 'x');
const LONGEST_MS = 60_000;
const AIMS = { p50: 100, p99: 400 } as const;

interface Row {
  readonly containers: number;
  readonly comparison: Comparison<Way>;
}

export async function benchLag(bench: Bench): Promise<PartReport> {
  const began = performance.now();
  const copyRealm = await startCopyRealm(bench, 1);
  const rows: Row[] = [];
  try {
    const counts = bench.isQuick ? CONTAINERS.quick : CONTAINERS.whole;
    for (const [index, containers] of counts.entries()) {
      bench.say(`${containers} containers`);
      await makeContainers(copyRealm, 'lag', containers);
      const options = {
        rounds: bench.isQuick ? 20 : 100,
        deadline: shareOfTime(bench, counts.length - index),
      };
      const comparison = await sideBySide(WAYS, options, (way, round) =>
        one(
          copyRealm,
          way,
          `/lag${(round * 37) % containers}/${containers}-${way.replace(' ', '-')}-${round}`,
        ),
      );
      rows.push({ containers, comparison });
    }
  } finally {
    await copyRealm.realm.stop();
  }
  return report(rows, (performance.now() - began) / 1000);
}

async function one({ writer, reader }: CopyRealm, way: Way, path: string) {
  const began = performance.now();
  const { status } = await writer[way].request('PUT', path, {}, BODY);
  const putMs = performance.now() - began;
  const lagMs = await until(async () => (await reader.request('HEAD', path)).status === 200, LONGEST_MS);
  await sleep(Math.max(0, 1_000 / RATE - (performance.now() - began)));
  return { putMs, lagMs, failed: status === 201 ? 0 : 1, late: Number.isNaN(lagMs) ? 1 : 0 };
}

function report(rows: readonly Row[], seconds: number): PartReport {
  const p = ({ comparison }: Row, way: Way, percent: number, metric = 'lagMs'): number =>
    percentile(
      comparison.samples[way].map((sample) => sample[metric] ?? NaN),
      percent,
    );
  const aims: Aim[] = rows.flatMap((row) =>
    ([50, 99] as const).map((percent) => {
      const [found, aim] = [p(row, 'copy jobs', percent), AIMS[`p${percent}`]];
      return {
        what: `lag p${percent}, ${row.containers} containers`,
        aim: `≤ ${aim} ms`,
        found: `${digits(found)} ms`,
        isReached: found <= aim,
      };
    }),
  );
  return {
    part: 'copy-lag',
    seconds,
    tables: [
      {
        title: "From a client's 201 at one cluster to a 200 at the other, in ms: p50 / p99; objects of 1 KiB",
        columns: ['containers', ...WAYS, 'copy jobs ÷ container sync', 'PUT by gateway ÷ PUT at Swift'],
        rows: rows.map((row) => [
          String(row.containers),
          ...WAYS.map((way) => `${digits(p(row, way, 50))} / ${digits(p(row, way, 99))}`),
          ratio(p(row, 'copy jobs', 50) / p(row, 'container sync', 50)),
          ratio(row.comparison.ratio('putMs', 'copy jobs', 'container sync')),
        ]),
      },
    ],
    aims,
    failures: rows.flatMap(({ containers, comparison }) => {
      const failed = comparison.total('failed') + comparison.total('late');
      return failed === 0 ? [] : [`${failed} of ${containers} containers`];
    }),
    samples: Object.fromEntries(
      rows.map(({ containers, comparison }) => [String(containers), comparison.samples]),
    ),
  };
}
