// An unchanged sync-to is never written again: Swift would check every object of the container anew.
import { describe, expect, it } from 'vitest';
import { cluster, clusters, freshUser, loginEverywhere, waitFor, type User } from '../support/clusters.js';
import { readContainerDb } from '../support/container-db.js';
import { withContainerSync } from '../support/container-sync.js';

withContainerSync();

/** Per cluster: value and time of writing of sync-to and key, and the first sync point. */
function syncRecords(user: User, container: string) {
  return clusters().map((each) => {
    const { metadata, syncPoints } = readContainerDb(each, user.account, container);
    return [metadata['X-Container-Sync-To'], metadata['X-Container-Sync-Key'], syncPoints[0] >= 0];
  });
}

/** All daemons have gone through the container's rows once. */
async function waitUntilChecked(user: User, container: string) {
  for (const each of clusters())
    await waitFor(`${each.name} has checked its rows`, () => {
      return readContainerDb(each, user.account, container).syncPoints[0] >= 1;
    });
}

async function changeEverywhere(user: User, container: string) {
  for (const session of Object.values(await loginEverywhere(user))) {
    const change = { 'X-Container-Meta-Colour': session.baseUrl };
    expect((await session.request('PUT', `/${container}`)).status).toBe(202);
    expect((await session.request('POST', `/${container}`, change)).status).toBe(204);
  }
}

describe('an unchanged sync-to', () => {
  it('stays as it was written, and objects are not checked again, whatever is changed at any gateway', async () => {
    const user = await freshUser();
    const { one } = await loginEverywhere(user);
    await one!.request('PUT', '/c');
    await one!.request('PUT', '/c/o', {}, 'hello');
    await waitUntilChecked(user, 'c');
    const before = syncRecords(user, 'c');
    await changeEverywhere(user, 'c');
    expect(syncRecords(user, 'c')).toEqual(before);
  });

  it('counts as unchanged in another case of realm and cluster', async () => {
    const user = await freshUser();
    const { one } = await loginEverywhere(user);
    const direct = await loginEverywhere(user, 'proxy');
    await one!.request('PUT', '/c');
    await one!.request('PUT', '/c/o', {}, 'hello');
    const respelled = { 'X-Container-Sync-To': `//LoCaL/TWO/${user.account}/c` };
    expect((await direct['one']!.request('POST', '/c', respelled)).status).toBe(204);
    await waitUntilChecked(user, 'c');
    const before = syncRecords(user, 'c');
    await changeEverywhere(user, 'c');
    expect(syncRecords(user, 'c')).toEqual(before);
    const { metadata } = readContainerDb(cluster('one'), user.account, 'c');
    expect(metadata['X-Container-Sync-To']![0]).toBe(respelled['X-Container-Sync-To']);
  });
});
