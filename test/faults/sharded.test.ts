// A container that one cluster really shards: Swift forgets it in container sync, and copy jobs, audits and comparisons go on.
import { beforeAll, expect, it } from 'vitest';
import { eachLimited } from '../../src/lib/each-limited.js';
import type { KeptObjectReport } from '../../src/daemon/passes.js';
import { cluster, clusters, freshUser, waitFor } from '../support/clusters.js';
import { differences, waitUntilSame } from '../support/compare.js';
import { shardContainer } from '../support/container-db.js';
import { sessionsOf, statusEverywhere, type Sessions } from '../support/containers.js';
import { autosync, confOf, objectAudit, pass } from '../support/daemon.js';
import { loginAt, startGateway, type ExtraGateways } from '../support/extra-gateways.js';
import type { SwiftSession } from '../support/swift-client.js';

const all = clusters();
const names = all.map(({ name }) => name);
const [one, two, three] = names as [string, string, string];
const LONGEST_MS = 120_000;
const OBJECTS = Array.from({ length: 60 }, (_, i) => `o${String(i).padStart(2, '0')}`);

let gateways: ExtraGateways;
let sessions: Sessions;
let via: Readonly<Record<string, SwiftSession>>;

beforeAll(async () => {
  const conf = [['filter:autosync', 'copy_jobs', 'true']] as const;
  gateways = Object.fromEntries(
    await Promise.all(all.map(async (each) => [each.name, await startGateway(each, { conf })] as const)),
  );
  sessions = await sessionsOf(await freshUser());
  via = await loginAt(gateways, sessions.user);
  expect((await via[one]!.request('PUT', '/c')).status).toBe(201);
  await eachLimited(OBJECTS, 4, (name) => past(one, 'PUT', `/c/${name}`, name));
  // A listing brings in the rows that the tool would not see yet.
  expect(await listing(sessions.direct[one]!)).toEqual(OBJECTS);
  await shardContainer(cluster(one), sessions.user.account, 'c', 20);
}, 300_000);

/** At a cluster's Swift itself: nothing of it is copied. */
async function past(at: string, method: string, path: string, body?: string): Promise<void> {
  const { status } = await sessions.direct[at]!.request(method, path, {}, body);
  expect([method, path, status < 300]).toEqual([method, path, true]);
}

async function ask(at: string, method: string, path: string, headers = {}, body?: string): Promise<void> {
  const { status } = await via[at]!.request(method, path, headers, body);
  expect([method, path, status < 300]).toEqual([method, path, true]);
}

async function listing(session: SwiftSession, query = ''): Promise<string[]> {
  const { text } = await session.request('GET', `/c${query}`);
  return text.split('\n').filter((name) => name !== '');
}

function verify(...args: string[]): ReturnType<typeof autosync> {
  return autosync('verify', `${sessions.user.account}/c`, '--conf', confOf(one), '--grace', '0', ...args);
}

/** As the daemon does: again where something could not be mended, until nothing is left to be. What the first one found. */
async function audited(at: string): Promise<KeptObjectReport> {
  const audit = (): Promise<KeptObjectReport> => objectAudit(at, sessions.user);
  const first = await audit();
  let last = first;
  await waitFor(
    `an object audit at ${at} finds nothing to mend`,
    async () => {
      last = await audit();
      if (last.findings.length === 0 && last.unreachable.length === 0) return true;
      throw new Error(JSON.stringify([last.unreachable, last.findings.slice(0, 3)]));
    },
    LONGEST_MS,
  );
  return first;
}

it('is named, by the audit, by explain and by status', async () => {
  const { findings } = await pass(one, sessions.user);
  const own = findings.filter(({ account }) => account === sessions.user.account);
  expect(own.map(({ code, cluster: at, outcome }) => [code, at, outcome])).toEqual([
    ['SHARDED', one, 'apart'],
  ]);
  const path = `${sessions.user.account}/c`;
  for (const command of ['explain', 'status'])
    expect((await autosync(command, path, '--conf', confOf(two))).stdout, command).toContain('SHARDED');
});

it(
  'is compared as any other, and the object audit brings what was written past the gateway',
  { timeout: 2 * LONGEST_MS },
  async () => {
    const before = await verify();
    expect([before.code, before.stdout]).toEqual([1, expect.stringContaining(`missing × ${OBJECTS.length}`)]);
    const { tally } = await audited(one);
    expect(tally).toContainEqual(expect.objectContaining({ code: 'OBJECTS_MISSING', outcome: 'mended' }));
    for (const session of [...Object.values(sessions.direct), via[one]!])
      expect(await listing(session)).toEqual(OBJECTS);
    expect(await listing(via[one]!, '?prefix=o3&limit=3&marker=o35')).toEqual(['o36', 'o37', 'o38']);
    await past(one, 'DELETE', '/c/o05');
    await past(one, 'PUT', '/c/o25', 'newer');
    await past(two, 'PUT', '/c/o45', 'newer');
    await audited(two);
    expect(await statusEverywhere(sessions, '/c/o05')).toEqual({ [one]: 404, [two]: 404, [three]: 404 });
    expect(await differences(sessions.user, 'c')).toEqual([]);
    const after = await verify('--deep');
    expect([after.code, after.stdout]).toEqual([0, expect.stringContaining('All clusters hold the same.')]);
  },
);

it('has its objects copied both ways as clients change them', async () => {
  await ask(one, 'PUT', '/c/new', { 'X-Object-Meta-A': '1' }, 'new');
  await ask(one, 'PUT', '/c/o10', {}, 'again');
  await ask(one, 'POST', '/c/o50', { 'X-Object-Meta-B': '2' });
  await ask(one, 'DELETE', '/c/o30');
  await ask(two, 'PUT', '/c/from-two', {}, 'two');
  await ask(three, 'DELETE', '/c/o31');
  await ask(two, 'POST', '/c/o51', { 'X-Object-Meta-C': '3' });
  const isCopied = async (path: string, header: string, value: string): Promise<boolean> => {
    const heads = names.map((name) => sessions.direct[name]!.request('HEAD', path));
    return (await Promise.all(heads)).every(({ headers }) => headers[header] === value);
  };
  await waitFor('metadata is everywhere', () => isCopied('/c/o50', 'x-object-meta-b', '2'));
  await waitFor('metadata is at the cluster that shards', () => isCopied('/c/o51', 'x-object-meta-c', '3'));
  await waitUntilSame(sessions.user, 'c');
  const left = [...OBJECTS.filter((name) => !['o05', 'o30', 'o31'].includes(name)), 'new', 'from-two'];
  for (const session of Object.values(via)) expect(await listing(session)).toEqual([...left].sort());
  expect((await verify('--deep')).code).toBe(0);
});
