// Whatever differs between the clusters is found, nothing else is, and --repair makes them the same without losing anything.
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Finding } from '../../src/verify/finding.js';
import type { RepairOptions, RunOptions } from '../../src/verify/run.js';
import { verify, type Scope, type VerifyReport } from '../../src/verify/verify.js';
import { reclaimAccount } from '../support/account-db.js';
import { clusters, freshUser, link, serviceUserOf, SwiftSession } from '../support/clusters.js';
import { differences } from '../support/compare.js';
import {
  doneAt,
  putSame,
  sendDated,
  sessionsOf,
  statusEverywhere,
  type RequestAt,
  type Sessions,
} from '../support/containers.js';
import { autosync, confOf, healSiteOf, objectAudit, pass, siteOf } from '../support/daemon.js';
import type { Answer } from '../support/swift-client.js';

const all = clusters();
const names = all.map(({ name }) => name);
const [one, two, three] = names as [string, string, string];
const DAY_MS = 86_400_000;

let sessions: Sessions;
beforeEach(async () => {
  sessions = await sessionsOf(await freshUser());
  expect((await sessions.via[one]!.request('PUT', '/c')).status).toBe(201);
});

function at(...request: RequestAt): Promise<Answer> {
  return doneAt(sessions, ...request);
}

/** At cluster one, in this process; with no grace, and listings of two rows. */
async function verified(
  options: Partial<RunOptions> = {},
  scope: Scope = {},
): Promise<{ report: VerifyReport; findings: Finding[]; kinds: Record<string, string> }> {
  const { site, records } = siteOf(one);
  const findings: Finding[] = [];
  const report = await verify(
    site,
    records,
    { account: sessions.user.account, ...scope },
    {
      ...{ graceMs: 0, isDeep: false, reclaimAgeMs: 7 * DAY_MS, containersAtOnce: 2, page: 2 },
      onFinding: (finding) => findings.push(finding),
      ...options,
    },
  );
  const kinds = findings.map(({ kind, container, object = '', clusters: where, outcome }) => [
    `${container}/${object}`,
    `${kind} ${where.join('+')} ${outcome}`,
  ]);
  return { report, findings, kinds: Object.fromEntries(kinds) as Record<string, string> };
}

function repair(options: Partial<RepairOptions> = {}): { repair: RepairOptions } {
  const mayDelete = (): Promise<boolean> => Promise.resolve(true);
  return { repair: { isDryRun: false, maxDelete: 100, isForced: false, mayDelete, ...options } };
}

function command(...args: string[]): ReturnType<typeof autosync> {
  return autosync('verify', sessions.user.account, '--conf', confOf(one), ...args);
}

const ODD = ['a b', 'ü?#%', 'x/../y', "it's (odd)*", '\u{1F40B}', '\uFF21'];

/** One fault of each kind. */
async function plant(): Promise<void> {
  for (const name of ['same', 'stale', 'orphan', ...ODD]) await putSame(sessions, '/c', name, name);
  await at(two, 'PUT', '/c/stale', {}, 'newer');
  await at(two, 'PUT', '/c/only-two', { 'X-Object-Meta-A': 'ü' }, 'two');
  await at(one, 'PUT', '/c/only-one', {}, 'one');
  await at(three, 'DELETE', '/c/orphan');
  const ticks = BigInt(Date.now()) * 100n;
  for (const name of names) {
    const session = sessions.direct[name]!;
    await sendDated(session, 'PUT', '/c/bytes', ticks, { body: name === two ? 'b' : 'a' });
    await sendDated(session, 'PUT', '/c/meta', ticks, { body: 'm', headers: { 'X-Object-Meta-At': name } });
  }
  await at(one, 'PUT', `/c/${encodeURIComponent('only ü')}`, {}, 'one');
}

