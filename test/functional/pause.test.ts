// A daemon that is paused leaves everything as it is, says so, and goes on at once when it is resumed.
import { afterEach, expect, it } from 'vitest';
import { openSite, quietLog, readConfig } from '../../src/cli/running.js';
import { Daemon } from '../../src/daemon/daemon.js';
import type { Status } from '../../src/daemon/status.js';
import { freshUser, link, restoreLinks, waitFor } from '../support/clusters.js';
import { sessionsOf } from '../support/containers.js';
import { autosync, confOf } from '../support/daemon.js';

const conf = confOf('one');
const stop = new AbortController();

afterEach(async () => {
  stop.abort();
  await restoreLinks();
  await autosync('resume', '--conf', conf);
});

/** The daemon of cluster one, for that account only, until `stop`. Says what it logs. */
function runDaemon(account: string): string[] {
  const said: string[] = [];
  const config = readConfig(conf);
  const open = openSite(config, quietLog());
  const log = {
    ...quietLog(),
    warn: (_: object, text: string) => void said.push(text),
    info: () => undefined,
  };
  const options = { ...open.site.options, isAccountOurs: (each: string) => each === account };
  const daemon = new Daemon({ ...open.site, log, options }, { ...config.daemon, pendingIntervalMs: 200 });
  void daemon.run(stop.signal).finally(() => open.close());
  return said;
}

async function status(): Promise<Status & { readonly code: number | null }> {
  const { code, stdout } = await autosync('status', '--conf', conf, '--json');
  return { code, ...(JSON.parse(stdout) as Status) };
}

it('pause, write, resume: nothing is mended in between, and all of it at once afterwards', async () => {
  const sessions = await sessionsOf(await freshUser());
  const atThree = async (path: string): Promise<number> =>
    (await sessions.direct['three']!.request('HEAD', path)).status;
  const said = runDaemon(sessions.user.account);

  const paused = await autosync('pause', '--conf', conf, '--reason', 'new disks');
  expect([paused.code, paused.stderr]).toEqual([0, '']);
  await waitFor('the daemon has stopped', () =>
    said.some((text) => /^Paused since .* by .*: new disks\.$/.test(text)),
  );
  await link('one', 'three').cut();
  const made = await sessions.via['one']!.request('PUT', '/made');
  expect([made.status, made.headers['x-autosync-pending']]).toEqual([201, 'three']);
  await link('one', 'three').restore();
  await waitFor('the gateway takes three to be up', async () => {
    const again = await sessions.via['one']!.request('PUT', '/again');
    return again.headers['x-autosync-pending'] === undefined;
  });

  const during = await status();
  expect([during.code, during.isOk, during.paused?.reason]).toEqual([1, false, 'new disks']);
  expect(during.peers.find(({ name }) => name === 'three')?.pending).toBeGreaterThan(0);
  expect((await autosync('status', '--conf', conf)).stdout).toMatch(
    /^one: PAUSED.*\n {2}Paused since .* by .*: new disks\./,
  );
  const once = await autosync('daemon', conf, '--once', '--account', sessions.user.account);
  expect([once.code, once.stderr]).toEqual([3, expect.stringContaining('autosync resume')]);
  expect((await autosync('adopt', sessions.user.account, '--conf', conf)).code).toBe(3);
  expect(await atThree('/made')).toBe(404);
  const second = await autosync('pause', '--conf', conf, '--reason', 'other', '--json');
  expect(JSON.parse(second.stdout)).toMatchObject({ wasPaused: true, paused: { reason: 'new disks' } });

  expect((await autosync('resume', '--conf', conf)).code).toBe(0);
  await waitFor('three has it', async () => (await atThree('/made')) === 204);
  await waitFor('nothing is pending', async () => {
    const { paused: still, peers } = await status();
    return still === undefined && peers.every(({ pending }) => pending === 0);
  });
});
