// `autosync check` on real clusters: nothing to say when all is well, and each thing that is wrong with its fix.
import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../src/check/finding.js';
import { setInText } from '../../src/local/ini-text.js';
import { AUTOSYNC } from '../../src/local/launch.js';
import { newSecrets } from '../../src/sync/secrets.js';
import { cluster, clusters, link, restoreLinks } from '../support/clusters.js';

type Edit = readonly [section: string, key: string, value: string | null];

const one = cluster('one');
const peers = clusters()
  .map(({ name }) => name)
  .filter((name) => name !== 'one');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(one.swiftDir, 'check-'));
});
afterEach(restoreLinks);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Result {
  readonly code: number | null;
  readonly text: string;
  readonly errors: string;
}

async function run(...args: string[]): Promise<Result> {
  const child = spawn(process.execPath, [AUTOSYNC, 'check', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, text, errors };
}

/** Checks cluster one's own configuration with some lines changed; what was found wrong, as `code: message`. */
async function wrongWith(
  edits: readonly Edit[],
): Promise<{ code: number | null; wrong: string[]; all: Finding[] }> {
  const { code, text, errors } = await run(confWith(edits), '--json');
  expect(errors).toBe('');
  const { findings, well } = JSON.parse(text) as { findings: Finding[]; well: boolean };
  const wrong = findings.filter(({ severity }) => severity === 'warning' || severity === 'error');
  for (const { message, fix } of wrong) expect(fix, message).toMatch(/^[A-Z].*[.?]$/s);
  expect(well).toBe(wrong.length === 0);
  expect(code).toBe(well ? 0 : 1);
  return { code, wrong: wrong.map((finding) => `${finding.code}: ${finding.message}`), all: findings };
}

function confWith(edits: readonly Edit[]): string {
  let text = readFileSync(join(one.swiftDir, 'autosync.conf'), 'utf8');
  for (const [section, key, value] of edits) text = setInText(text, section, key, value);
  const file = join(folder, 'autosync.conf');
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

/** A swift_dir of its own, with another realms file. */
function swiftDirWith(change: (text: string) => string, mode = 0o600): Edit {
  const dir = join(folder, 'swift');
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'container-sync-realms.conf');
  writeFileSync(file, change(readFileSync(join(one.swiftDir, 'container-sync-realms.conf'), 'utf8')));
  chmodSync(file, mode);
  return ['DEFAULT', 'swift_dir', dir];
}

describe('a realm where all is well', () => {
  it('exits 0, and says what it looked at', async () => {
    const { wrong, all } = await wrongWith([]);
    expect(wrong).toEqual([]);
    const seen = new Set(all.map(({ code }) => code));
    for (const code of ['secrets', 'realm', 'swift-realm', 'service-rights', 'service-account', 'gateway'])
      expect(seen).toContain(code);
    for (const name of peers) {
      const codes = all.filter(({ subject }) => subject.startsWith(`peer ${name} `)).map(({ code }) => code);
      expect(codes, name).toEqual(expect.arrayContaining(['peer-clock', 'peer-secret', 'peer-realm-key']));
    }
  });

  it('prints a table that ends with the sum', async () => {
    const { code, text } = await run(join(one.swiftDir, 'autosync.conf'));
    expect(code).toBe(0);
    expect(text).toContain(`✔ takes our signature: same secret, same realm`);
    expect(text).toMatch(/\nNothing wrong: \d+ checks\.\n$/);
  });

  it('shows no key, secret or token', async () => {
    const { text } = await run(join(one.swiftDir, 'autosync.conf'), '--json');
    const realms = readFileSync(join(one.swiftDir, 'container-sync-realms.conf'), 'utf8');
    const secrets = readFileSync(join(one.swiftDir, 'autosync-secrets'), 'utf8');
    for (const secret of [one.plan.serviceKey, ...`${realms}${secrets}`.matchAll(/[0-9a-f]{48,}/g)].flat())
      expect(text).not.toContain(secret);
    expect(text).not.toContain('AUTH_tk');
  });
});

describe('the configuration file', () => {
  it('that is not valid is something found: all that is wrong with it, and nothing is asked', async () => {
    const { wrong } = await wrongWith([
      ['filter:autosync', 'peer_timeout', '-1'],
      ['filter:autosync', 'acounts', 'x'],
    ]);
    expect(wrong).toHaveLength(2);
    for (const each of wrong) expect(each).toMatch(/^configuration: /);
  });

  it('that is not there could not be checked: exit 3', async () => {
    const { code, errors } = await run(join(folder, 'nothing.conf'));
    expect(code).toBe(3);
    expect(errors).toContain('ENOENT');
  });

  it('an option that there is not is a usage error: exit 2', async () => {
    expect((await run('--nope')).code).toBe(2);
  });

  it('must not be for everyone to read when it holds credentials', async () => {
    chmodSync(confWith([]), 0o644);
    const { code, text } = await run(join(folder, 'autosync.conf'));
    expect(code).toBe(1);
    expect(text).toContain(`chmod o-rw ${folder}/autosync.conf`);
    rmSync(join(folder, 'autosync.conf'));
  });

  it('names a module that does not export what it must', async () => {
    writeFileSync(join(folder, 'engine.js'), 'export const nothing = 1;\n');
    const { wrong } = await wrongWith([
      ['filter:engine', 'use', './engine.js'],
      ['pipeline:main', 'pipeline', 'engine autosync proxy'],
    ]);
    expect(wrong).toEqual([expect.stringMatching(/^module: .*exports no function filterFactory/)]);
  });
});

describe('files', () => {
  it('a secret file that others may read is refused, and the peers are not asked with it', async () => {
    const file = join(folder, 'open-secrets');
    copyFileSync(join(one.swiftDir, 'autosync-secrets'), file);
    chmodSync(file, 0o644);
    const { wrong, all } = await wrongWith([['filter:autosync', 'secret_file', file]]);
    expect(wrong).toEqual([expect.stringMatching(/^secrets: .*mode 0644/)]);
    expect(all.filter(({ severity }) => severity === 'skipped').map(({ code }) => code)).toEqual(
      peers.map(() => 'peer-secret'),
    );
  });

  it('a secret file that is not there', async () => {
    const { wrong } = await wrongWith([['filter:autosync', 'secret_file', join(folder, 'none')]]);
    expect(wrong).toEqual([expect.stringMatching(/^secrets: .*ENOENT/)]);
  });

  it('another secret file than the peers have', async () => {
    newSecrets(join(folder, 'other-secrets'));
    const { wrong } = await wrongWith([['filter:autosync', 'secret_file', join(folder, 'other-secrets')]]);
    // Which of the two depends on how often the run's own secret was rotated before.
    const refused = /^peer-secret: refuses our signature: (bad-signature|unknown-generation)$/;
    expect(wrong).toEqual(peers.map(() => expect.stringMatching(refused) as string));
  });

  it('a realms file that everyone may read', async () => {
    const { wrong } = await wrongWith([swiftDirWith((text) => text, 0o644)]);
    expect(wrong).toEqual(['realms-file: every user of this host may read the realm key in it']);
  });

  it('a realms file that lacks a cluster of the placement', async () => {
    const { wrong } = await wrongWith([swiftDirWith((text) => text.replace(/^cluster_two.*$/m, ''))]);
    expect(wrong).toEqual(['placement: [local] has no cluster_two, which "default" names']);
  });

  it('a realms file that lacks this cluster', async () => {
    const { wrong } = await wrongWith([swiftDirWith((text) => text.replace(/^cluster_one.*$/m, ''))]);
    expect(wrong).toContain('realm: [local] has no cluster_one, which my_cluster names');
  });

  it('an endpoint that is no URL', async () => {
    const { wrong } = await wrongWith([
      swiftDirWith((text) => text.replace(/^(cluster_two = ).*$/m, '$1two')),
    ]);
    expect(wrong[0]).toBe('realms-file: "cluster_two" is no http:// or https:// URL.');
  });

  it('a realm that my_cluster names and the file does not have', async () => {
    const { wrong, all } = await wrongWith([['filter:autosync', 'my_cluster', '//locel/one']]);
    expect(wrong[0]).toMatch(/^realm: has no realm "locel"/);
    expect(all.find(({ code }) => code === 'realm')?.fix).toContain('Did you mean //local/…');
  });
});

describe('Swift', () => {
  it('a proxy that is down, beside one that is not', async () => {
    const { wrong } = await wrongWith([['app:proxy', 'upstream', `${one.proxyUrl}, http://127.0.0.1:1`]]);
    expect(wrong).toEqual([expect.stringMatching(/^swift-down: does not answer: .*ECONNREFUSED/)]);
  });

  it('an upstream that is a gateway', async () => {
    const { wrong } = await wrongWith([
      ['app:proxy', 'upstream', one.gatewayUrl],
      ['DEFAULT', 'bind_port', '1'],
    ]);
    expect(wrong).toEqual(['swift-is-gateway: is a gateway, not Swift']);
  });

  it('an upstream of another cluster', async () => {
    const { wrong } = await wrongWith([['app:proxy', 'upstream', cluster('two').proxyUrl]]);
    expect(wrong).toContain('swift-realm: this Swift calls itself two, my_cluster says one');
  });

  it('a service user with a wrong key', async () => {
    const { wrong } = await wrongWith([['service', 'key', 'wrong']]);
    expect(wrong).toEqual([expect.stringMatching(/^service-token: .*answered 401/)]);
  });

  it('a service user that is no reseller admin', async () => {
    const { wrong } = await wrongWith([
      ['service', 'user', 't1:u'],
      ['service', 'key', 'k1'],
    ]);
    expect(wrong).toEqual([expect.stringMatching(/^service-rights: .*status 403/)]);
  });

  it("no service user is nothing wrong, where peers work with the clients' own tokens", async () => {
    const edits = ['auth_version', 'auth_url', 'user', 'key'].map((key) => ['service', key, null] as const);
    const { wrong, all } = await wrongWith(edits);
    expect(wrong).toEqual([]);
    expect(all.find(({ code }) => code === 'service-token')?.severity).toBe('skipped');
  });
});

describe('peers', () => {
  it('a gateway that cannot be reached', async () => {
    await link('one', 'two').cut();
    const { wrong, all } = await wrongWith([]);
    expect(wrong).toEqual([expect.stringMatching(/^peer-down: does not answer: /)]);
    expect(all.find(({ code, severity }) => code === 'peer-down' && severity === 'error')?.subject).toMatch(
      /^peer two /,
    );
  });

  it('a gateway that is silent costs peer_timeout, and no more', async () => {
    await link('one', 'two').blackhole();
    const start = performance.now();
    const { wrong } = await wrongWith([['filter:autosync', 'peer_timeout', '2']]);
    expect(wrong).toEqual([expect.stringMatching(/^peer-down: /)]);
    expect(performance.now() - start).toBeLessThan(2_000 + 10_000);
  });

  it('a Swift proxy where the gateway should be', async () => {
    const { wrong } = await wrongWith([['cluster:two', 'gateway', cluster('two').proxyUrl]]);
    expect(wrong).toEqual([expect.stringMatching(/^peer-not-gateway: is no gateway/)]);
  });

  it("another cluster's gateway", async () => {
    const { wrong } = await wrongWith([['cluster:two', 'gateway', one.gatewayUrl]]);
    expect(wrong).toEqual(['peer-name: is the gateway of one, not of two']);
  });

  it('another realm key, without showing either', async () => {
    const { wrong } = await wrongWith([swiftDirWith((text) => text.replace(/^key = .*$/m, 'key = other'))]);
    expect(wrong).toEqual(
      peers.map(() => 'peer-realm-key: has another realm key: container sync would be refused'),
    );
  });

  it('a realm key that is being changed, the old one kept as key2 here only', async () => {
    const changed = swiftDirWith((text) => text.replace(/^key = (.*)$/m, 'key = new\nkey2 = $1'));
    expect((await wrongWith([changed])).wrong).toHaveLength(peers.length);
    const announced = swiftDirWith((text) => text.replace(/^(key = .*)$/m, '$1\nkey2 = new'));
    expect((await wrongWith([announced])).wrong).toEqual([]);
  });

  it('a storage policy of a peer that nothing here stands for, and one that stands for it and is not there', async () => {
    const { wrong } = await wrongWith([['filter:autosync', 'policy_map', null]]);
    expect(wrong).toEqual(['policies: no policy here for silver: such containers are not made here']);
    const mapped = await wrongWith([['filter:autosync', 'policy_map', 'silver: bronze']]);
    expect(mapped.wrong).toEqual([
      'policies: silver is to be bronze, which Swift does not have',
      'policies: no policy here for silver: such containers are not made here',
    ]);
  });

  it('options that have to be equal', async () => {
    const { wrong } = await wrongWith([
      ['filter:autosync', 'user_sync', 'allow'],
      ['filter:autosync', 'accounts', 'AUTH_other'],
    ]);
    expect(wrong).toEqual(
      peers.flatMap(() => [
        'peer-settings: user_sync = deny there, allow here',
        'peer-settings: accounts = AUTH_t* there, AUTH_other here',
      ]),
    );
  });
});
