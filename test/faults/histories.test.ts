// Clients at all gateways change the same containers at random: in the end every cluster has the newest acknowledged value of each
// header, whatever died or was cut off meanwhile.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, it, type TestContext } from 'vitest';
import { clusters, link, restoreLinks, healLinks } from '../support/clusters.js';
import { Crowd, expectWell } from './crowd.js';
import { note } from './notes.js';
import { withContainerSync } from '../support/container-sync.js';

withContainerSync();

const all = clusters();
const names = all.map(({ name }) => name);
const CALM_MS = 15_000;
const AWAY_MS = 4_000;
const SEED = Number(process.env['FAULTS_SEED'] ?? Date.now() % 1_000_000);

afterEach(restoreLinks);

async function judge(crowd: Crowd, what: string, context: TestContext): Promise<void> {
  await healLinks();
  const judged = await crowd.judge();
  const { requests, answered } = crowd;
  const { containers, passes, wrong } = judged;
  note(context, 'histories', [what, requests, answered, containers, passes, wrong.length]);
  expectWell(judged);
}

it(`nothing else (seed ${SEED})`, async (context) => {
  const crowd = await Crowd.gather(SEED);
  await sleep(CALM_MS);
  await judge(crowd, 'nothing', context);
});

it(`each cluster killed in turn, and started again (seed ${SEED + 1})`, async (context) => {
  const crowd = await Crowd.gather(SEED + 1);
  for (const { control } of all) {
    await sleep(AWAY_MS);
    await control.kill();
    await sleep(AWAY_MS);
    await control.start();
  }
  await sleep(AWAY_MS);
  await judge(crowd, 'each cluster killed in turn', context);
});

it(`each cluster cut off in turn, and all of them at once (seed ${SEED + 2})`, async (context) => {
  const crowd = await Crowd.gather(SEED + 2);
  for (const apart of [...names.map((name) => [name]), names]) {
    await sleep(AWAY_MS);
    await eachLink(apart, (from, to) => link(from, to).cut());
    await sleep(AWAY_MS);
    await restoreLinks();
  }
  await sleep(AWAY_MS);
  await judge(crowd, 'each cluster cut off in turn, then all', context);
});

async function eachLink(
  apart: readonly string[],
  work: (from: string, to: string) => Promise<void>,
): Promise<void> {
  const ways = names.flatMap((from) => names.map((to) => [from, to] as const));
  const touched = ways.filter(([from, to]) => from !== to && (apart.includes(from) || apart.includes(to)));
  await Promise.all(touched.map(([from, to]) => work(from, to)));
}
