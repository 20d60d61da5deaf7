// container-sync-realms.conf is read again when it changes: a cluster added to the realm is used for the next container.
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cluster, freshUser, SwiftSession, waitFor, type User } from '../support/clusters.js';
import { headEverywhere, sessionsOf } from '../support/containers.js';
import { startGateway, type ExtraGateway } from '../support/extra-gateways.js';

const one = cluster('one');
const REALMS = 'container-sync-realms.conf';

describe('a gateway whose realms file changes while it runs', () => {
  let folder: string;
  let gateway: ExtraGateway;
  let user: User;
  let session: SwiftSession;
  const all = readFileSync(join(one.swiftDir, REALMS), 'utf8');

  beforeAll(async () => {
    user = await freshUser();
    folder = mkdtempSync(join(one.plan.folder, 'realms-'));
    for (const name of ['autosync.conf', 'autosync-secrets'])
      copyFileSync(join(one.swiftDir, name), join(folder, name));
    writeRealms(all.replace(/^cluster_three.*\n/m, ''));
    gateway = await startGateway(one, {
      from: join(folder, 'autosync.conf'),
      conf: [
        ['DEFAULT', 'swift_dir', folder],
        // Every cluster of the realm.
        ['filter:placement', 'default', null],
      ],
    });
    session = await SwiftSession.login(gateway.url, user);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function writeRealms(text: string): void {
    writeFileSync(join(folder, `${REALMS}.new`), text, { mode: 0o600 });
    renameSync(join(folder, `${REALMS}.new`), join(folder, REALMS));
  }

  async function create(container: string): Promise<string[]> {
    expect((await session.request('PUT', `/${container}`)).status).toBe(201);
    const heads = Object.entries(await headEverywhere(await sessionsOf(user), `/${container}`));
    return heads.filter(([, answer]) => answer.status === 204).map(([name]) => name);
  }

  it('knows the clusters of its first reading', async () => {
    expect(await create('before')).toEqual(['one', 'two']);
  });

  it('uses a cluster that was added for the next container, in the ring as well', async () => {
    writeRealms(all);
    let count = 0;
    const created = await waitFor('the third cluster is used', async () => {
      const name = `after-${(count += 1)}`;
      return (await create(name)).includes('three') && name;
    });
    const heads = await headEverywhere(await sessionsOf(user), `/${created}`);
    const syncTo = Object.fromEntries(
      Object.entries(heads).map(([name, answer]) => [
        name,
        answer.headers['x-container-sync-to']?.split('/')[3],
      ]),
    );
    expect(syncTo).toEqual({ one: 'three', three: 'two', two: 'one' });
  });

  it('goes on with the last good one when it is broken, and takes up the next good one', async () => {
    writeRealms('this is no realms file\n');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await create('broken')).toEqual(['one', 'two', 'three']);
    writeRealms(all.replace(/^cluster_two.*\n/m, ''));
    let count = 0;
    await waitFor('two is left out', async () => {
      return !(await create(`without-${(count += 1)}`)).includes('two');
    });
  });
});
