// What is done past the gateways, directly, by the S3 API or with an archive, is taken over by the daemon, or mended.
import { beforeEach, expect, it } from 'vitest';
import { archiveOf } from '../support/archive.js';
import { cluster, clusters, freshUser } from '../support/clusters.js';
import {
  expectEverywhere,
  expectStatusEverywhere,
  sessionsOf,
  type Sessions,
} from '../support/containers.js';
import { codesOf, pass, passEverywhere } from '../support/daemon.js';
import { sendS3 } from '../support/s3.js';

const [one, two] = clusters().map(({ name }) => name) as [string, string];

let sessions: Sessions;
beforeEach(async () => {
  sessions = await sessionsOf(await freshUser());
});

async function status(name: string, method: string, path: string, headers = {}): Promise<number> {
  return (await sessions.via[name]!.request(method, path, headers)).status;
}

async function directly(name: string, method: string, path: string, headers = {}): Promise<number> {
  return (await sessions.direct[name]!.request(method, path, headers)).status;
}

/** All have heard of everything. */
async function passTwice(): Promise<void> {
  await passEverywhere(sessions.user);
  await passEverywhere(sessions.user);
}

it('is taken over: buckets made and deleted by the S3 API', async () => {
  const s3 = async (name: string, method: string, path: string) =>
    (await sendS3(cluster(name).gatewayUrl, sessions.user, method, path)).status;
  expect(await status(one, 'PUT', '/known')).toBe(201);
  expect(await s3(one, 'PUT', '/bucket')).toBe(200);
  expect(await s3(one, 'PUT', '/passing')).toBe(200);
  await passEverywhere(sessions.user);
  await expectEverywhere(sessions, '/bucket');
  await expectStatusEverywhere(sessions, '/passing', 204);
  expect(await s3(two, 'GET', '/bucket')).toBe(200);
  // What a cluster has not been seen to have cannot have been deleted there.
  await passEverywhere(sessions.user);
  expect(await s3(two, 'DELETE', '/passing')).toBe(204);
  await passEverywhere(sessions.user);
  await expectStatusEverywhere(sessions, '/passing', 404);
});

it('is taken over: containers made, changed and deleted directly', async () => {
  for (const container of ['/changed', '/deleted']) await status(one, 'PUT', container);
  await passEverywhere(sessions.user);
  expect(await directly(two, 'PUT', '/made', { 'X-Container-Meta-A': '1' })).toBe(201);
  expect(await directly(two, 'POST', '/changed', { 'X-Container-Meta-A': '2' })).toBe(204);
  expect(await directly(two, 'DELETE', '/deleted')).toBe(204);
  const report = await pass(two, sessions.user);
  expect(codesOf(report, 'made')).toContain('CHANGED_HERE');
  expect(codesOf(report, 'changed')).toContain('CHANGED_HERE');
  expect(codesOf(report, 'deleted')).toEqual(['DELETED_HERE']);
  await passTwice();
  await expectEverywhere(sessions, '/made', { 'X-Container-Meta-A': '1' });
  await expectEverywhere(sessions, '/changed', { 'X-Container-Meta-A': '2' });
  await expectStatusEverywhere(sessions, '/deleted', 404);
});

it('is taken over: containers that an archive made, with their objects', async () => {
  await status(one, 'PUT', '/known');
  const direct = sessions.direct[two]!;
  const { status: code } = await direct.request('PUT', '?extract-archive=tar', {}, archiveOf(['unpacked/o']));
  expect(code).toBe(200);
  expect(codesOf(await pass(two, sessions.user), 'unpacked')).toContain('CHANGED_HERE');
  await passTwice();
  await expectStatusEverywhere(sessions, '/unpacked', 204);
  const { headers } = await direct.request('HEAD', '/unpacked');
  expect(headers['x-container-sync-key']).toMatch(/^[0-9a-f]{64}$/);
});

it('deletes everywhere, also when it was all that an account had', async () => {
  const containers = ['/a', '/b', '/c', '/d'];
  for (const container of containers) await status(one, 'PUT', container, { 'X-Container-Meta-A': '1' });
  await passEverywhere(sessions.user);
  for (const container of containers) expect(await directly(two, 'DELETE', container)).toBe(204);
  await passTwice();
  for (const container of containers) await expectStatusEverywhere(sessions, container, 404);
});

it('is mended: a sync-to or a key taken away or set otherwise', async () => {
  await status(one, 'PUT', '/c');
  await status(one, 'PUT', '/d');
  await passEverywhere(sessions.user);
  await directly(two, 'POST', '/c', { 'X-Container-Sync-To': '', 'X-Container-Sync-Key': '' });
  await directly(two, 'POST', '/d', { 'X-Container-Sync-Key': 'wrong' });
  expect(codesOf(await pass(two, sessions.user), 'c')).toEqual(['SYNC_TO_WRONG']);
  await expectEverywhere(sessions, '/c');
  await expectEverywhere(sessions, '/d');
});
