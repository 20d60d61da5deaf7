// Secrets and realm keys are replaced while clients write: nothing is refused for good, nothing waits for a human.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { AUTOSYNC } from '../../src/local/launch.js';
import { setInText } from '../../src/local/ini-text.js';
import { readSecrets } from '../../src/sync/secrets.js';
import { containerSyncKey } from '../../src/sync/key.js';
import { cluster, clusters, freshUser, realm, waitFor, type TestCluster } from '../support/clusters.js';
import { headEverywhere, sessionsOf, type Sessions } from '../support/containers.js';
import { withContainerSync } from '../support/container-sync.js';

withContainerSync();

const NAMES = ['one', 'two', 'three'];

function secretFile(each: TestCluster): string {
  return join(each.swiftDir, 'autosync-secrets');
}

function rotateAt(name: string): void {
  execFileSync(process.execPath, [AUTOSYNC, 'secrets', 'rotate', '--file', secretFile(cluster(name))]);
}

/** As an operator would copy it: whole or not at all. */
function copySecrets(from: string, to: string): void {
  const target = secretFile(cluster(to));
  copyFileSync(secretFile(cluster(from)), `${target}.new`);
  renameSync(`${target}.new`, target);
}

function keyNow(name: string, account: string): string {
  return containerSyncKey(readSecrets(secretFile(cluster(name))).current, account, 'c');
}

async function keysOf(sessions: Sessions): Promise<(string | undefined)[]> {
  const heads = Object.values(await headEverywhere(sessions, '/c'));
  return heads.map(({ headers }) => headers['x-container-sync-key']);
}

/** One object from each cluster arrives on all others. */
async function expectFlow(sessions: Sessions, tag: string): Promise<void> {
  for (const name of NAMES) {
    const put = await sessions.via[name]!.request('PUT', `/c/${tag}-${name}`, {}, name);
    expect(put.status).toBe(201);
  }
  await expectArrival(sessions, tag);
}

/** All clusters list the object of each. */
async function expectArrival(sessions: Sessions, tag: string): Promise<void> {
  await waitFor(
    `the objects ${tag}- are everywhere`,
    async () => {
      const listings = await Promise.all(
        Object.values(sessions.direct).map((direct) => direct.request('GET', `/c?prefix=${tag}-`)),
      );
      return listings.every(({ text }) => text.trim().split('\n').length === NAMES.length);
    },
    60_000,
  );
}

/** Writes objects and makes containers at every gateway until told to stop; says what went wrong, if anything. */
function startLoad(sessions: Sessions) {
  let isOver = false;
  let count = 0;
  const wrong: string[] = [];
  const run = async (name: string): Promise<void> => {
    for (let i = 0; !isOver; i += 1) {
      const session = sessions.via[name]!;
      const object = await session.request('PUT', `/c/load-${name}-${i}`, {}, 'x');
      const container = await session.request('PUT', `/load-${name}-${i}`);
      const pending = container.headers['x-autosync-pending'];
      if (object.status !== 201) wrong.push(`object at ${name}: ${object.status}`);
      if (container.status !== 201 || pending !== undefined)
        wrong.push(`container at ${name}: ${container.status}, pending ${pending}`);
      count += 2;
    }
  };
  const running = Promise.all(NAMES.map(run));
  return {
    count: () => count,
    finish: async () => {
      isOver = true;
      await running;
      return wrong;
    },
  };
}

