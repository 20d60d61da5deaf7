// Placements that are wrong, and engines that fail: what the client gets, and what the log tells to mend.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clusters, freshUser, SwiftSession } from '../support/clusters.js';
import { expectEverywhere, headEverywhere, sessionsOf, type Sessions } from '../support/containers.js';
import { pass } from '../support/daemon.js';
import { startGateway, type ExtraGateway } from '../support/extra-gateways.js';

const all = clusters();
const [here, there, third] = all.map(({ name }) => name) as [string, string, string];

/** One engine for all tests: it does what the container's name says. */
const ENGINE = `export function filterFactory() {
  return async (exchange, next) => {
    const what = exchange.path.container ?? '';
    if (what.startsWith('unknown')) exchange.placement = ['${here}', 'nowhere', '${there}'];
    if (what.startsWith('elsewhere')) exchange.placement = ['${there}', '${third}'];
    if (what.startsWith('twice')) exchange.placement = ['${here}', '${there}', '${there.toUpperCase()}', '${here}'];
    if (what.startsWith('alone')) exchange.placement = ['${here}'];
    if (what.startsWith('empty')) exchange.placement = [];
    if (what.startsWith('text')) exchange.placement = '${here}';
    if (what.startsWith('throws')) throw new Error('engine failure');
    if (what.startsWith('hangs')) await new Promise(() => undefined);
    return next();
  };
}
`;
const file = join(all[0]!.swiftDir, 'test-engine.mjs');

let sessions: Sessions;
let gateway: ExtraGateway;
let session: SwiftSession;
beforeAll(async () => {
  writeFileSync(file, ENGINE);
  sessions = await sessionsOf(await freshUser());
  gateway = await gatewayWithEngine('default');
  session = await SwiftSession.login(gateway.url, sessions.user);
});
afterAll(() => rmSync(file));

function gatewayWithEngine(
  failure: 'default' | 'refuse',
  more: readonly (readonly [string, string, string])[] = [],
): Promise<ExtraGateway> {
  return startGateway(all[0]!, {
    conf: [
      ['pipeline:main', 'pipeline', 'catch_errors healthcheck engine placement autosync proxy'],
      ['filter:engine', 'use', './test-engine.mjs'],
      ['filter:placement', 'placement_failure', failure],
      ['filter:placement', 'placement_timeout', '0.3'],
      ...more,
    ],
  });
}

/** What each Swift says of the container: where it syncs to, or its status where it is not. */
async function syncTo(path: string): Promise<Record<string, string | number | undefined>> {
  const found = Object.entries(await headEverywhere(sessions, path));
  return Object.fromEntries(
    found.map(([name, { status, headers }]) => [
      name,
      status === 204 ? headers['x-container-sync-to']?.split('/')[3] : status,
    ]),
  );
}

describe('a placement', () => {
  it('that names an unknown cluster: the others have the container, the ring leaves it out, the log says what to mend', async () => {
    const answer = await session.request('PUT', '/unknown');
    expect([answer.status, answer.headers['x-autosync-pending']]).toEqual([201, 'nowhere']);
    expect(await syncTo('/unknown')).toEqual({ [here]: there, [there]: here, [third]: undefined });
    expect(gateway.logs()).toContain('unknown cluster: name it in container-sync-realms.conf');
  });

  it('without this cluster: the placed ones have the container as a ring of their own, and its objects', async () => {
    const answer = await session.request('PUT', '/elsewhere', { 'X-Container-Meta-A': 'a' });
    expect([answer.status, answer.headers['x-autosync-pending']]).toEqual([201, undefined]);
    expect(await syncTo('/elsewhere')).toEqual({ [here]: undefined, [there]: third, [third]: there });
    expect((await session.request('PUT', '/elsewhere/object', {}, 'x')).status).toBe(201);
    expect((await sessions.direct[here]!.request('HEAD', '/elsewhere/object')).status).toBe(404);
    expect((await sessions.direct[there]!.request('HEAD', '/elsewhere/object')).status).toBe(200);
    expect((await session.request('DELETE', '/elsewhere/object')).status).toBe(204);
    expect((await session.request('DELETE', '/elsewhere')).status).toBe(204);
    expect(await syncTo('/elsewhere')).toEqual({ [here]: 404, [there]: 404, [third]: 404 });
  });

  it('that names a cluster twice counts it once', async () => {
    expect((await session.request('PUT', '/twice')).status).toBe(201);
    expect(await syncTo('/twice')).toEqual({ [here]: there, [there]: here, [third]: undefined });
  });

  it('of this cluster only: all have the container, with its settings and without sync', async () => {
    const answer = await session.request('PUT', '/alone', { 'X-Container-Read': '.r:*' });
    expect([answer.status, answer.headers['x-autosync-pending']]).toEqual([201, undefined]);
    expect(await syncTo('/alone')).toEqual({ [here]: undefined, [there]: undefined, [third]: undefined });
    for (const { headers } of Object.values(await headEverywhere(sessions, '/alone')))
      expect(headers['x-container-read']).toBe('.r:*');
    await pass(third, { account: sessions.user.account });
    expect(await syncTo('/alone')).toEqual({ [here]: undefined, [there]: undefined, [third]: undefined });
    expect((await session.request('DELETE', '/alone')).status).toBe(204);
    expect(await syncTo('/alone')).toEqual({ [here]: 404, [there]: 404, [third]: 404 });
  });

  it('is where the container exists at all, with namespace = placed', async () => {
    const narrow = await gatewayWithEngine('default', [['filter:autosync', 'namespace', 'placed']]);
    const client = await SwiftSession.login(narrow.url, sessions.user);
    expect((await client.request('PUT', '/twice-placed')).status).toBe(201);
    expect(await syncTo('/twice-placed')).toEqual({ [here]: there, [there]: here, [third]: 404 });
    await narrow.stop();
  });

  it.each(['empty', 'text'])(
    'that is no list of names (%s) is replaced by the default, and logged',
    async (what) => {
      expect((await session.request('PUT', `/${what}`)).status).toBe(201);
      await expectEverywhere(sessions, `/${what}`);
      expect(gateway.logs()).toMatch(
        /the filter engine .*"The placement has to be a list|the filter engine threw/,
      );
    },
  );
});

describe('an engine that fails', () => {
  it.each([
    ['throws', 'threw an error'],
    ['hangs', 'took longer than 0.3 s'],
  ])('%s: the default placement is used, and it is logged', async (what, message) => {
    const answer = await session.request('PUT', `/${what}`);
    expect([answer.status, answer.headers['x-autosync-pending']]).toEqual([201, undefined]);
    await expectEverywhere(sessions, `/${what}`);
    expect(gateway.logs()).toContain(`the filter engine ${message}`);
  });

  it('refuses with placement_failure = refuse: 503, and nothing is done anywhere', async () => {
    const refusing = await gatewayWithEngine('refuse');
    const client = await SwiftSession.login(refusing.url, sessions.user);
    for (const what of ['throws', 'hangs', 'empty']) {
      const answer = await client.request('PUT', `/${what}-refused`);
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
      expect(answer.text).toContain('engine');
      expect(answer.text).toContain('placement_failure');
      expect(await syncTo(`/${what}-refused`)).toEqual({ [here]: 404, [there]: 404, [third]: 404 });
    }
    expect((await client.request('PUT', '/fine')).status).toBe(201);
    await refusing.stop();
  });
});
