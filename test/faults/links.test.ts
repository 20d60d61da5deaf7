// A bad way to one peer: local work goes on, and all clusters agree once the way is good again.
import { afterEach, expect, it } from 'vitest';
import { clusters, freshUser, link, restoreLinks, waitFor, healLinks } from '../support/clusters.js';
import { pass } from '../support/daemon.js';
import { differencesAt } from '../support/compare.js';
import { sessionsOf } from '../support/containers.js';
import { percentile } from '../../bench/numbers.js';
import { note } from './notes.js';
import { withContainerSync } from '../support/container-sync.js';

withContainerSync();

const all = clusters();
const [one, two] = all.map(({ name }) => name) as [string, string];
const ROUNDS = 12;

afterEach(restoreLinks);

const WAYS: readonly (readonly [what: string, spoil: () => Promise<void>])[] = [
  ['as it should be', () => Promise.resolve()],
  ['400 ms longer each way', () => link(one, two).delay(400)],
  ['100 bytes a second', () => link(one, two).trickle(100)],
  ['half-open: all is swallowed', () => link(one, two).blackhole()],
  ['reset in the middle of each request', () => link(one, two).resetAfter(100)],
];

it.for(WAYS)(
  'a way that is %s costs no client of the other end an answer, and is made good',
  async ([what, spoil], context) => {
    const sessions = await sessionsOf(await freshUser());
    const client = sessions.via[one]!;
    expect((await client.request('PUT', '/c')).status).toBe(201);
    const times: Record<'put' | 'get' | 'change', number[]> = { put: [], get: [], change: [] };
    const timed = async (
      kind: keyof typeof times,
      method: string,
      path: string,
      headers = {},
      body?: string,
    ): Promise<void> => {
      const began = performance.now();
      const { status } = await client.request(method, path, headers, body);
      times[kind].push(performance.now() - began);
      expect(status, `${method} ${path}`).toBeLessThan(300);
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      await spoil();
      await timed('change', 'POST', '/c', { 'X-Container-Meta-Round': String(round) });
      await timed('put', 'PUT', `/c/o${round}`, {}, 'x');
      await timed('get', 'GET', `/c/o${round}`);
    }
    const told = (kind: keyof typeof times): string =>
      [50, 100].map((percent) => Math.round(percentile(times[kind], percent))).join(' / ');
    note(context, 'links', [what, told('put'), told('get'), told('change')]);
    await healLinks();
    for (const { name } of all) await pass(name, sessions.user);
    await waitFor(
      'the objects are everywhere',
      async () => (await differencesAt(sessions.direct, 'c')).length === 0,
    );
    const { headers } = await sessions.direct[two]!.request('HEAD', '/c');
    expect(headers['x-container-meta-round']).toBe(String(ROUNDS - 1));
  },
);
