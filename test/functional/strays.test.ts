// Objects on a cluster where their container is not placed go home, and nothing is lost by that.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditObjects } from '../../src/daemon/object-audit.js';
import { WHOLE } from '../../src/daemon/share.js';
import { parseTimestamp } from '../../src/swift/timestamp.js';
import type { RepairOptions } from '../../src/verify/run.js';
import { verify, type VerifyReport } from '../../src/verify/verify.js';
import { clusters, freshUser, healLinks, link } from '../support/clusters.js';
import { putSame, sendDated, sessionsOf, statusEverywhere, type Sessions } from '../support/containers.js';
import { siteOf } from '../support/daemon.js';
import { startGateway, type ExtraGateway } from '../support/extra-gateways.js';
import { SwiftSession, type Answer } from '../support/swift-client.js';

const all = clusters();
const names = all.map(({ name }) => name);
const [one, two, three] = names as [string, string, string];
const DAY_MS = 86_400_000;
const HOUR_TICKS = 360_000_000n;

let gateway: ExtraGateway;
let sessions: Sessions;
/** Through a gateway of the first cluster that places everything on the others. */
let here: SwiftSession;

beforeAll(async () => {
  gateway = await startGateway(all[0]!, { conf: [['filter:placement', 'default', `${two}, ${three}`]] });
});
beforeEach(async () => {
  sessions = await sessionsOf(await freshUser());
  here = await SwiftSession.login(gateway.url, sessions.user);
  expect((await here.request('PUT', '/c')).status).toBe(201);
});

async function at(name: string, method: string, path: string, headers = {}, body?: string): Promise<Answer> {
  const answer = await sessions.direct[name]!.request(method, path, headers, body);
  expect([method, path, answer.status < 300]).toEqual([method, path, true]);
  return answer;
}

/** Kinds of findings, where, and what became of them, by object. */
async function verified(
  by = one,
  repair?: Partial<RepairOptions>,
): Promise<{ report: VerifyReport; kinds: Record<string, string>; details: string }> {
  const { site, records } = siteOf(by);
  const kinds: Record<string, string> = {};
  const details: string[] = [];
  const mayDelete = (): Promise<boolean> => Promise.resolve(true);
  const wish = { isDryRun: false, maxDelete: 100, isForced: false, mayDelete, ...repair };
  const report = await verify(
    site,
    records,
    { account: sessions.user.account },
    {
      ...{ graceMs: 0, isDeep: false, reclaimAgeMs: 7 * DAY_MS, containersAtOnce: 2, page: 2 },
      ...(repair === undefined ? {} : { repair: wish }),
      onFinding: ({ kind, object = '', clusters: where, outcome, detail }) => {
        kinds[`${object} at ${where.join('+')}`] = `${kind} ${outcome}`;
        details.push(detail ?? '');
      },
    },
  );
  return { report, kinds, details: details.join('\n') };
}

const AT_HOME = { [one]: 404, [two]: 200, [three]: 200 };

