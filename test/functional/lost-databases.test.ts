// A cluster loses its databases, as when disks fail: that is nobody's deletion, whoever comes first, a client, a peer or a daemon.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { foldersOf } from '../../src/local/plan.js';
import { clusters, freshUser } from '../support/clusters.js';
import { expectEverywhere, putSame, sessionsOf } from '../support/containers.js';
import { passEverywhere } from '../support/daemon.js';

const all = clusters();
const [one, , three] = all as [(typeof all)[0], (typeof all)[0], (typeof all)[0]];

it('containers, settings and account metadata are there again, and nothing is deleted elsewhere', async () => {
  const user = await freshUser();
  const sessions = await sessionsOf(user);
  const via = sessions.via[one.name]!;
  const blue = { 'X-Container-Meta-Colour': 'blue', 'X-Container-Read': '.r:*' };
  for (const container of ['/empty', '/full', '/changed']) await via.request('PUT', container, blue);
  await via.request('POST', '', { 'X-Account-Meta-Colour': 'blue' });
  await putSame(sessions, '/full', 'o', 'kept');
  await passEverywhere(user);

  for (const kind of ['accounts', 'containers'])
    rmSync(join(foldersOf(three.plan).device, kind), { recursive: true });
  const changed = await via.request('POST', '/changed', { 'X-Container-Meta-Colour': 'red' });
  expect(changed.status).toBe(204);
  const [, , there] = await passEverywhere(user);
  expect(there?.findings.map(({ code }) => code)).toContain('CLUSTER_WIPED');
  await passEverywhere(user);

  await expectEverywhere(sessions, '', { 'X-Account-Meta-Colour': 'blue' });
  for (const container of ['/empty', '/full']) await expectEverywhere(sessions, container, blue);
  await expectEverywhere(sessions, '/changed', { ...blue, 'X-Container-Meta-Colour': 'red' });
  // The object is on the disks still, though the listing there does not show it.
  expect((await sessions.via[three.name]!.request('DELETE', '/full')).status).toBe(409);
  for (const session of Object.values(sessions.direct))
    expect((await session.request('GET', '/full/o')).text).toBe('kept');
});