describe('what differs', () => {
  it('is found, object by object, and no more than that', async () => {
    await plant();
    const { report, kinds } = await verified();
    const expected = {
      'c/stale': `stale ${one}+${three} found`,
      'c/only-two': `missing ${one}+${three} found`,
      'c/only-one': `missing ${two}+${three} found`,
      'c/only ü': `missing ${two}+${three} found`,
      'c/orphan': `orphaned ${one}+${two} found`,
      'c/bytes': `different-bytes ${two} found`,
    };
    expect(kinds).toEqual(expected);
    expect([report.isEqual, report.containers, report.objects]).toEqual([false, 1, 14]);
    const deep = await verified({ isDeep: true });
    expect(deep.kinds).toEqual({ ...expected, 'c/meta': `different-metadata ${two}+${three} found` });
    expect(deep.findings.find(({ object }) => object === 'meta')?.detail).toBe('x-object-meta-at');
  });

  it('is made the same by a repair, from whichever cluster has the newest; a dry run changes nothing', async () => {
    await plant();
    const before = await differences(sessions.user, 'c');
    const planned = await verified(repair({ isDryRun: true }));
    expect(planned.kinds).toMatchObject({
      'c/only-two': `missing ${one}+${three} planned`,
      'c/orphan': `orphaned ${one}+${two} planned`,
    });
    expect(await differences(sessions.user, 'c')).toEqual(before);

    const { report, kinds } = await verified(repair());
    expect(kinds).toEqual({
      'c/stale': `stale ${one}+${three} repaired`,
      'c/only-two': `missing ${one}+${three} repaired`,
      'c/only-one': `missing ${two}+${three} repaired`,
      'c/only ü': `missing ${two}+${three} repaired`,
      'c/orphan': `orphaned ${one}+${two} repaired`,
      'c/bytes': `different-bytes ${two} repaired`,
    });
    expect(report.deleted).toBe(2);
    expect((await verified()).kinds).toEqual({});
    for (const name of names) expect((await at(name, 'GET', '/c/bytes')).text).toBe('b');
    expect(await statusEverywhere(sessions, '/c/orphan')).toEqual({ [one]: 404, [two]: 404, [three]: 404 });
    expect((await at(three, 'GET', '/c/stale')).text).toBe('newer');
    const copied = await at(three, 'HEAD', '/c/only-two');
    expect(Buffer.from(copied.headers['x-object-meta-a']!, 'latin1').toString('utf8')).toBe('ü');
  });

  it('is bytes that a POST dated like others, as where a PUT and a POST of two clusters were copied at once: a repair makes them the same', async () => {
    const ticks = BigInt(Date.now()) * 100n;
    const headers = { 'X-Object-Meta-A': '1' };
    await putSame(sessions, '/c', 'o', 'old', ticks);
    await sendDated(sessions.direct[one]!, 'POST', '/c/o', ticks + 2n, { headers });
    for (const name of [one, three])
      await sendDated(sessions.direct[name]!, 'PUT', '/c/o', ticks + 1n, { body: 'new' });
    await sendDated(sessions.direct[two]!, 'PUT', '/c/o', ticks + 2n, { headers, body: 'old' });
    const kindsOf = ({ findings }: { findings: Finding[] }): string[] =>
      findings.map(({ kind, clusters: where, outcome }) => `${kind} ${where.join('+')} ${outcome}`).sort();
    expect(kindsOf(await verified())).toEqual([`different-bytes ${two} found`, `stale ${three} found`]);
    expect(kindsOf(await verified(repair()))).toEqual([
      `different-bytes ${two} repaired`,
      `stale ${three} repaired`,
    ]);
    expect((await verified({ isDeep: true })).report.isEqual).toBe(true);
    for (const name of names) {
      const { text, headers: held } = await at(name, 'GET', '/c/o');
      expect([name, text, held['x-object-meta-a']]).toEqual([name, 'old', '1']);
    }
  });

  it('is older metadata beside newer bytes: the newest of both are kept', async () => {
    const ticks = BigInt(Date.now()) * 100n;
    await putSame(sessions, '/c', 'o', 'old', ticks);
    await sendDated(sessions.direct[one]!, 'POST', '/c/o', ticks + 200n, {
      headers: { 'X-Object-Meta-A': '1' },
    });
    await sendDated(sessions.direct[three]!, 'PUT', '/c/o', ticks + 100n, { body: 'new' });
    expect((await verified(repair())).kinds).toEqual({ 'c/o': `stale ${three}+${two} repaired` });
    expect((await verified({ isDeep: true })).report.isEqual).toBe(true);
    for (const name of names) {
      const { text, headers: held } = await at(name, 'GET', '/c/o');
      expect([name, text, held['x-object-meta-a']]).toEqual([name, 'new', '1']);
    }
  });

  it('is where a link leads, though all links have the same bytes', async () => {
    const [old, newer] = ['old', 'newer'].map((to) => ({
      'X-Symlink-Target': `c/${to}`,
      'Content-Length': '0',
    }));
    for (const name of names) await at(name, 'PUT', '/c/link', old);
    await at(two, 'PUT', '/c/link', newer);
    // But for their dates, which differ as well.
    expect((await verified(repair())).kinds).toEqual({ 'c/link': `stale ${one}+${three} repaired` });
    expect((await verified({ isDeep: true })).report.isEqual).toBe(true);
    for (const name of names) {
      const { headers } = await at(name, 'HEAD', '/c/link?symlink=get');
      expect([name, headers['x-symlink-target']]).toEqual([name, 'c/newer']);
    }
  });

  it('is only the metadata: that alone is sent', async () => {
    await putSame(sessions, '/c', 'o', 'body');
    await at(two, 'POST', '/c/o', { 'X-Object-Meta-A': '1', 'Content-Type': 'text/new' });
    expect((await verified()).kinds).toEqual({ 'c/o': `stale ${one}+${three} found` });
    await verified(repair());
    const { report } = await verified({ isDeep: true });
    expect(report.isEqual).toBe(true);
    expect((await at(three, 'HEAD', '/c/o')).headers['content-type']).toBe('text/new');
  });
});

