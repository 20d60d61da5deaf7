// Objects on a cluster where their container is not placed go home, and nothing is lost by that.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KeptObjectReport } from '../../src/daemon/passes.js';
import { parseTimestamp } from '../../src/swift/timestamp.js';
import type { Keeper } from '../../src/records/keeper.js';
import { DESIRED, type Record as Recorded } from '../../src/records/record.js';
import { register } from '../../src/records/register.js';
import { baselineVersion } from '../../src/records/version.js';
import type { RepairOptions } from '../../src/verify/run.js';
import { verify, type VerifyReport } from '../../src/verify/verify.js';
import { clusters, freshUser, healLinks, link, waitFor } from '../support/clusters.js';
import {
  doneAt,
  putSame,
  sendDated,
  sessionsOf,
  statusEverywhere,
  type RequestAt,
  type Sessions,
} from '../support/containers.js';
import { objectAudit, siteOf } from '../support/daemon.js';
import { startGateway, type ExtraGateway } from '../support/extra-gateways.js';
import { SwiftSession, type Answer } from '../support/swift-client.js';

const all = clusters();
const names = all.map(({ name }) => name);
const [one, two, three] = names as [string, string, string];
const DAY_MS = 86_400_000;
const HOUR_TICKS = 360_000_000n;

let gateway: ExtraGateway;
/** Of the first cluster: places as the containers' names say. */
let otherwise: ExtraGateway;
let sessions: Sessions;
/** Through a gateway of the first cluster that places everything on the others. */
let here: SwiftSession;

beforeAll(async () => {
  gateway = await startGateway(all[0]!, { conf: [['filter:placement', 'default', `${two}, ${three}`]] });
  otherwise = await startGateway(all[0]!, {
    conf: [
      ['filter:placement', 'rule_alone', `AUTH_*/alone* -> ${one}`],
      ['filter:placement', 'rule_second', `AUTH_*/second* -> ${two}`],
      ['filter:placement', 'default', `${one}, ${two}`],
    ],
  });
});
beforeEach(async () => {
  sessions = await sessionsOf(await freshUser());
  here = await SwiftSession.login(gateway.url, sessions.user);
  expect((await here.request('PUT', '/c')).status).toBe(201);
});

function at(...request: RequestAt): Promise<Answer> {
  return doneAt(sessions, ...request);
}

interface Circumstances {
  /** As if it were so much later. */
  readonly laterMs?: number;
  /** What takes the place of the records. */
  readonly now?: (records: Keeper) => Keeper;
}

function readNothingElse(records: Keeper): Keeper {
  return records;
}

