// Two gateways, one container, one moment: both changes succeed, and leave one ring and one key.
import { beforeAll, expect, it } from 'vitest';
import { clusters, freshUser } from '../support/clusters.js';
import { expectEverywhere, headEverywhere, sessionsOf, type Sessions } from '../support/containers.js';

const names = clusters().map(({ name }) => name);
let sessions: Sessions;
beforeAll(async () => {
  sessions = await sessionsOf(await freshUser());
});

it('a container created through all gateways at once is one container with one ring', async () => {
  for (let round = 0; round < 5; round += 1) {
    const path = `/created-at-once-${round}`;
    const answers = await Promise.all(
      names.map((name) =>
        sessions.via[name]!.request('PUT', path, { [`X-Container-Meta-By-${name}`]: name }),
      ),
    );
    for (const answer of answers) {
      expect([201, 202]).toContain(answer.status);
      expect(answer.headers).not.toHaveProperty('x-autosync-pending');
    }
    await expectEverywhere(
      sessions,
      path,
      Object.fromEntries(names.map((name) => [`X-Container-Meta-By-${name}`, name])),
    );
    const found = await headEverywhere(sessions, path);
    const ring = names.map((name) =>
      found[name]!.headers['x-container-sync-to']!.split('/')[3]!.toLowerCase(),
    );
    expect(ring).toEqual([...names.slice(1), names[0]]);
  }
});

it('one header changed through all gateways at once is changed by all of them, to one of the values', async () => {
  await sessions.via[names[0]!]!.request('PUT', '/changed-at-once');
  const before = await headEverywhere(sessions, '/changed-at-once');
  for (let round = 0; round < 5; round += 1) {
    const values = names.map((name) => `${name}-${round}`);
    const answers = await Promise.all(
      names.map((name, index) =>
        sessions.via[name]!.request('POST', '/changed-at-once', { 'X-Container-Meta-A': values[index]! }),
      ),
    );
    for (const { status, headers } of answers) {
      expect([status, headers['x-autosync-pending']]).toEqual([204, undefined]);
    }
    const found = await headEverywhere(sessions, '/changed-at-once');
    for (const name of names) {
      expect(values).toContain(found[name]!.headers['x-container-meta-a']);
      expect(found[name]!.headers['x-container-sync-to']).toBe(before[name]!.headers['x-container-sync-to']);
    }
  }
  await expectEverywhere(sessions, '/changed-at-once');
});
