// Promises of loading a configuration.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Config } from './config.js';
import { buildConfig, loadConfig } from './load.js';
import { formatProblems } from './problems.js';

const FILE = '/etc/swift/autosync.conf';
const PROXY = '[app:proxy]\nupstream = http://127.0.0.1:8081\n';
const AUTOSYNC = '[filter:autosync]\nmy_cluster = //realm/primary\naccounts = AUTH_*\n';
const MINIMAL = PROXY + AUTOSYNC;

function build(text: string, files: readonly string[] = []): ReturnType<typeof buildConfig> {
  return buildConfig(FILE, [{ file: FILE, text }], (path) => files.includes(path));
}

function load(text: string, files: readonly string[] = []): Config {
  const { config, problems } = build(text, files);
  expect(formatProblems(problems)).toBe('');
  return config!;
}

function wrong(text: string, files: readonly string[] = []): string {
  const { config, problems } = build(text, files);
  expect(config).toBeUndefined();
  return formatProblems(problems);
}

const DESIGN_EXAMPLE = `# /etc/swift/autosync.conf
[DEFAULT]
bind_ip = 0.0.0.0
bind_port = 8080
workers = auto
# container-sync-realms.conf is read from here
swift_dir = /etc/swift
log_level = INFO

[pipeline:main]
pipeline = catch_errors healthcheck placement autosync proxy

[app:proxy]
use = egg:autosync#proxy
# this cluster's Swift proxies
upstream = http://127.0.0.1:8081, http://127.0.0.1:8082

[filter:placement]
use = egg:autosync#placement
default = primary, secondary
rule_archive = AUTH_*/archive-* -> secondary

[filter:autosync]
use = egg:autosync#autosync
my_cluster = //realm/primary
accounts = AUTH_*
consistency = eventual
peer_auth = service
secret_file = /etc/swift/autosync-secrets

[service]
auth_version = 3
auth_url = http://keystone:5000/v3
username = autosync
password = 50%#;secret
project_name = service

[daemon]

[admin]
bind_ip = 127.0.0.1
bind_port = 8090
`;

// As printed in the original document, indentation, \# and all.
const original = (mine: string, other: string): string => `
    [DEFAULT]

    allowed_sync_hosts = ${other}.com

    [pipeline:main]

    \\# Add autosync after the request is authenticated by the auth system used

    pipeline = ...autosync... 

    [filter:autosync]

    use = egg:swift#autosync

    autosync_my_cluster = http://${mine}.com:8080

    autosync_placement = http://Primary.com:8080,http://Secondary.com:8080

`;