/** The records, where a container's says something else. */
function withPlacement(change: (record: Recorded) => Recorded) {
  return (records: Keeper): Keeper =>
    new Proxy(records, {
      get(target, field) {
        if (field === 'read')
          return async (name: Parameters<Keeper['read']>[0]) => {
            const record = await target.read(name);
            return name.container === undefined ? record : change(record);
          };
        const value: unknown = Reflect.get(target, field, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
}

/** Kinds of findings, where, and what became of them, by object. */
async function verified(
  by = one,
  repair?: Partial<RepairOptions>,
  { laterMs = 0, now = readNothingElse }: Circumstances = {},
): Promise<{ report: VerifyReport; kinds: Record<string, string>; details: string }> {
  const { site: open, records: kept } = siteOf(by);
  const site = { ...open, now: () => Date.now() + laterMs };
  const kinds: Record<string, string> = {};
  const details: string[] = [];
  const mayDelete = (): Promise<boolean> => Promise.resolve(true);
  const wish = { isDryRun: false, maxDelete: 100, isForced: false, mayDelete, ...repair };
  const report = await verify(
    site,
    now(kept),
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
    afterEach(async () => {
      await healLinks();
      const isDown = (): boolean => siteOf(one).site.clusters.peer(three)?.isDown === true;
      await waitFor('this process does not take it to be down either', () => !isDown());
    });

    it('stays, until that can be asked whether it was deleted there', async () => {
      await at(one, 'PUT', '/c/o', {}, 'x');
      await link(one, three).cut();
      const { kinds, details } = await verified(one, {});
      expect(kinds[`o at ${one}`]).toBe('stray kept');
      expect(details).toContain(`while ${three} cannot be asked`);
      expect((await at(one, 'GET', '/c/o')).text).toBe('x');
    });
  });

  describe('that is older than reclaim_age', () => {
    const old = BigInt(Date.now() - 30 * DAY_MS) * 100n;

    async function putOld(name: string, path: string): Promise<void> {
      const { status } = await sendDated(sessions.direct[name]!, 'PUT', path, old, { body: 'old' });
      expect([name, path, status]).toEqual([name, path, 201]);
    }

    async function place(container: string): Promise<void> {
      const there = await SwiftSession.login(otherwise.url, sessions.user);
      expect((await there.request('PUT', container)).status).toBe(201);
    }

    async function placeAnew(container: string): Promise<void> {
      expect((await here.request('POST', container)).status).toBe(204);
    }

    it('goes where it was deleted at home, also without --force', async () => {
      await putOld(one, '/c/o');
      await sessions.direct[three]!.request('DELETE', '/c/o');
      expect((await verified(one, {})).kinds).toEqual({ [`o at ${one}`]: 'orphaned repaired' });
      expect(await statusEverywhere(sessions, '/c/o')).toEqual({ [one]: 404, [two]: 404, [three]: 404 });
    });

    it('goes home as long as Swift would know of its deletion there; later only with --force', async () => {
      await place('/alone');
      for (const path of ['/alone/a', '/alone/b']) await putOld(one, path);
      await placeAnew('/alone');
      const late = { laterMs: 6.1 * DAY_MS };
      const { kinds, details } = await verified(one, {}, late);
      expect(kinds).toMatchObject({ [`a at ${one}`]: 'stray kept', [`b at ${one}`]: 'stray kept' });
      expect(details).toContain('--force');
      expect((await verified(one, undefined, late)).kinds[`a at ${one}`]).toBe('stray found');
      expect((await verified(one, {})).kinds).toEqual({
        [`a at ${one}`]: 'stray repaired',
        [`b at ${one}`]: 'stray repaired',
      });
      await putOld(one, '/c/o');
      expect((await verified(two, {}, late)).kinds).toEqual({ [`o at ${one}`]: 'stray kept' });
      expect((await verified(two, { isForced: true }, late)).kinds).toEqual({
        [`o at ${one}`]: 'stray repaired',
      });
      for (const path of ['/alone/a', '/c/o'])
        expect(await statusEverywhere(sessions, path)).toEqual(AT_HOME);
    });

    it('stays where those that were to hold it as well have it not: was it deleted there?', async () => {
      await place('/both');
      for (const path of ['/both/lost', '/both/kept']) await putOld(one, path);
      await putOld(two, '/both/kept');
      await placeAnew('/both');
      expect((await verified(one, {})).kinds).toMatchObject({
        [`lost at ${one}`]: 'stray kept',
        [`kept at ${one}`]: 'stray repaired',
      });
      expect(await statusEverywhere(sessions, '/both/lost')).toEqual({
        [one]: 200,
        [two]: 404,
        [three]: 404,
      });
    });
  });

  it('goes where it was deleted on a cluster that was to hold it for a while', async () => {
    const there = await SwiftSession.login(otherwise.url, sessions.user);
    expect((await there.request('PUT', '/second')).status).toBe(201);
    await at(one, 'PUT', '/second/o', {}, 'x');
    await sessions.direct[three]!.request('DELETE', '/second/o');
    expect((await verified(one, {})).kinds).toEqual({ [`o at ${one}`]: 'orphaned repaired' });
    for (const name of [one, two])
      expect((await sessions.direct[name]!.request('HEAD', '/second/o')).status).toBe(404);
  });

  it('stays where a cluster of its placement does not say whether it was deleted there', async () => {
    await at(one, 'PUT', '/c/o', {}, 'x');
    await sessions.direct[three]!.request('DELETE', '/c/o');
    await at(three, 'POST', '/c', { 'X-Container-Sync-Key': '' });
    expect((await verified(one, {})).kinds[`o at ${one}`]).toBe('stray kept');
    expect(await statusEverywhere(sessions, '/c/o')).toEqual({ [one]: 200, [two]: 404, [three]: 404 });
  });

  it('is none where only a configuration says so, and stays where its container is placed elsewhere meanwhile', async () => {
    await at(one, 'PUT', '/c/o', {}, 'x');
    const isUnsaid = withPlacement(({ desired, seen }) => {
      return { seen, desired: new Map([...desired].filter(([name]) => name !== DESIRED.placement)) };
    });
    expect((await verified(one, undefined, { now: isUnsaid })).kinds).toEqual({
      [`o at ${two}+${three}`]: 'missing found',
    });
    let reads = 0;
    const changes = withPlacement(({ desired, seen }) => {
      reads += 1;
      if (reads === 1) return { desired, seen };
      const anew = register(one, baselineVersion(Date.now(), 'test'));
      return { seen, desired: new Map([...desired, [DESIRED.placement, anew]]) };
    });
    const { report, kinds } = await verified(one, {}, { now: changes });
    expect([kinds, report.onTheirWay]).toEqual([{}, 1]);
    expect(await statusEverywhere(sessions, '/c/o')).toEqual({ [one]: 200, [two]: 404, [three]: 404 });
  });

  it('goes home with the daemon’s object audit, which looks again only where something changed', async () => {
    const audited = (last?: KeptObjectReport): Promise<KeptObjectReport> =>
      objectAudit(three, sessions.user, last);
    const first = await audited();
    await at(one, 'PUT', '/c/o', {}, 'x');
    const second = await audited(first);
    expect(second.tally).toContainEqual({ code: 'OBJECTS_STRAY', outcome: 'mended', count: 1 });
    expect(await statusEverywhere(sessions, '/c/o')).toEqual(AT_HOME);
    const third = await audited(second);
    expect([third.unmended, (await audited(third)).unchanged]).toEqual([0, 1]);
  });
});
