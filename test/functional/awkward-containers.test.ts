// Containers that cannot be the same everywhere are named for what they are, mended as far as can be, and left alone beyond that.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PassReport } from '../../src/daemon/report.js';
import {
  cluster,
  clusters,
  freshUser,
  link,
  restoreLinks,
  serviceUserOf,
  SwiftSession,
  healLinks,
} from '../support/clusters.js';
import {
  expectEverywhere,
  headEverywhere,
  sessionsOf,
  statusEverywhere,
  type Sessions,
} from '../support/containers.js';
import { autosync, confOf, pass, passEverywhere } from '../support/daemon.js';

const all = clusters();
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];

let sessions: Sessions;
beforeEach(async () => {
  sessions = await sessionsOf(await freshUser());
});
afterEach(healLinks);

/** What a pass said of the container, as `CODE at cluster: outcome`. */
function said({ findings }: PassReport, container: string): string[] {
  return findings
    .filter((finding) => finding.account === sessions.user.account && finding.container === container)
    .map(({ code, cluster: at, outcome }) => `${code} at ${at}: ${outcome}`);
}

async function codesExplained(name: string, container: string): Promise<Record<string, string[]>> {
  const path = `${sessions.user.account}/${container}`;
  const { stdout } = await autosync('explain', path, '--conf', confOf(name), '--json');
  const { clusters: described } = JSON.parse(stdout) as {
    clusters: { cluster: string; findings: { code: string }[] }[];
  };
  return Object.fromEntries(
    described.map(({ cluster: at, findings }) => [at, findings.map(({ code }) => code)]),
  );
}

async function policies(container: string): Promise<(string | undefined)[]> {
  const heads = Object.values(await headEverywhere(sessions, container));
  return heads.map(({ headers }) => headers['x-storage-policy']);
}

// Cluster one has the policy gold, two silver, and each stands for the other there; three has neither. All have Policy-0.
describe('a storage policy', () => {
  it('that another cluster has by another name is used there, and the container made nowhere without one', async () => {
    const made = await sessions.via[one]!.request('PUT', '/c', { 'X-Storage-Policy': 'gold' });
    expect([made.status, made.headers['x-autosync-pending']]).toEqual([201, three]);
    expect(await policies('/c')).toEqual(['gold', 'silver', undefined]);
    expect(said(await pass(one, sessions.user), 'c')).toContain(`POLICY_MISSING at ${three}: unmended`);
    expect(said(await pass(three, sessions.user), 'c')).toEqual([
      `CONTAINER_MISSING at ${three}: unmended`,
      `POLICY_MISSING at ${three}: unmended`,
    ]);
    expect((await statusEverywhere(sessions, '/c'))[three]).toBe(404);
    // Else it would be pending for all other tests.
    expect((await sessions.via[one]!.request('DELETE', '/c')).headers['x-autosync-pending']).toBeUndefined();
  });

  it('of a container is found by the daemon as well: made again, and asked for objects left elsewhere', async () => {
    await link(one, two).cut();
    await sessions.via[one]!.request('PUT', '/c', { 'X-Storage-Policy': 'gold' });
    await restoreLinks();
    await pass(two, sessions.user);
    expect(await policies('/c')).toEqual(['gold', 'silver', undefined]);

    for (const name of [one, two]) await sessions.via[name]!.request('PUT', '/c/o', {}, 'x');
    for (const [from, to] of [
      [one, two],
      [two, one],
    ] as const)
      await link(from, to).cut();
    await sessions.via[two]!.request('DELETE', '/c/o');
    expect((await sessions.via[two]!.request('DELETE', '/c')).status).toBe(204);
    await restoreLinks();
    await pass(two, sessions.user);
    expect(await statusEverywhere(sessions, '/c')).toEqual({ [one]: 404, [two]: 404, [three]: 404 });
  });

  it('other than what stands for it is named, and the rest of the container kept equal', async () => {
    await sessions.direct[two]!.request('PUT', '/c', { 'X-Storage-Policy': 'Policy-0' });
    await sessions.direct[three]!.request('PUT', '/c');
    await sessions.via[one]!.request('PUT', '/c', {
      'X-Storage-Policy': 'gold',
      'X-Container-Meta-A': '1',
    });
    expect(await policies('/c')).toEqual(['gold', 'Policy-0', 'Policy-0']);
    await expectEverywhere(sessions, '/c', { 'X-Container-Meta-A': '1' });
    await passEverywhere(sessions.user);
    const reports = await passEverywhere(sessions.user);
    expect(reports.map((report) => said(report, 'c'))).toEqual([
      [],
      [`POLICY_CONFLICT at ${two}: apart`],
      [`POLICY_CONFLICT at ${three}: apart`],
    ]);
    expect(await codesExplained(two, 'c')).toEqual({ [one]: [], [two]: ['POLICY_CONFLICT'], [three]: [] });
  });
});

describe('a sharded container', () => {
  it('is named, as Swift does not sync it, and its settings are kept equal', async () => {
    await sessions.via[one]!.request('PUT', '/c');
    const service = await SwiftSession.login(
      cluster(two).proxyUrl,
      serviceUserOf(cluster(two), sessions.user.account),
    );
    expect((await service.request('POST', '/c', { 'X-Container-Sharding': 'true' })).status).toBe(204);
    expect((await sessions.via[one]!.request('POST', '/c', { 'X-Container-Meta-A': '1' })).status).toBe(204);
    const reports = await passEverywhere(sessions.user);
    expect(reports.map((report) => said(report, 'c'))).toEqual([[], [`SHARDED at ${two}: apart`], []]);
    await expectEverywhere(sessions, '/c', { 'X-Container-Meta-A': '1' });
    expect(await codesExplained(one, 'c')).toEqual({ [one]: [], [two]: ['SHARDED'], [three]: [] });
  });
});

const KINDS = [
  ['X-Versions-Enabled', 'true'],
  ['X-Versions-Location', 'old'],
  ['X-History-Location', 'old'],
] as const;

describe('a versioned container', () => {
  it('is named by the audit on every cluster, and nothing of it is mended again and again', async () => {
    await sessions.via[one]!.request('PUT', '/old');
    for (const [header] of KINDS)
      await sessions.via[one]!.request('PUT', `/${header}`, { 'X-Container-Meta-A': '1' });
    await link(one, three).cut();
    for (const [header, value] of KINDS) {
      const answer = await sessions.via[one]!.request('POST', `/${header}`, { [header]: value });
      expect([answer.status, answer.headers['x-autosync-pending']]).toEqual([204, three]);
    }
    await restoreLinks();
    await passEverywhere(sessions.user);
    for (const [header] of KINDS) {
      for (const [name, { headers }] of Object.entries(await headEverywhere(sessions, `/${header}`)))
        expect([headers['x-container-sync-to'], headers['x-container-sync-key']], name).toEqual([
          undefined,
          undefined,
        ]);
    }
    const reports = await passEverywhere(sessions.user);
    for (const [header] of KINDS) {
      expect(reports.map((report) => said(report, header))).toEqual(
        all.map(({ name }) => [`VERSIONED at ${name}: apart`]),
      );
    }
    expect(await codesExplained(two, KINDS[0][0])).toEqual({
      [one]: ['VERSIONED'],
      [two]: ['VERSIONED'],
      [three]: ['VERSIONED'],
    });
  });
});