describe('what loads', () => {
  it('the example of the design, into typed and frozen values', () => {
    const config = load(DESIGN_EXAMPLE);
    expect(config.server).toMatchObject({
      bindIp: '0.0.0.0',
      bindPort: 8080,
      workers: 'auto',
      swiftDir: '/etc/swift',
      logLevel: 'INFO',
      maxHeaderSizeBytes: 32_768,
      headerTimeoutMs: 30_000,
    });
    expect(config.server.certFile).toBeUndefined();
    expect(config.proxy).toMatchObject({
      upstream: ['http://127.0.0.1:8081', 'http://127.0.0.1:8082'],
      connectTimeoutMs: 1000,
    });
    expect(config.placement).toMatchObject({
      default: ['primary', 'secondary'],
      placementFailure: 'default',
      rules: [{ name: 'archive', account: 'AUTH_*', container: 'archive-*', clusters: ['secondary'] }],
    });
    expect(config.autosync).toEqual({
      identity: { kind: 'realm', realm: 'realm', cluster: 'primary' },
      accounts: ['AUTH_*'],
      consistency: 'eventual',
      peerAuth: 'service',
      secretFile: '/etc/swift/autosync-secrets',
      userSync: 'deny',
      peerTimeoutMs: 5000,
      peerProbeIntervalMs: 2000,
      maxClockSkewMs: 30_000,
      accountDeleteDelayMs: 86_400_000,
      deleteProbeLimit: 1000,
    });
    expect(config.service).toMatchObject({
      authVersion: 3,
      timeoutMs: 5000,
      credentials: { kind: 'password', password: '50%#;secret', userDomainName: 'Default' },
    });
    expect(config.admin).toEqual({ bindIp: '127.0.0.1', bindPort: 8090 });
    expect(config.realmsFile).toBe('/etc/swift/container-sync-realms.conf');
    expect(config.stations.map(({ name, kind, line }) => `${name} ${kind} ${line}`)).toEqual([
      'catch_errors builtin 11',
      'healthcheck builtin 11',
      'placement builtin 18',
      'autosync builtin 23',
      'proxy builtin 13',
    ]);
    expect(Object.isFrozen(config) && Object.isFrozen(config.placement.rules[0]?.clusters)).toBe(true);
  });

  it.each([
    ['Primary', 'Secondary'],
    ['Secondary', 'Primary'],
  ])("the original document's %s, as printed, with an upstream", (mine, other) => {
    const config = load(`${original(mine, other)}[app:proxy]\nupstream = http://127.0.0.1:8081\n`);
    expect(config.autosync).toMatchObject({
      identity: {
        kind: 'url',
        url: `http://${mine.toLowerCase()}.com:8080`,
        clusters: ['http://primary.com:8080', 'http://secondary.com:8080'],
      },
      accounts: ['*'],
      peerAuth: 'token',
    });
    expect(config.server.allowedSyncHosts).toEqual([`${other.toLowerCase()}.com`]);
    expect(config.stations.map(({ name }) => name)).toEqual([
      'catch_errors',
      'healthcheck',
      'placement',
      'autosync',
      'proxy',
    ]);
  });

  it('the original override_auth is peer_auth = service', () => {
    const service = '[service]\nauth_version = 1\nauth_url = http://h:1/auth/v1.0\nuser = a:u\nkey = k\n';
    const text = `${original('Primary', 'Secondary')}    override_auth = true\n${PROXY}`;
    expect(wrong(text)).toContain('"override_auth" wants a service user');
    const config = load(text + service);
    expect(config.autosync?.peerAuth).toBe('service');
    expect(config.service).toEqual({
      authVersion: 1,
      authUrl: 'http://h:1/auth/v1.0',
      user: 'a:u',
      key: 'k',
      timeoutMs: 5000,
      resellerPrefix: 'AUTH_',
    });
  });

  it('little is needed: upstream, my_cluster and accounts', () => {
    const config = load(MINIMAL);
    expect(config.autosync?.peerAuth).toBe('token');
    expect(config.autosync?.secretFile).toBe('/etc/swift/autosync-secrets');
    expect(config.placement).toEqual({
      rules: [],
      placementFailure: 'default',
      placementTimeoutMs: 1000,
    });
    expect(config.stations).toHaveLength(5);
  });

  it('a gateway without autosync needs no cluster', () => {
    const config = load(`[pipeline:main]\npipeline = catch_errors proxy\n${PROXY}`);
    expect(config.autosync).toBeUndefined();
  });

  it('[DEFAULT] is inherited, but the listener is not handed to [admin]', () => {
    const config = load(`[DEFAULT]\nbind_ip = ::\nbind_port = 80\nconnect_timeout = 3\nname = x\n${PROXY}
set eject_after = 9
${AUTOSYNC}secret_file = %(here)s/%(name)s\n[admin]\n`);
    expect(config.proxy).toMatchObject({ connectTimeoutMs: 3000, ejectAfter: 9 });
    expect(config.admin).toEqual({ bindIp: '127.0.0.1', bindPort: 8090 });
    expect(config.autosync?.secretFile).toBe('/etc/swift/x');
  });

  it("a user's own engine gets its options as they are written", () => {
    const text = `[DEFAULT]\nShared = yes\n[pipeline:main]\npipeline = engine autosync proxy\n[filter:engine]
use = ./my-engine.js\nMap = a -> %(b)s\nb = 5%\n${MINIMAL}`;
    const config = load(text, ['/etc/swift/my-engine.js']);
    expect(config.stations[0]).toEqual({
      kind: 'module',
      name: 'engine',
      path: '/etc/swift/my-engine.js',
      options: { Shared: 'yes', Map: 'a -> 5%', b: '5%' },
      file: FILE,
      line: 5,
    });
  });

  it('a built-in may have another name, and [cluster:NAME] gives a gateway', () => {
    const config =
      load(`[pipeline:main]\npipeline = geo autosync proxy\n[filter:geo]\nuse = egg:autosync#placement
default = secondary\n${MINIMAL}[cluster:Secondary]\ngateway = http://10.0.2.1:8080/v1/\n`);
    expect(config.stations[0]).toMatchObject({
      name: 'geo',
      use: 'placement',
      options: { default: ['secondary'] },
    });
    expect(config.clusters.get('SECONDARY')).toMatchObject({
      name: 'Secondary',
      gateway: 'http://10.0.2.1:8080',
    });
  });
});