describe('an object where its container is not placed', () => {
  it.each([
    ['its own cluster', one],
    ['another', two],
  ])('goes home with all that it is, by the work of %s, and a dry run changes nothing', async (_, by) => {
    const headers = { 'Content-Type': 'text/x', 'X-Object-Meta-A': 'ü' };
    for (const name of ['a', 'b%20%C3%BC%3F', 'c', 'd/e']) await at(one, 'PUT', `/c/${name}`, headers, name);
    const planned = await verified(by, { isDryRun: true });
    expect(planned.kinds).toMatchObject({
      [`a at ${one}`]: 'stray planned',
      [`d/e at ${one}`]: 'stray planned',
    });
    expect(await statusEverywhere(sessions, '/c/a')).toEqual({ [one]: 200, [two]: 404, [three]: 404 });
    expect((await verified(by)).kinds[`a at ${one}`]).toBe('stray found');
    const { kinds } = await verified(by, {});
    expect(kinds[`b ü? at ${one}`]).toBe('stray repaired');
    for (const name of ['a', 'b%20%C3%BC%3F', 'c', 'd/e']) {
      expect(await statusEverywhere(sessions, `/c/${name}`)).toEqual(AT_HOME);
      const got = await here.request('GET', `/c/${name}`);
      expect([got.text, got.headers['content-type']]).toEqual([name, 'text/x']);
      expect(Buffer.from(got.headers['x-object-meta-a']!, 'latin1').toString()).toBe('ü');
    }
    expect((await verified(by)).report.isEqual).toBe(true);
  });

  it('goes where a newer one is at home, replaces an older one, and stays deleted where it was', async () => {
    await at(one, 'PUT', '/c/older', {}, 'old');
    await at(two, 'PUT', '/c/older', {}, 'new');
    await at(three, 'PUT', '/c/newer', {}, 'old');
    await at(one, 'PUT', '/c/newer', {}, 'new');
    await putSame(sessions, '/c', 'deleted', 'x');
    await at(three, 'DELETE', '/c/deleted');
    const { kinds } = await verified(one, {});
    expect(kinds).toMatchObject({
      [`older at ${one}`]: 'stray repaired',
      [`newer at ${one}`]: 'stray repaired',
      [`deleted at ${one}+${two}`]: 'orphaned repaired',
    });
    for (const path of ['/c/older', '/c/newer']) {
      expect(await statusEverywhere(sessions, path)).toEqual(AT_HOME);
      for (const name of [two, three]) expect((await at(name, 'GET', path)).text).toBe('new');
    }
    expect(await statusEverywhere(sessions, '/c/deleted')).toEqual({ [one]: 404, [two]: 404, [three]: 404 });
  });

  it('that is at home as well goes, and that deletion can never reach the one at home', async () => {
    const ticks = BigInt(Date.now()) * 100n - HOUR_TICKS;
    await putSame(sessions, '/c', 'o', 'x', ticks);
    expect((await verified(one, {})).kinds[`o at ${one}`]).toBe('stray repaired');
    expect(await statusEverywhere(sessions, '/c/o')).toEqual(AT_HOME);
    // As container sync would send it, were the container placed here again.
    for (const name of [two, three]) {
      const { headers } = await at(name, 'HEAD', '/c/o');
      expect(parseTimestamp(headers['x-timestamp']!)).toBe(ticks + 2n);
      expect((await sendDated(sessions.direct[name]!, 'DELETE', '/c/o', ticks + 1n)).status).toBe(409);
    }
    expect((await sendDated(sessions.direct[one]!, 'PUT', '/c/o', ticks + 2n, { body: 'x' })).status).toBe(
      201,
    );
    expect((await here.request('GET', '/c/o')).text).toBe('x');
  });

  it('stays where nobody can say which one is right', async () => {
    const ticks = BigInt(Date.now()) * 100n - HOUR_TICKS;
    for (const name of [one, two])
      await sendDated(sessions.direct[name]!, 'PUT', '/c/o', ticks, { body: name });
    const { kinds } = await verified(one, {});
    expect(kinds[`o at ${one}`]).toBe('different-bytes kept');
    for (const name of [one, two]) expect((await at(name, 'GET', '/c/o')).text).toBe(name);
  });

  it('stays where its container has no key by which it could be read', async () => {
    await at(one, 'PUT', '/c/o', {}, 'x');
    await at(one, 'POST', '/c', { 'X-Container-Sync-Key': '' });
    const { kinds } = await verified(one, {});
    expect(kinds[`o at ${one}`]).toBe('stray failed');
    expect((await at(one, 'GET', '/c/o')).text).toBe('x');
  });

  describe('while one of the clusters of its placement is away', () => {
    afterEach(healLinks);

    it('stays, until that can be asked whether it was deleted there', async () => {
      await at(one, 'PUT', '/c/o', {}, 'x');
      await link(one, three).cut();
      const { kinds, details } = await verified(one, {});
      expect(kinds[`o at ${one}`]).toBe('stray kept');
      expect(details).toContain(`while ${three} cannot be asked`);
      expect((await at(one, 'GET', '/c/o')).text).toBe('x');
    });
  });

  it('goes home with the daemon’s object audit, which looks again only where something changed', async () => {
    const { site, records } = siteOf(three);
    const options = { ...site.options, isAccountOurs: (each: string) => each === sessions.user.account };
    const audited = (last?: Awaited<ReturnType<typeof auditObjects>>): ReturnType<typeof auditObjects> =>
      auditObjects({ ...site, options }, records, {
        ...{ reclaimAgeMs: 7 * DAY_MS, share: WHOLE, graceMs: 0, last },
        signal: new AbortController().signal,
      });
    const first = await audited();
    await at(one, 'PUT', '/c/o', {}, 'x');
    const second = await audited(first);
    expect(second.tally).toContainEqual({ code: 'OBJECTS_STRAY', outcome: 'mended', count: 1 });
    expect(await statusEverywhere(sessions, '/c/o')).toEqual(AT_HOME);
    const third = await audited(second);
    expect([third.unmended, (await audited(third)).unchanged]).toEqual([0, 1]);
  });
});
