// Sync keys and realm keys that are missing or wrong are named and, where that can be done, mended; what waited then arrives.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PassReport } from '../../src/daemon/report.js';
import { setInText } from '../../src/local/ini-text.js';
import { cluster, clusters, freshUser, send, waitFor } from '../support/clusters.js';
import { sessionsOf, type Sessions } from '../support/containers.js';
import { pass } from '../support/daemon.js';
import { forgetSyncedContainers } from '../support/container-sync.js';

const all = clusters();
const [one, two, three] = all.map(({ name }) => name) as [string, string, string];

let sessions: Sessions;
beforeAll(forgetSyncedContainers);
beforeEach(async () => {
  sessions = await sessionsOf(await freshUser());
  expect((await sessions.via[one]!.request('PUT', '/c')).status).toBe(201);
});

function said({ findings }: PassReport): string[] {
  return findings
    .filter(({ account }) => account === sessions.user.account)
    .map(({ code, cluster: at, outcome }) => `${code} at ${at}, ${outcome}`)
    .sort();
}

/** Whether the object is at two after container sync of one has run. */
async function arrives(object: string): Promise<number> {
  await cluster(one).control.runContainerSyncOnce();
  return (await sessions.direct[two]!.request('HEAD', `/c/${object}`)).status;
}

describe('a container’s key', () => {
  it.each([
    ['missing where objects come from', one, ''],
    ['wrong where they go to', two, 'wrong'],
  ])('%s keeps them back, until the audit has set it right', async (_, at, key) => {
    await sessions.direct[at]!.request('POST', '/c', { 'X-Container-Sync-Key': key });
    expect((await sessions.via[one]!.request('PUT', '/c/o', {}, 'x')).status).toBe(201);
    expect(await arrives('o')).toBe(404);
    expect(said(await pass(at, sessions.user))).toEqual([`KEY_MISMATCH at ${at}, mended`]);
    expect(await arrives('o')).toBe(200);
    expect(said(await pass(at, sessions.user))).toEqual([]);
  });
});

describe('a realm key that differs', () => {
  const { control, swiftDir, gatewayUrl } = cluster(two);
  const REALMS = 'container-sync-realms.conf';
  const original = readFileSync(join(swiftDir, REALMS), 'utf8');
  afterAll(() => control.writeConf(REALMS, original));

  /** Swift and the gateway read the file each for itself, about once a second, and tell in /info which clusters it names. */
  async function setRealm(text: string, isMarked: boolean): Promise<void> {
    await control.writeConf(REALMS, text);
    await waitFor('Swift and the gateway of two have read the realms file', async () => {
      const { text: info } = await send(gatewayUrl, 'GET', '/info');
      const { container_sync: swift, autosync } = JSON.parse(info) as { [section: string]: object };
      return [swift, autosync].every((each) => /"marker"/i.test(JSON.stringify(each)) === isMarked);
    });
  }

  it('is named by both sides in each audit until it is mended', async () => {
    const marked = setInText(original, 'local', 'cluster_marker', 'http://127.0.0.1:9/v1/');
    await setRealm(setInText(marked, 'local', 'key', 'another'), true);
    const found = await pass(one, sessions.user);
    const refused = found.findings.find(({ code }) => code === 'REALM_KEY_MISMATCH');
    expect(refused).toMatchObject({
      cluster: two,
      outcome: 'unmended',
      detail: 'its container-sync-realms.conf has another realm key',
    });
    expect(said(await pass(two, sessions.user))).toEqual([
      `REALM_KEY_MISMATCH at ${one}, unmended`,
      `REALM_KEY_MISMATCH at ${three}, unmended`,
    ]);
    await setRealm(original, false);
    expect(said(await pass(one, sessions.user))).toEqual([]);
  });
});