describe('what is wrong', () => {
  it('is all named at once, in the order of the lines, with a fix', () => {
    const text = `[DEFAULT]
bind_prot = 80
workers = many
[app:proxy]
upstream = https://h:1
retries = 3
[filter:placement]
rule_x = AUTH_* secondary
default = a, A
[filter:autosync]
peer_timeout = 5s
reclaim_agee = 1
[servce]
`;
    expect(wrong(text)).toBe(`${FILE}:2: [DEFAULT] has no option "bind_prot".
    fix: Write "bind_port".
${FILE}:3: "workers" in [DEFAULT] is no integer from 1 to 1024: "many".
    fix: Write a whole number from 1 to 1024, without a unit.
${FILE}:5: "upstream" in [app:proxy] is no URL: "https://h:1".
    fix: Write http://HOST:PORT.
${FILE}:6: [app:proxy] has no option "retries".
    fix: Take it out; etc/autosync.conf-sample has every option.
${FILE}:8: "rule_x" in [filter:placement] has no "->" between the pattern and the clusters.
    fix: Write "ACCOUNT/CONTAINER -> CLUSTER, CLUSTER", such as "AUTH_*/archive-* -> secondary".
${FILE}:9: "default" in [filter:placement] names "A" twice.
    fix: Name each once.
${FILE}:10: "accounts" is missing: nothing says whose containers to look after.
    fix: Add "accounts = AUTH_*" for all of them, or name those to begin with.
${FILE}:10: "my_cluster" is missing: nothing says which cluster this is.
    fix: Add "my_cluster = //REALM/CLUSTER", with the names of container-sync-realms.conf.
${FILE}:11: "peer_timeout" in [filter:autosync] is no number of seconds from 0.05 to 600: "5s".
    fix: Write a number from 0.05 to 600, such as 5 or 0.5, without a unit.
${FILE}:12: [filter:autosync] has no option "reclaim_agee".
    fix: Take it out; etc/autosync.conf-sample has every option.
${FILE}:13: There is no section [servce].
    fix: Write [service].`);
  });

  const KEYSTONE = '[service]\nauth_version = 3\nauth_url = http://k:5000/v3\n';
  it.each([
    ['an option of another section', `${MINIMAL}auth_url = http://h\n`, 'It belongs in [service].'],
    [
      'a realm with a slash too few',
      `${PROXY}[filter:autosync]\naccounts = *\nmy_cluster = /realm/x\n`,
      'is not //REALM/CLUSTER',
    ],
    ['two ways to name a cluster', `${MINIMAL}autosync_my_cluster = http://h\n`, 'exclude each other'],
    [
      'half of the original options',
      `${PROXY}[filter:autosync]\nautosync_my_cluster = http://h\n`,
      '"autosync_placement" is missing',
    ],
    [
      'a placement without this cluster',
      `${PROXY}[filter:autosync]\nautosync_my_cluster = http://h\nautosync_placement = http://127.0.0.1\n`,
      'lacks this cluster',
    ],
    [
      'a peer that container sync may not talk to',
      `${PROXY}[filter:autosync]\nautosync_my_cluster = http://h\nautosync_placement = http://h, http://i\n`,
      'Write "allowed_sync_hosts = i" in [DEFAULT]',
    ],
    [
      'a URL in place of a name',
      `${MINIMAL}[filter:placement]\ndefault = http://h\n`,
      'names a cluster by URL',
    ],
    [
      'a service user that is not there',
      `${MINIMAL}peer_auth = service\n`,
      '"peer_auth" wants a service user',
    ],
    [
      'override_auth with tokens',
      `${MINIMAL}peer_auth = token\noverride_auth = true\n`,
      'means peer_auth = service',
    ],
    [
      'version 1 without a key',
      `${MINIMAL}[service]\nauth_version = 1\nauth_url = http://h\nuser = x\n`,
      '"key" is missing in [service]',
    ],
    [
      'version 1 without an account',
      `${MINIMAL}[service]\nauth_version = 1\nauth_url = http://h\nkey = k\nuser = x\n`,
      'is not ACCOUNT:USER',
    ],
    [
      'version 3 with a key',
      `${MINIMAL}${KEYSTONE}key = k\n`,
      '"key" in [service] does not go with auth_version 3',
    ],
    [
      'version 3 without a password',
      `${MINIMAL}${KEYSTONE}username = u\n`,
      '"password" is missing in [service]',
    ],
    [
      'two kinds of credentials',
      `${MINIMAL}${KEYSTONE}application_credential_id = i\npassword = p\n`,
      'does not go with an application credential',
    ],
    [
      'a certificate without its key',
      `[DEFAULT]\ncert_file = c.crt\n${MINIMAL}`,
      '"cert_file" is given without "key_file"',
    ],
    [
      'a certificate that is not there',
      `[DEFAULT]\ncert_file = c.crt\n${MINIMAL}`,
      '/etc/swift/c.crt, which is no file',
    ],
    ['an admin at the gateway port', `${MINIMAL}[admin]\nbind_port = 8080\n`, 'which the gateway has'],
    [
      'a gateway that is its own upstream',
      `${AUTOSYNC}[app:proxy]\nupstream = http://localhost:8080\n`,
      'names the gateway itself',
    ],
    [
      'a module that is not there',
      `${MINIMAL}[filter:x]\nuse = ./x.js\n`,
      '/etc/swift/x.js, which is no file',
    ],
    ['a module as the app', `${MINIMAL}[app:x]\nuse = ./x.js\n`, 'which only a filter can be'],
    ['a filter of Swift', `${MINIMAL}[filter:cache]\nuse = egg:swift#memcache\n`, 'uses what there is not'],
    ['a filter without use', `${MINIMAL}[filter:placment]\nx = 1\n`, 'Or did you mean [filter:placement]?'],
    ['a filter that is an app', `${MINIMAL}[app:autosync]\n`, 'but autosync is a filter'],
    [
      'a pipeline name nobody knows',
      `[pipeline:main]\npipeline = placment autosync proxy\n${MINIMAL}`,
      'Write "placement", or add [filter:placment]',
    ],
    [
      'a pipeline without an app',
      `[pipeline:main]\npipeline = autosync\n${MINIMAL}`,
      'The pipeline has no proxy.',
    ],
    [
      'a filter behind the app',
      `[pipeline:main]\npipeline = proxy autosync\n${MINIMAL}`,
      '"autosync" would never be reached',
    ],
    [
      'placement after autosync',
      `[pipeline:main]\npipeline = autosync placement proxy\n${MINIMAL}`,
      'placement stands after autosync',
    ],
    [
      'one filter twice',
      `[pipeline:main]\npipeline = autosync autosync proxy\n${MINIMAL}`,
      '"autosync" stands twice',
    ],
    ['an abbreviation of nothing', `[pipeline:main]\npipeline = ...geo...\n${MINIMAL}`, 'which has no geo'],
    [
      'one cluster in two spellings',
      `${MINIMAL}[cluster:a]\ngateway = http://h\n[cluster:A]\ngateway = http://i\n`,
      'is the same cluster as on line 6',
    ],
    ['a rule in [DEFAULT]', `[DEFAULT]\nrule_x = a/b -> c\n${MINIMAL}`, 'It belongs in [filter:placement].'],
    [
      'a rule without a container',
      `${MINIMAL}[filter:placement]\nrule_x = AUTH_* -> c\n`,
      'is not ACCOUNT/CONTAINER',
    ],
    [
      'a rule without clusters',
      `${MINIMAL}[filter:placement]\nrule_x = a/b ->\n`,
      'has no clusters behind its "->"',
    ],
    ['a section by its bare name', `${MINIMAL}[proxy]\n`, 'Write [app:proxy].'],
    ['a section in capitals', `[default]\n${MINIMAL}`, 'Write [DEFAULT].'],
    [
      'an option of a filter out of the pipeline',
      `[pipeline:main]\npipeline = proxy\n${PROXY}[filter:autosync]\npeer_timeot = 1\n`,
      'Write "peer_timeout".',
    ],
    [
      'a value that swallows the next section',
      `${AUTOSYNC}[app:proxy]\nupstream = http://h\n  [admin]\n`,
      'because they are indented deeper',
    ],
    ['a reference to nothing', `${MINIMAL}secret_file = %(nowhere)s/x\n`, 'refers to %(nowhere)s'],
  ])('%s is found', (_, text, part) => {
    expect(wrong(text)).toContain(part);
  });

  it('no secret is ever shown', () => {
    const text = `${MINIMAL}[service]\nauth_version = 3\nauth_url = http://u:S3CRET@h/v3\npassword = S3CRET%(x)s\nkey = S3CRET
  S3CRET\nS3CRET\napplication_credential_secret = S3CRET\napplication_credential_secret = S3CRET\n`;
    const shown = wrong(text);
    expect(shown).toContain('"password" refers to %(x)s');
    expect(shown).not.toContain('S3CRET');
  });
});