describe('the realm’s secret', () => {
  it(
    'is rotated cluster by cluster under load: no change waits, objects keep flowing',
    { timeout: 180_000 },
    async () => {
      const sessions = await sessionsOf(await freshUser());
      await sessions.via['one']!.request('PUT', '/c');
      const [before] = await keysOf(sessions);
      const load = startLoad(sessions);
      for (const [index, name] of NAMES.entries()) {
        const written = load.count();
        if (index === 0) rotateAt(name);
        else copySecrets('one', name);
        await waitFor('some more was written', () => load.count() >= written + 12);
      }
      expect(await load.finish()).toEqual([]);
      expect(await keysOf(sessions)).toEqual([before, before, before]);
      await expectFlow(sessions, 'unchanged');

      // A change at one cluster only takes effect here: the others still have the former key.
      const own = await keysOf(sessions);
      const newKey = keyNow('one', sessions.user.account);
      const byHand = { 'X-Container-Sync-Key': newKey };
      expect((await sessions.direct['one']!.request('POST', '/c', byHand)).status).toBe(204);
      expect(await keysOf(sessions)).toEqual([newKey, own[1], own[2]]);
      await expectFlow(sessions, 'half');

      expect((await sessions.via['two']!.request('POST', '/c', { 'X-Container-Meta-A': 'b' })).status).toBe(
        204,
      );
      expect(await keysOf(sessions)).toEqual([newKey, newKey, newKey]);
      await expectFlow(sessions, 'changed');
    },
  );

  it(
    'may be newer on one cluster for a while: what it could not deliver arrives when the others have it too',
    { timeout: 180_000 },
    async () => {
      const sessions = await sessionsOf(await freshUser());
      await sessions.via['one']!.request('PUT', '/c');
      rotateAt('two');
      await waitFor('the gateway of two has the new secret', async () => {
        const answer = await sessions.via['two']!.request('POST', '/c', { 'X-Container-Meta-A': 'b' });
        expect([answer.status, answer.headers['x-autosync-pending']]).toEqual([204, undefined]);
        return (await keysOf(sessions))[1] === keyNow('two', sessions.user.account);
      });
      for (const name of NAMES) await sessions.via[name]!.request('PUT', `/c/early-${name}`, {}, name);
      copySecrets('two', 'one');
      copySecrets('two', 'three');
      await expectArrival(sessions, 'early');
      const answer = await sessions.via['three']!.request('PUT', '/c', { 'X-Container-Meta-A': 'c' });
      expect([answer.status, answer.headers['x-autosync-pending']]).toEqual([202, undefined]);
      expect(new Set(await keysOf(sessions))).toEqual(new Set([keyNow('one', sessions.user.account)]));
    },
  );

  it('opens no container whose key at its cluster is neither the former nor the new one', async () => {
    const sessions = await sessionsOf(await freshUser());
    await sessions.via['one']!.request('PUT', '/c');
    expect(readSecrets(secretFile(cluster('two'))).previous).not.toBeUndefined();
    await sessions.direct['two']!.request('POST', '/c', { 'X-Container-Sync-Key': 'owner' });
    expect((await sessions.via['one']!.request('PUT', '/c/o', {}, 'x')).status).toBe(201);
    await cluster('one').control.runContainerSyncOnce();
    expect((await sessions.direct['two']!.request('HEAD', '/c/o')).status).toBe(404);
  });
});

describe('the realm key', () => {
  const originals = new Map<string, string>();

  async function setRealmKeys(each: TestCluster, key: string, key2: string | null): Promise<void> {
    const file = 'container-sync-realms.conf';
    const text = readFileSync(join(each.swiftDir, file), 'utf8');
    if (!originals.has(each.name)) originals.set(each.name, text);
    await each.control.writeConf(
      file,
      setInText(setInText(text, 'local', 'key', key), 'local', 'key2', key2),
    );
  }

  afterAll(async () => {
    for (const [name, text] of originals)
      await cluster(name).control.writeConf('container-sync-realms.conf', text);
  });

  it(
    'is rotated as Swift’s documents say, by key2, and objects keep flowing at every step',
    { timeout: 180_000 },
    async () => {
      const sessions = await sessionsOf(await freshUser());
      await sessions.via['one']!.request('PUT', '/c');
      const [old, fresh] = [realm().realmKey, 'a fresh realm key'];
      const steps = [[old, fresh] as const, [fresh, old] as const, [fresh, null] as const];
      for (const [index, [key, key2]] of steps.entries()) {
        for (const each of clusters()) {
          await setRealmKeys(each, key, key2);
          const put = await sessions.via[each.name]!.request('PUT', `/c/step-${index}-${each.name}`, {}, 'x');
          expect(put.status).toBe(201);
        }
        await expectFlow(sessions, `after-${index}`);
        const answer = await sessions.via['two']!.request('PUT', '/c');
        expect([answer.status, answer.headers['x-autosync-pending']]).toEqual([202, undefined]);
      }
    },
  );
});
