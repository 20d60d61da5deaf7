// Where containers land: by the rules of the configuration, by the example engine as it is in examples/, and when an engine fails.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cluster, freshUser, SwiftSession, waitFor, type User } from '../support/clusters.js';
import { headEverywhere, sessionsOf } from '../support/containers.js';
import { startGateway, type ExtraGateway } from '../support/extra-gateways.js';
import { send } from '../support/swift-client.js';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));
const one = cluster('one');

/** The clusters where the container takes part in container sync, and those that have it at all. */
async function whereIs(user: User, container: string): Promise<{ synced: string[]; has: string[] }> {
  const heads = Object.entries(await headEverywhere(await sessionsOf(user), `/${container}`));
  const has = heads.filter(([, answer]) => answer.status === 204);
  const synced = has.filter(([, answer]) => answer.headers['x-container-sync-to'] !== undefined);
  return { has: has.map(([name]) => name), synced: synced.map(([name]) => name) };
}

async function create(gateway: ExtraGateway, user: User, container: string): Promise<number> {
  const session = await SwiftSession.login(gateway.url, user);
  return (await session.request('PUT', `/${container}`)).status;
}

describe('the rules of the configuration', () => {
  let gateway: ExtraGateway;
  let user: User;
  beforeAll(async () => {
    user = await freshUser();
    gateway = await startGateway(one, {
      conf: [
        ['filter:placement', 'rule_late', `${user.account}/arch* -> one, two`],
        ['filter:placement', 'rule_local', '*/local-? -> one'],
        ['filter:placement', 'rule_archive', `${user.account}/archive-* -> two, three`],
        ['filter:placement', 'default', 'one, two, three'],
      ],
    });
  });

  it('decide by account and container; the first that fits is taken', async () => {
    for (const name of ['archive-1', 'arch-1', 'local-1', 'other']) {
      expect(await create(gateway, user, name), name).toBe(201);
    }
    expect(await whereIs(user, 'archive-1')).toEqual({
      has: ['one', 'two', 'three'],
      synced: ['two', 'three'],
    });
    const has = ['one', 'two', 'three'];
    expect(await whereIs(user, 'arch-1')).toEqual({ has, synced: ['one', 'two'] });
    expect(await whereIs(user, 'local-1')).toEqual({ has, synced: [] });
    expect((await whereIs(user, 'other')).synced).toEqual(['one', 'two', 'three']);
  });
});

