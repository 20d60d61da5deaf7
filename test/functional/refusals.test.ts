// What another cluster's Swift refuses is named for its cause, tried less and less often, and done as soon as the cause is gone.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PendingWorker } from '../../src/daemon/pending.js';
import type { PassReport } from '../../src/daemon/report.js';
import type { Status } from '../../src/daemon/status.js';
import { cluster, clusters, freshUser, waitFor } from '../support/clusters.js';
import { expectEverywhere, sessionsOf, type Sessions } from '../support/containers.js';
import { autosync, pass, siteOf } from '../support/daemon.js';
import { loginAt, startGateways, type ExtraGateways } from '../support/extra-gateways.js';
import { Front } from '../support/front.js';
import type { SwiftSession } from '../support/swift-client.js';

const [one, two, three] = clusters().map(({ name }) => name) as [string, string, string];

let sessions: Sessions;
beforeEach(async () => {
  sessions = await sessionsOf(await freshUser());
});

/** What a pass said, as `container: CODE at cluster, outcome`. */
function said({ findings }: PassReport): string[] {
  return findings
    .filter(({ account }) => account === sessions.user.account)
    .map(({ container = '', code, cluster: at, outcome }) => `${container}: ${code} at ${at}, ${outcome}`)
    .sort();
}

// No Swift on one machine says these by itself: a front of three's Swift says them in its place.
describe('when a cluster’s Swift refuses a container', () => {
  const REFUSALS = [
    [507, 'DISK_FULL'],
    [413, 'QUOTA'],
    [429, 'PEER_REFUSED'],
    [498, 'PEER_REFUSED'],
    [503, 'PEER_REFUSED'],
  ] as const;
  let front: Front;
  let gateways: ExtraGateways;
  let conf: string;
  let session: SwiftSession;

  beforeAll(async () => {
    front = await Front.start(cluster(three).proxyUrl);
    gateways = await startGateways(
      (name) => (name === three ? [['app:proxy', 'upstream', front.url]] : []),
      [one, three],
    );
    conf = gateways[one]!.confFile;
  });
  afterAll(() => front.close());
  beforeEach(async () => {
    session = (await loginAt(gateways, sessions.user))[one]!;
    front.judge = (method, path) => {
      const status = Number(/^\/v1\/[^/]+\/c(\d+)$/.exec(path)?.[1]);
      return status > 0 && method === 'PUT' ? { status, text: 'refused by the test' } : undefined;
    };
  });

  it('the cause is named, status says so, and all is made once the cause is gone', async () => {
    for (const [status] of REFUSALS) {
      const { headers } = await session.request('PUT', `/c${status}`, { 'X-Container-Meta-A': '1' });
      expect(headers['x-autosync-pending']).toBe(three);
    }
    const { account } = sessions.user;
    const once = await autosync('daemon', conf, '--once', '--account', account, '--json');
    expect(once.code).toBe(1);
    expect(said(JSON.parse(once.stdout) as PassReport)).toEqual(
      REFUSALS.map(([status, code]) => `c${status}: ${code} at ${three}, unmended`).sort(),
    );
    const shown = await autosync('status', '--conf', conf, '--json');
    expect(shown.code).toBe(1);
    const { peers } = JSON.parse(shown.stdout) as Status;
    expect(peers.find(({ name }) => name === three)).toMatchObject({ isUp: true, pending: REFUSALS.length });

    const own = said(await pass(three, sessions.user, 0, gateways[three]!.confFile));
    expect(own).toContain(`c503: SWIFT_TROUBLE at ${three}, unmended`);

    front.judge = () => undefined;
    expect(said(await pass(one, sessions.user, 0, conf))).toEqual(
      REFUSALS.map(([status]) => `c${status}: PEER_BEHIND at ${three}, mended`).sort(),
    );
    for (const [status] of REFUSALS)
      await expectEverywhere(sessions, `/c${status}`, { 'X-Container-Meta-A': '1' });
  });

  it('it is asked less and less often, and others are told meanwhile', async () => {
    await session.request('PUT', '/c507');
    const { site, records } = siteOf(one, conf);
    let nowMs = Date.now();
    const worker = new PendingWorker({ ...site, now: () => nowMs }, records, { random: () => 0.5 });
    const asked: number[] = [];
    for (let second = 0; second <= 120; second += 1) {
      const before = front.refused;
      await worker.round();
      if (front.refused > before) asked.push(second);
      nowMs += 1000;
    }
    expect(asked).toEqual([0, 2, 6, 14, 30, 62]);
    front.judge = () => undefined;
    expect((await session.request('PUT', '/other')).headers['x-autosync-pending']).toBeUndefined();
    await pass(one, sessions.user, 0, conf);
    await expectEverywhere(sessions, '/c507');
  });

  it('as a whole, for long, one container is tried now and then, and all are made as soon as that one is', async () => {
    const containers = Array.from({ length: 5 }, (_, i) => `/m${i}`);
    front.judge = (method, path) =>
      method === 'PUT' && /\/m\d$/.test(path) ? { status: 503, text: 'refused by the test' } : undefined;
    for (const container of containers) await session.request('PUT', container);
    const { site, records } = siteOf(one, conf);
    let nowMs = Date.now();
    const worker = new PendingWorker({ ...site, now: () => nowMs }, records, { random: () => 0.5 });
    const rounds = async (seconds: number): Promise<number> => {
      let told = 0;
      for (let second = 0; second < seconds; second += 1) {
        await worker.round({ report: () => (told += 1) });
        nowMs += 1000;
      }
      return told;
    };
    await rounds(120);
    const toldInAMinute = await rounds(60);
    expect(toldInAMinute).toBeGreaterThanOrEqual(12);
    expect(toldInAMinute).toBeLessThanOrEqual(12 + containers.length);
    front.judge = () => undefined;
    await rounds(10);
    for (const container of containers) await expectEverywhere(sessions, container);
  });
});

