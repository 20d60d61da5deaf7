// Containers from before autosync that hold objects on several sides: said before anything is written, then the same everywhere, the newest
// winning; and a container on one side only is the first copy.
import { beforeEach, expect, it } from 'vitest';
import { eachLimited } from '../../src/lib/each-limited.js';
import { Daemon } from '../../src/daemon/daemon.js';
import { PassLog } from '../../src/daemon/passes.js';
import { WHOLE } from '../../src/daemon/share.js';
import { readConfig } from '../../src/cli/running.js';
import { clusters, freshUser, waitFor } from '../support/clusters.js';
import { differences } from '../support/compare.js';
import { sendDated, sessionsOf, statusEverywhere, type Sessions } from '../support/containers.js';
import { autosync, confOf, siteOf, type Run } from '../support/daemon.js';

const names = clusters().map(({ name }) => name);
const [one, two, three] = names as [string, string, string];
const DAY_TICKS = 86_400_000n * 100n;

let sessions: Sessions;
beforeEach(async () => {
  sessions = await sessionsOf(await freshUser());
});

/** At a cluster's Swift itself, as everything was before autosync. */
async function past(at: string, method: string, path: string, headers = {}, body?: string): Promise<void> {
  const { status } = await sessions.direct[at]!.request(method, path, headers, body);
  expect([method, path, status < 300]).toEqual([method, path, true]);
}

/** An object of that date; the container's key is there only for that. */
async function dated(at: string, path: string, ticks: bigint, body: string): Promise<void> {
  const container = path.slice(0, path.lastIndexOf('/'));
  await past(at, 'POST', container, { 'X-Container-Sync-Key': 'meanwhile' });
  expect((await sendDated(sessions.direct[at]!, 'PUT', path, ticks, { body })).status).toBe(201);
  await past(at, 'POST', container, { 'X-Container-Sync-Key': '' });
}

function adopt(...args: string[]): Promise<Run> {
  return autosync('adopt', sessions.user.account, '--conf', confOf(one), ...args);
}

interface Line {
  readonly object?: { readonly object: string; readonly kind: string; readonly newestAt: string[] };
  readonly container?: { readonly container: string; readonly equal: number };
  readonly summary?: { readonly objects: Record<string, number> };
}

function lines({ stdout }: Run): Line[] {
  const texts = stdout.trim().split('\n');
  return texts.map((text) => JSON.parse(text) as Line);
}

it('says of each object who has it and who wins, asks before any is replaced, and makes all the same', async () => {
  const ticks = BigInt(Date.now()) * 100n;
  for (const [at, tie] of [
    [one, 'a'],
    [two, 'b'],
    [three, 'a'],
  ] as const) {
    await past(at, 'PUT', '/c');
    await dated(at, '/c/same', ticks - DAY_TICKS, 'same');
    await dated(at, '/c/tie', ticks - DAY_TICKS, tie);
  }
  await past(one, 'PUT', '/c/only-one', {}, 'one');
  await past(two, 'PUT', '/c/only-two', {}, 'two');
  await past(one, 'PUT', '/c/x', {}, 'older');
  await past(two, 'PUT', '/c/x', {}, 'newer');
  const before = await differences(sessions.user, 'c');

  const plan = await adopt('--dry-run', '--json');
  const said = lines(plan).flatMap(({ object }) => object ?? []);
  expect([plan.code, said.map(({ object, kind, newestAt }) => [object, kind, ...newestAt])]).toEqual([
    1,
    [
      ['only-one', 'only', one],
      ['only-two', 'only', two],
      ['tie', 'conflict'],
      ['x', 'conflict', two],
    ],
  ]);
  expect(lines(plan).at(-1)?.summary?.objects).toEqual({ equal: 1, only: 2, conflicting: 1, tied: 1 });
  const text = await adopt('--dry-run');
  expect(text.stdout).toContain(`1 object equal; 1 only at ${one}; 1 only at ${two}; `);
  expect(text.stdout).toMatch(new RegExp(`  x  at ${one}, ${two}; newest at ${two}, of .*, wins`));

  const refused = await adopt();
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--yes')]);
  expect(await differences(sessions.user, 'c')).toEqual(before);
  expect((await sessions.direct[one]!.request('HEAD', '/c')).headers['x-container-sync-to']).toBeUndefined();

  await past(one, 'PUT', '/c/tie', {}, 'right');
  const done = await adopt('--yes');
  expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('All clusters hold the same.')]);
  expect(await differences(sessions.user, 'c')).toEqual([]);
  expect((await sessions.direct[three]!.request('GET', '/c/x')).text).toBe('newer');
  expect((await adopt('--dry-run', '--json')).code).toBe(0);
});

it('copies at once what one cluster alone has, and deletes nothing', async () => {
  await past(one, 'PUT', '/full', { 'X-Container-Meta-A': '1' });
  const objects = Array.from({ length: 40 }, (_, i) => `/full/${i}`);
  await eachLimited(objects, 4, (path) => past(one, 'PUT', path, {}, path));
  await past(one, 'PUT', '/c');
  await past(two, 'PUT', '/c');
  await past(one, 'PUT', '/c/deleted-at-two', {}, 'x');
  await past(two, 'PUT', '/c/deleted-at-two', {}, 'x');
  await past(two, 'DELETE', '/c/deleted-at-two');
  const text = (await adopt('--dry-run')).stdout;
  expect(text).toContain(`0 objects equal; 40 only at ${one}`);
  expect(text).toContain('… and 30 more: see --json');

  const run = await adopt();
  expect([run.code, run.stdout]).toEqual([1, expect.stringMatching(/orphaned .*\/c\/deleted-at-two .*left/)]);
  expect(await differences(sessions.user, 'full')).toEqual([]);
  expect(await statusEverywhere(sessions, '/full/39')).toEqual({ [one]: 200, [two]: 200, [three]: 200 });
  expect((await statusEverywhere(sessions, '/c/deleted-at-two'))[one]).toBe(200);
});

it("is completed by the other clusters' daemons: what they take over they compare with their next object audit, at once", async () => {
  const { site, records } = siteOf(two);
  const options = { ...site.options, isAccountOurs: (each: string) => each === sessions.user.account };
  await past(one, 'PUT', '/at-one');
  await past(two, 'PUT', '/at-two');
  await dated(two, '/at-two/o', (BigInt(Date.now()) - 3_600_000n) * 100n, 'old');
  const end = new AbortController();
  const daemon = new Daemon(
    { ...site, options },
    { ...readConfig(confOf(two)).daemon, auditIntervalMs: 1_000, objectAuditIntervalMs: 86_400_000 },
  );
  const passes = new PassLog(records, two, WHOLE);
  const began = new Date().toISOString();
  const running = daemon.run(end.signal);
  try {
    await waitFor('it has compared objects once', async () => {
      const last = await passes.lastObjects();
      return last !== undefined && last.startedAt > began;
    });
    // The daemon may be as quick as the command, and then the container is not everywhere yet.
    expect((await adopt()).code).toBeLessThan(2);
    await waitFor('the object is everywhere', async () =>
      Object.values(await statusEverywhere(sessions, '/at-two/o')).every((status) => status === 200),
    );
  } finally {
    end.abort();
    await running;
  }
});