describe('large objects and links', () => {
  it('are compared and repaired as themselves, segments among them', async () => {
    expect((await sessions.via[one]!.request('PUT', '/c_segments')).status).toBe(201);
    await at(two, 'PUT', '/c_segments/p1', {}, 'one ');
    await at(two, 'PUT', '/c_segments/p2', {}, 'two');
    const parts = ['p1', 'p2'].map((part) => ({ path: `/c_segments/${part}` }));
    await at(
      two,
      'PUT',
      '/c/slo?multipart-manifest=put',
      { 'Content-Type': 'text/s' },
      JSON.stringify(parts),
    );
    await at(two, 'PUT', '/c/dlo', { 'X-Object-Manifest': 'c_segments/p' });
    await at(two, 'PUT', '/c/link', { 'X-Symlink-Target': 'c_segments/p2', 'Content-Type': 'a/b' });
    const scope = { container: 'c' };
    const found = (await verified({}, scope)).findings.map(({ kind, object, clusters: where }) =>
      [object, kind, ...where].join(' '),
    );
    expect(found.sort()).toEqual([
      `dlo missing ${one} ${three}`,
      `link missing ${one} ${three}`,
      `slo missing ${one} ${three}`,
      `slo segments-missing ${one}`,
      `slo segments-missing ${three}`,
    ]);
    await verified(repair(), scope);
    expect((await verified({ isDeep: true })).findings).toEqual([]);
    for (const name of [one, three]) {
      expect((await at(name, 'GET', '/c/slo')).text).toBe('one two');
      expect((await at(name, 'GET', '/c/dlo')).text).toBe('one two');
      expect((await at(name, 'GET', '/c/link')).text).toBe('two');
      expect((await at(name, 'HEAD', '/c/slo')).headers['content-type']).toBe('text/s');
    }
  });
});

describe('deletions', () => {
  it('stop before harm: more than --max-delete, and none is done', async () => {
    for (const name of ['a', 'b']) {
      await putSame(sessions, '/c', name, name);
      await at(three, 'DELETE', `/c/${name}`);
    }
    const { report, kinds } = await verified(repair({ maxDelete: 3 }));
    expect(kinds).toEqual({
      'c/a': `orphaned ${one}+${two} kept`,
      'c/b': `orphaned ${one}+${two} kept`,
    });
    expect([report.deleted, report.isEqual]).toEqual([0, false]);
    expect((await verified(repair({ maxDelete: 4 }))).report.deleted).toBe(4);
  });

  it('want --yes without a terminal, and --force for what is older than reclaim_age', async () => {
    await putSame(sessions, '/c', 'new', 'x');
    await putSame(sessions, '/c', 'old', 'x', BigInt(Date.now() - 10 * DAY_MS) * 100n);
    for (const name of ['new', 'old']) await at(three, 'DELETE', `/c/${name}`);
    const run = await command('--repair', '--grace', '0', '--json');
    expect([run.code, lines(run.stdout).map((each) => each['outcome'])]).toEqual([
      1,
      ['kept', 'kept', undefined],
    ]);
    expect(await statusEverywhere(sessions, '/c/new')).toEqual({ [one]: 200, [two]: 200, [three]: 404 });
    await command('--repair', '--grace', '0', '--yes');
    expect(await statusEverywhere(sessions, '/c/new')).toEqual({ [one]: 404, [two]: 404, [three]: 404 });
    expect(await statusEverywhere(sessions, '/c/old')).toEqual({ [one]: 200, [two]: 200, [three]: 404 });
    expect((await verified(repair({ isForced: true }))).report.deleted).toBe(2);
  });

  it('never take what was written again later', async () => {
    await putSame(sessions, '/c', 'o', 'x');
    await at(three, 'DELETE', '/c/o');
    await at(two, 'PUT', '/c/o', {}, 'again');
    await verified(repair());
    expect((await verified()).report.isEqual).toBe(true);
    expect((await at(three, 'GET', '/c/o')).text).toBe('again');
  });
});

