// `processes` and `process`: several daemons of one cluster share its work out, each container is one's, and together they do all of it.
import { beforeEach, expect, it } from 'vitest';
import { readConfig } from '../../src/cli/running.js';
import { Daemon } from '../../src/daemon/daemon.js';
import type { PassReport } from '../../src/daemon/report.js';
import { clusters, freshUser } from '../support/clusters.js';
import { expectEverywhere, sessionsOf, type Sessions } from '../support/containers.js';
import { confOf, passEverywhere, siteOf } from '../support/daemon.js';

const [one, two] = clusters().map(({ name }) => name) as [string, string];
const CONTAINERS = Array.from({ length: 12 }, (_, index) => `c${index}`);

let sessions: Sessions;
beforeEach(async () => {
  sessions = await sessionsOf(await freshUser());
});

/** A pass of one of two daemons at the second cluster. */
async function pass(process: number): Promise<PassReport> {
  const { daemon } = readConfig(confOf(two));
  const { account } = sessions.user;
  return new Daemon(siteOf(two).site, { ...daemon, processes: 2, process }).once({
    isDryRun: false,
    account,
  });
}

function mended({ findings }: PassReport): string[] {
  return findings.filter(({ outcome }) => outcome === 'mended').map(({ container }) => container ?? '');
}

it('is mended by one of them each, and by both of them all', async () => {
  for (const container of CONTAINERS) await sessions.via[one]!.request('PUT', `/${container}`);
  await passEverywhere(sessions.user);
  for (const container of CONTAINERS)
    await sessions.direct[two]!.request('POST', `/${container}`, { 'X-Container-Sync-To': '' });
  const [first, second] = [mended(await pass(0)), mended(await pass(1))];
  expect([...first, ...second].sort()).toEqual([...CONTAINERS].sort());
  expect(first.length).toBeGreaterThan(0);
  expect(second.length).toBeGreaterThan(0);
  for (const container of CONTAINERS) await expectEverywhere(sessions, `/${container}`);
});