describe('examples/placement-by-tier.js with examples/autosync.conf', () => {
  let folder: string;
  let gateway: ExtraGateway;
  let gold: User;
  let silver: User;
  beforeAll(async () => {
    [gold, silver] = [await freshUser(), await freshUser()];
    folder = join(mkdtempSync(join(one.plan.folder, 'engine-')), 'etc');
    mkdirSync(folder);
    for (const name of readdirSync(EXAMPLES)) copyFileSync(join(EXAMPLES, name), join(folder, name));
    for (const name of ['container-sync-realms.conf', 'autosync-secrets'])
      copyFileSync(join(one.swiftDir, name), join(folder, name));
    writeTable({ [gold.account]: 'gold', '*': 'silver' });
    gateway = await startGateway(one, {
      from: join(folder, 'autosync.conf'),
      conf: [
        ['app:proxy', 'upstream', one.proxyUrl],
        ['service', 'auth_url', `${one.proxyUrl}/auth/v1.0`],
        ['service', 'key', one.plan.serviceKey],
      ],
    });
  });
  afterAll(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

  function writeTable(table: Record<string, string>): void {
    writeFileSync(join(folder, 'tiers.json'), JSON.stringify(table));
  }

  it("places a container by its account's tier", async () => {
    expect(await create(gateway, gold, 'photos')).toBe(201);
    expect(await create(gateway, silver, 'photos')).toBe(201);
    const all = ['one', 'two', 'three'];
    expect(await whereIs(gold, 'photos')).toEqual({ has: all, synced: all });
    expect(await whereIs(silver, 'photos')).toEqual({ has: all, synced: ['one', 'two'] });
  });

  it('places bulk data apart, with the segments that belong to it', async () => {
    for (const name of ['films-bulk', 'films-bulk_segments', 'films-bulk+segments']) {
      expect(await create(gateway, gold, name), name).toBe(201);
      expect((await whereIs(gold, name)).synced, name).toEqual(['two', 'three']);
    }
  });

  it('reads its table again when it changes, and keeps the last good one', async () => {
    writeTable({ [silver.account]: 'gold', '*': 'silver' });
    let count = 0;
    await waitFor('the new tier counts', async () => {
      const name = `promoted-${(count += 1)}`;
      await create(gateway, silver, name);
      return (await whereIs(silver, name)).synced.length === 3;
    });
    writeTable({ '*': 'platinum' });
    await waitFor('the bad table is noticed', async () => {
      await create(gateway, silver, 'kept');
      return gateway.logs().includes('the last good one stays');
    });
    expect((await whereIs(silver, 'kept')).synced).toEqual(['one', 'two', 'three']);
  });
});

describe('an engine that fails', () => {
  const ENGINE = `export function filterFactory() {
    return async (exchange, next) => {
      const { container = '' } = exchange.path;
      if (container.startsWith('throws')) throw new Error('lost the table');
      if (container.startsWith('hangs')) await new Promise(() => undefined);
      if (container.startsWith('wrong')) exchange.placement = 'two';
      if (container.startsWith('three')) exchange.placement = ['one', 'three'];
      return next();
    };
  }\n`;
  const FAILING = ['throws', 'hangs', 'wrong'] as const;
  const SAYS = { throws: 'threw an error', hangs: 'took longer than 0.5 s', wrong: 'threw an error' };
  const gateways: Partial<Record<'default' | 'refuse', ExtraGateway>> = {};
  let user: User;

  beforeAll(async () => {
    user = await freshUser();
    writeFileSync(join(one.swiftDir, 'failing-engine.js'), ENGINE);
    for (const failure of ['default', 'refuse'] as const) {
      gateways[failure] = await startGateway(one, {
        conf: [
          ['pipeline:main', 'pipeline', 'catch_errors healthcheck engine placement autosync proxy'],
          ['filter:engine', 'use', './failing-engine.js'],
          ['filter:placement', 'default', 'one, two'],
          ['filter:placement', 'placement_failure', failure],
          ['filter:placement', 'placement_timeout', '0.5'],
        ],
      });
    }
  });

  it.each(FAILING)('%s: the default placement is taken, and the log says why', async (how) => {
    expect(await create(gateways.default!, user, how)).toBe(201);
    expect((await whereIs(user, how)).synced).toEqual(['one', 'two']);
    const line = gateways
      .default!.logs()
      .split('\n')
      .findLast((text) => text.includes('the filter engine'));
    expect(line).toContain(SAYS[how]);
  });

  it.each(FAILING)('%s: with placement_failure = refuse, 503 and nothing is created', async (how) => {
    const session = await SwiftSession.login(gateways.refuse!.url, user);
    const answer = await session.request('PUT', `/${how}-refused`);
    expect(answer.status).toBe(503);
    expect(answer.text).toBe(`The placement engine engine ${SAYS[how]}; placement_failure = refuse.\n`);
    expect(await whereIs(user, `${how}-refused`)).toEqual({ has: [], synced: [] });
  });

  it('is used for what it does answer', async () => {
    expect(await create(gateways.refuse!, user, 'three')).toBe(201);
    expect((await whereIs(user, 'three')).synced).toEqual(['one', 'three']);
  });
});

describe("an app of the user's own", () => {
  it('answers at the end of the pipeline', async () => {
    writeFileSync(
      join(one.swiftDir, 'closed.js'),
      `export const appFactory = (options, log, tools) => async (exchange) =>
        tools.answer(exchange, 503, options.text, { 'Retry-After': '600', 'X-Cluster': tools.myCluster });\n`,
    );
    const gateway = await startGateway(one, {
      conf: [
        ['pipeline:main', 'pipeline', 'catch_errors healthcheck autosync closed'],
        ['app:closed', 'use', './closed.js'],
        ['app:closed', 'text', 'Back at noon.'],
      ],
    });
    const answer = await send(gateway.url, 'GET', '/v1/AUTH_other/c');
    expect(answer).toMatchObject({ status: 503, text: 'Back at noon.' });
    expect(answer.headers).toMatchObject({ 'retry-after': '600', 'x-cluster': 'one' });
  });
});

describe('the types that the package publishes', () => {
  it('fit the example', () => {
    const tsc = join(EXAMPLES, '../node_modules/typescript/bin/tsc');
    const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', EXAMPLES], { encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
    expect(readFileSync(join(EXAMPLES, 'placement-by-tier.js'), 'utf8')).toContain(
      "'swift-autosync/station'",
    );
  });
});