describe('an account that one cluster deleted', () => {
  it('is compared with that cluster no more, and what its reaper deleted is deleted nowhere else, also later', async () => {
    await pass(one, sessions.user);
    await putSame(sessions, '/c', 'o', 'x');
    const cluster = all.find(({ name }) => name === three)!;
    // As the reaper would.
    await at(three, 'DELETE', '/c/o');
    const { account } = sessions.user;
    const admin = await SwiftSession.login(cluster.proxyUrl, serviceUserOf(cluster, account));
    expect((await admin.request('DELETE', '')).status).toBe(204);
    const gone = await verified(repair());
    expect([gone.kinds, gone.report.deleted]).toEqual([{ '/': `account-gone ${three} found` }, 0]);
    expect((await objectAudit(one, sessions.user)).tally).toContainEqual({
      code: 'OBJECTS_UNCLEAR',
      outcome: 'unmended',
      count: 1,
    });

    await pass(three, sessions.user);
    reclaimAccount(cluster, account);
    await sessions.direct[three]!.request('PUT', '/new');
    for (const name of names) await pass(name, sessions.user);
    const back = await verified(repair());
    expect([back.kinds, back.report.deleted]).toEqual([{ 'c/o': `missing ${three} failed` }, 0]);
    expect(await statusEverywhere(sessions, '/c/o')).toEqual({ [one]: 200, [two]: 200, [three]: 404 });
  });
});

describe('the command', () => {
  it('says that all is equal, in text and as JSON lines', async () => {
    for (const name of ODD) await putSame(sessions, '/c', name, name);
    const [text, json] = await Promise.all([command(), command('--json', '--deep', '--grace', '0')]);
    expect([text.code, json.code]).toEqual([0, 0]);
    expect(text.stdout).toContain('All clusters hold the same.');
    const [{ summary }] = lines(json.stdout) as [{ summary: VerifyReport }];
    expect([summary.isEqual, summary.objects, summary.asked]).toEqual([true, ODD.length, ODD.length]);
  });

  it('counts what is young as on its way', async () => {
    await at(one, 'PUT', '/c/young', {}, 'x');
    await putSame(sessions, '/c', 'deleted', 'x', BigInt(Date.now() - DAY_MS) * 100n);
    await at(two, 'DELETE', '/c/deleted');
    const { report } = await verified({ graceMs: 60_000 });
    expect([report.isEqual, report.onTheirWay]).toEqual([true, 2]);
    const run = await command('--grace', '0');
    expect([run.code, run.stdout.includes('missing')]).toEqual([1, true]);
  });

  it('names a cluster that is away, and does not call equal what was not compared', async () => {
    await putSame(sessions, '/c', 'o', 'x');
    onTestFinished(() => healSiteOf(one));
    await link(one, three).cut();
    const run = await command('--json', '--grace', '0');
    const { summary } = lines(run.stdout).at(-1) as unknown as { summary: VerifyReport };
    expect([run.code, summary.isEqual]).toEqual([3, false]);
    expect(summary.notAsked.map(({ cluster }) => cluster)).toEqual([three]);
  });

  it('names a cluster that lacks the container, and compares the others', async () => {
    await at(three, 'DELETE', '/c');
    await at(one, 'PUT', '/c/o', {}, 'x');
    expect((await verified()).findings.map(({ kind, clusters: where }) => [kind, ...where])).toEqual([
      ['missing', two],
      ['container-missing', three],
    ]);
  });

  it('refuses an account that is not among accounts', async () => {
    const run = await autosync('verify', 'AUTH_x', '--conf', confOf(one));
    expect(run.code).toBe(2);
  });
});

function lines(stdout: string): Record<string, unknown>[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
