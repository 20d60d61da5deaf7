// The daemon's object audit: it compares what may differ and no more, mends it, and says since when all is proven equal.
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { readConfig } from '../../src/cli/running.js';
import { renderStatusOf } from '../../src/cli/status-text.js';
import { PassLog, type KeptObjectReport } from '../../src/daemon/passes.js';
import { WHOLE } from '../../src/daemon/share.js';
import { statusOf, type StatusOf } from '../../src/daemon/status-of.js';
import { clusters, freshUser, link } from '../support/clusters.js';
import {
  doneAt,
  putSame,
  sendDated,
  sessionsOf,
  statusEverywhere,
  type RequestAt,
  type Sessions,
} from '../support/containers.js';
import { autosync, confOf, healSiteOf, objectAudit, siteOf } from '../support/daemon.js';
import type { Answer } from '../support/swift-client.js';

const names = clusters().map(({ name }) => name);
const [one, two, three] = names as [string, string, string];

let sessions: Sessions;
beforeEach(async () => {
  sessions = await sessionsOf(await freshUser());
  expect((await sessions.via[one]!.request('PUT', '/c')).status).toBe(201);
});

function at(...request: RequestAt): Promise<Answer> {
  return doneAt(sessions, ...request);
}

function audited(last?: KeptObjectReport): Promise<KeptObjectReport> {
  return objectAudit(one, sessions.user, last);
}

it('copies what is missing, passes over what did not change since, and looks again at what did', async () => {
  await at(two, 'PUT', '/c/o', {}, 'two');
  await putSame(sessions, '/c', 'deleted', 'x');
  await at(three, 'DELETE', '/c/deleted');
  const first = await audited();
  expect(Object.fromEntries(first.tally.map(({ code, ...rest }) => [code, rest]))).toEqual({
    OBJECTS_MISSING: { outcome: 'mended', count: 2 },
    OBJECTS_ORPHANED: { outcome: 'mended', count: 2 },
  });
  expect(await statusEverywhere(sessions, '/c/o')).toEqual({ [one]: 200, [two]: 200, [three]: 200 });
  const second = await audited(first);
  expect([second.looked, second.unchanged, second.mended, second.unmended]).toEqual([1, 0, 0, 0]);
  const third = await audited(second);
  expect([third.looked, third.unchanged]).toEqual([0, 1]);
  expect(third.provenSince).toEqual(second.provenSince);
  expect(Object.keys(third.provenSince).sort()).toEqual([...names].sort());
  await at(one, 'PUT', '/c/o', {}, 'owt');
  expect((await audited(third)).tally).toEqual([{ code: 'OBJECTS_MISSING', outcome: 'mended', count: 2 }]);
});

it('proves containers equal, and status says when that was', async () => {
  await putSame(sessions, '/c', 'o', 'x');
  const account = sessions.user.account;
  const { site, records } = siteOf(one);
  const asked = async (container?: string): Promise<StatusOf & { readonly text: string }> => {
    const name = container === undefined ? { account } : { account, container };
    const status = await statusOf(site, records, name, readConfig(confOf(one)).daemon);
    return { ...status, text: renderStatusOf(status) };
  };
  const before = await asked('c');
  expect([before.provenEqualAt, before.text]).toEqual([
    undefined,
    expect.stringContaining('proven equal: not yet'),
  ]);
  const report = await audited();
  await new PassLog(records, one, WHOLE).keepObjects(report);
  const at = report.provenSince[one];
  for (const container of ['c', undefined]) {
    const after = await asked(container);
    expect([after.provenEqualAt, after.text]).toEqual([at, expect.stringContaining(`at ${at}`)]);
    expect(after.provenEqualSeconds).toBeGreaterThan(0);
  }
  await sessions.via[one]!.request('PUT', '/later');
  expect((await asked()).provenEqualAt).toBeUndefined();
  expect((await asked('c')).provenEqualAt).toBe(at);
  expect((await asked('later')).provenEqualAt).toBeUndefined();
});

it('makes copies dated alike the same, and says who could not be asked', async () => {
  const ticks = BigInt(Date.now()) * 100n;
  for (const name of names)
    await sendDated(sessions.direct[name]!, 'PUT', '/c/o', ticks, { body: name === two ? 'b' : 'a' });
  onTestFinished(() => healSiteOf(one));
  await link(one, three).cut();
  const report = await audited();
  expect([report.unreachable, report.unmended]).toEqual([[three], 0]);
  expect(report.findings).toContainEqual(
    expect.objectContaining({ code: 'OBJECTS_DIFFER', container: 'c', cluster: two, outcome: 'mended' }),
  );
  await new PassLog(siteOf(one).records, one, WHOLE).keepObjects(report);
  const status = await autosync('status', '--conf', confOf(one));
  expect([status.code, status.stdout]).toEqual([1, expect.stringContaining(`not audited: ${three}`)]);
  for (const name of [one, two]) expect((await at(name, 'GET', '/c/o')).text).toBe('b');
});