// Swift's own limits, in three's configuration.
describe('where a cluster’s limits are lower', () => {
  const { control, swiftDir } = cluster(three);
  const swiftConf = readFileSync(join(swiftDir, 'swift.conf'), 'utf8');
  const containersLeft = async (limit: string | null): Promise<void> => {
    await control.editConf('proxy', 'app:proxy-server', 'max_containers_per_account', limit);
    await control.editConf('proxy', 'app:proxy-server', 'recheck_account_existence', limit && '1');
    await control.editConf('proxy', 'app:proxy-server', 'max_containers_whitelist', limit && 'AUTH_autosync');
  };

  beforeAll(async () => {
    await control.writeConf('swift.conf', `${swiftConf}\n[swift-constraints]\nmax_meta_count = 4\n`);
    await containersLeft('4');
    await control.restartServer('proxy');
  });
  afterAll(async () => {
    await control.writeConf('swift.conf', swiftConf);
    await containersLeft(null);
    await control.restartServer('proxy');
  });

  function metas(count: number): Record<string, string> {
    return Object.fromEntries(Array.from({ length: count }, (_, i) => [`X-Container-Meta-K${i}`, 'v']));
  }

  it('metadata over the limit is named, and access is changed there all the same', async () => {
    const gateway = sessions.via[one]!;
    await gateway.request('PUT', '/c', { 'X-Container-Read': '.r:*' });
    const over = await gateway.request('POST', '/c', { ...metas(6), 'X-Container-Read': '' });
    expect(over.headers['x-autosync-pending']).toBe(three);
    const made = await gateway.request('PUT', '/d', metas(6));
    expect(made.headers['x-autosync-pending']).toBe(three);
    const { headers } = await sessions.direct[three]!.request('HEAD', '/c');
    expect([headers['x-container-read'], headers['x-container-meta-k0']]).toEqual([undefined, undefined]);

    expect(said(await pass(one, sessions.user))).toEqual([
      `c: METADATA_LIMIT at ${three}, unmended`,
      `d: METADATA_LIMIT at ${three}, unmended`,
    ]);
    expect(said(await pass(three, sessions.user))).toEqual([
      `c: METADATA_LIMIT at ${three}, unmended`,
      `c: SETTINGS_DRIFT at ${three}, unmended`,
      `d: CONTAINER_MISSING at ${three}, unmended`,
      `d: METADATA_LIMIT at ${three}, unmended`,
    ]);
    const gone = Object.fromEntries(Object.keys(metas(6)).map((name) => [name, '']));
    for (const container of ['/c', '/d']) await gateway.request('POST', container, gone);
    for (const name of [one, two, three]) await pass(name, sessions.user);
    await expectEverywhere(sessions, '/c', { 'X-Container-Meta-K0': undefined });
    await expectEverywhere(sessions, '/d', { 'X-Container-Meta-K0': undefined });
  });

  it('a container more than an account may have there is named', async () => {
    for (const container of ['/a', '/b', '/c', '/d']) await sessions.via[one]!.request('PUT', container);
    await waitFor('three’s proxy counts four containers', async () => {
      const { headers } = await sessions.via[one]!.request('PUT', '/e');
      if (headers['x-autosync-pending'] === three) return true;
      await sessions.via[one]!.request('DELETE', '/e');
      return false;
    });
    expect(said(await pass(one, sessions.user))).toEqual([`e: QUOTA at ${three}, unmended`]);
    await sessions.via[one]!.request('DELETE', '/a');
    await waitFor('there is room for it', async () => {
      await pass(three, sessions.user);
      return (await sessions.direct[three]!.request('HEAD', '/e')).status === 204;
    });
    await pass(one, sessions.user);
    await expectEverywhere(sessions, '/e');
  });
});