describe('files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'autosync-config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('a file that is not there is a problem, not an exception', () => {
    const file = join(folder, 'none.conf');
    expect(loadConfig(file)).toEqual({
      problems: [expect.objectContaining({ file, line: 0, message: 'The configuration file is not there.' })],
    });
    expect(formatProblems(loadConfig(folder).problems)).toContain('There is no .conf file in this folder.');
  });

  it('a conf.d folder is laid over one another by name; swift_dir is the folder around it', () => {
    const confd = join(folder, 'autosync.conf.d');
    mkdirSync(confd);
    writeFileSync(join(confd, '10-base.conf'), `[DEFAULT]\nbind_port = 1\n${MINIMAL}connect_timeout = 2\n`);
    writeFileSync(join(confd, '20-site.conf'), '[DEFAULT]\nbind_port = 81\n');
    writeFileSync(join(confd, '.hidden.conf'), 'nonsense');
    writeFileSync(join(confd, 'README'), 'nonsense');
    const bad = loadConfig(confd);
    expect(formatProblems(bad.problems)).toContain(
      `${join(confd, '10-base.conf')}:8: [filter:autosync] has no`,
    );
    writeFileSync(join(confd, '10-base.conf'), `[DEFAULT]\nbind_port = 1\n${MINIMAL}`);
    const { config, problems } = loadConfig(confd);
    expect(problems).toEqual([]);
    expect(config?.server).toMatchObject({ bindPort: 81, swiftDir: folder });
  });

  it('a file that is not UTF-8 is named with the line', () => {
    const file = join(folder, 'a.conf');
    writeFileSync(file, Buffer.from(`${MINIMAL}# caf\xe9\n`, 'latin1'));
    expect(formatProblems(loadConfig(file).problems)).toContain(`${file}:6: This line is not UTF-8.`);
  });
});
