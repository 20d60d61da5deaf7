// Promises of loading a configuration.
import { describe, expect, it } from 'vitest';
import type { Config } from './config.js';
import { buildConfig } from './load.js';
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
      maxHeaderSizeBytes: 73_728,
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
      ...{
        namespace: 'everywhere',
        readOrder: [],
        hedgeDelayMs: 300,
        fallbackTimeoutMs: 3_000,
        negativeTtlMs: 1_000,
        failover: 'reads',
      },
      accountDeleteDelayMs: 86_400_000,
      deleteProbeLimit: 1000,
      objectAck: 'local',
      copyJobs: true,
      copyConcurrency: 8,
      copyQueueLength: 10_000,
      canaryIntervalMs: 10_000,
      replicationObjective: { share: 0.9990000000000001, withinSeconds: 60 },
      policyMap: new Map(),
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

  it("a user's own app may stand last, and [app:proxy] says where Swift is", () => {
    const text = `[pipeline:main]\npipeline = autosync closed\n[app:closed]\nuse = ./closed.js\nuntil = noon\n${MINIMAL}`;
    const config = load(text, ['/etc/swift/closed.js']);
    expect(config.stations.at(-1)).toMatchObject({
      kind: 'module',
      path: '/etc/swift/closed.js',
      options: { until: 'noon' },
    });
    expect(config.proxy.upstream).toEqual(['http://127.0.0.1:8081']);
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
