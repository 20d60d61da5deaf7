// Container names that need quoting, or are at a limit, are the same container on every cluster.
import { beforeAll, expect, it } from 'vitest';
import { clusters, freshUser } from '../support/clusters.js';
import {
  expectEverywhere,
  expectStatusEverywhere,
  sessionsOf,
  statusEverywhere,
  type Sessions,
} from '../support/containers.js';

const names = clusters().map(({ name }) => name);
let sessions: Sessions;
beforeAll(async () => {
  sessions = await sessionsOf(await freshUser());
});

const ODD = [
  'with space',
  '100%',
  '%41',
  'question?mark',
  'hash#sign',
  'plus+and&equals=',
  'ünïcode-東京-🜁',
  'quote\'"<>\\|^`{}[]',
  'semi;colon,comma:at@',
  '.',
  '..',
  '-',
  '~tilde',
  'tab\tline\nfeed',
  'x'.repeat(256),
  'ü'.repeat(128),
];

it.concurrent.each(ODD)('%j is created, changed and deleted everywhere', async (container) => {
  const path = `/${encodeURIComponent(container).replaceAll('.', '%2E')}`;
  const [here, there] = names as [string, string];
  expect((await sessions.via[here]!.request('PUT', path)).status).toBe(201);
  await sessions.via[there]!.request('POST', path, { 'X-Container-Meta-Odd': 'yes' });
  await expectEverywhere(sessions, path, { 'X-Container-Meta-Odd': 'yes' });
  expect((await sessions.via[there]!.request('DELETE', path)).status).toBe(204);
  await expectStatusEverywhere(sessions, path, 404);
});

it('an unquoted .. stays a name', async () => {
  expect((await sessions.via[names[0]!]!.request('PUT', '/..')).status).toBe(201);
  await expectEverywhere(sessions, '/%2E%2E');
});

it.each([
  ['a name over the limit', `/${'x'.repeat(257)}`],
  ['a name that is no UTF-8', '/%ff%fe'],
  ['a NUL', '/a%00b'],
  ['a slash in quotes', '/with%2Fslash'],
  ['a slash behind', '/slash-behind/'],
  ['two slashes', '//two-slashes'],
])('%s is answered as Swift itself does, and leaves nothing else behind', async (_, path) => {
  const [here] = names as [string];
  const direct = await sessions.direct[here]!.request('PUT', path);
  const before = await statusEverywhere(sessions, path);
  await sessions.direct[here]!.request('DELETE', path);
  const answer = await sessions.via[here]!.request('PUT', path);
  expect([answer.status, answer.text]).toEqual([direct.status, direct.text]);
  const found = await statusEverywhere(sessions, path);
  expect(found[here]).toBe(before[here]);
});
