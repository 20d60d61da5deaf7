// `autosync status ACCOUNT[/CONTAINER]` looks for itself: at what waits, and at what each cluster holds now.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { readConfig } from '../../src/cli/running.js';
import { checkFence } from '../../src/daemon/fencing.js';
import { readStatus, type Status } from '../../src/daemon/status.js';
import type { StatusOf } from '../../src/daemon/status-of.js';
import { newSecrets } from '../../src/sync/secrets.js';
import { cluster, clusters, freshUser, healLinks, link, restoreLinks } from '../support/clusters.js';
import { sessionsOf, type Sessions } from '../support/containers.js';
import { writeConfLike } from '../support/extra-gateways.js';
import { autosync, confOf, pass, siteOf } from '../support/daemon.js';

const [one, two, three] = clusters().map(({ name }) => name) as [string, string, string];

let sessions: Sessions;
beforeEach(async () => {
  sessions = await sessionsOf(await freshUser());
});
afterEach(restoreLinks);

async function statusOf(container = ''): Promise<StatusOf & { readonly code: number | null }> {
  const name = sessions.user.account + container;
  const { stdout, stderr, code } = await autosync('status', name, '--conf', confOf(one), '--json');
  if (stdout === '') throw new Error(stderr);
  return { ...(JSON.parse(stdout) as StatusOf), code };
}

function codesOf({ clusters: found = [] }: StatusOf): string[] {
  return found.map(({ cluster, findings }) => [cluster, ...findings.map(({ code }) => code)].join(' '));
}

it('is that of the account or container alone, as it is now', { timeout: 60_000 }, async () => {
  await sessions.via[one]!.request('PUT', '/same');
  await link(one, three).cut();
  const late = await sessions.via[one]!.request('PUT', '/late', { 'X-Container-Meta-A': '1' });
  expect(late.headers['x-autosync-pending']).toBe(three);

  const cut = await statusOf('/late');
  expect([cut.code, cut.isOk]).toEqual([1, false]);
  expect(codesOf(cut)).toEqual([one, `${three} PEER_DOWN`, two]);
  expect(cut.peers.map(({ name, isUp, pending }) => [name, isUp, pending])).toEqual([
    [three, false, 1],
    [two, true, 0],
  ]);
  // Of another container nothing waits; what the third cluster has of it is not known all the same.
  expect((await statusOf('/same')).peers.map(({ pending }) => pending)).toEqual([0, 0]);
  expect((await statusOf()).peers.map(({ pending }) => pending)).toEqual([1, 0]);

  await healLinks();
  const behind = await statusOf('/late');
  expect([behind.code, codesOf(behind)]).toEqual([1, [one, `${three} CONTAINER_MISSING`, two]]);

  await pass(one, sessions.user);
  for (const container of ['', '/late', '/same']) {
    const healed = await statusOf(container);
    expect([healed.code, healed.isOk], container).toEqual([0, true]);
  }
  await sessions.direct[two]!.request('POST', '/late', { 'X-Container-Meta-A': '2' });
  expect(codesOf(await statusOf('/late'))).toEqual([one, three, `${two} SETTINGS_DRIFT`]);
});

it.each([
  ['status', '/none', 'There is no record of this container'],
  ['explain', '/none', 'There is no record of this container'],
  ['verify', '/none', 'There is no record of this container'],
  ['status', '', 'is not among [filter:autosync] accounts'],
  ['verify', '', 'is not among [filter:autosync] accounts'],
])('%s says of what is in no record, or not ours, that it is not', async (command, container, text) => {
  const name = container === '' ? 'ATUH_mistyped' : sessions.user.account + container;
  const { stdout, stderr, code } = await autosync(command, name, '--conf', confOf(one), '--json');
  expect([stdout, code]).toEqual(['', 2]);
  expect(stderr).toContain(text);
});

it('of the whole names clusters that nobody has heard of for long', async () => {
  const { site, records } = siteOf(one);
  const { daemon } = readConfig(confOf(one));
  await checkFence(site, records, { ...daemon, isDryRun: false });
  const later = { ...site, now: () => Date.now() + 0.6 * daemon.reclaimAgeMs };
  const { fence, isOk } = await readStatus(later, records, daemon);
  expect(isOk).toBe(false);
  const risks = fence.map(({ cluster, code }) => `${cluster} ${code}`);
  expect(risks).toEqual(expect.arrayContaining([`${two} RECLAIM_RISK`, `${three} RECLAIM_RISK`]));
});

it('of the whole says of a peer that takes no signature why', async () => {
  const file = join(cluster(one).swiftDir, 'another-realms-secrets');
  newSecrets(file);
  onTestFinished(() => rmSync(file));
  const conf = writeConfLike(confOf(one), 'another-realm', [['filter:autosync', 'secret_file', file]]);
  const { code, stdout } = await autosync('status', '--conf', conf, '--json');
  const { peers } = JSON.parse(stdout) as Status;
  expect([code, peers.map(({ name, isUp, code: why }) => `${name} ${isUp} ${why ?? ''}`)]).toEqual([
    1,
    [`${three} false PEER_AUTH`, `${two} false PEER_AUTH`],
  ]);
  expect((await autosync('status', '--conf', conf)).stdout).toContain('Run `autosync check` on both sides');
});
