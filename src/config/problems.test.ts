// Promises of what is reported about a configuration that cannot be used.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildConfig } from './load.js';
import { formatProblems } from './problems.js';
import { SECTIONS } from './sections.js';

const FILE = '/etc/swift/autosync.conf';
const PROXY = '[app:proxy]\nupstream = http://127.0.0.1:8081\n';
const AUTOSYNC = '[filter:autosync]\nmy_cluster = //realm/primary\naccounts = AUTH_*\n';
const MINIMAL = PROXY + AUTOSYNC;

function wrong(text: string): string {
  const { config, problems } = buildConfig(FILE, [{ file: FILE, text }], () => false);
  expect(config).toBeUndefined();
  return formatProblems(problems);
}

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
    fix: Did you mean "reclaim_age" of [daemon]?
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
    ['copies waited for, and none made', `${MINIMAL}copy_jobs = false\nobject_ack = all\n`, 'makes none'],
    [
      'a rule with something else behind it',
      `${MINIMAL}[filter:placement]\nrule_x = a/b -> c; object_ack = some\n`,
      'has something else behind its ";"',
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
    [
      'an app of your own that is not last',
      `[pipeline:main]\npipeline = x autosync proxy\n${MINIMAL}[app:x]\nuse = ./x.js\n`,
      '"autosync", "proxy" would never be reached',
    ],
    [
      'an app of your own without a Swift behind it',
      `[pipeline:main]\npipeline = autosync x\n${AUTOSYNC}[app:x]\nuse = ./x.js\n`,
      '"upstream" is missing in [app:proxy]',
    ],
    [
      'a filter of your own in place of the app',
      `[pipeline:main]\npipeline = autosync x\n${MINIMAL}[filter:x]\nuse = ./x.js\n`,
      'The pipeline has no proxy.',
    ],
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

  it('there is a configuration or a reason why not, whatever the file says', () => {
    const names = SECTIONS.flatMap(({ table }) => Object.keys(table)).concat('use', 'rule_a', 'set x', 'zz');
    const values = SECTIONS.flatMap(({ table }) => Object.values(table))
      .map(({ defaultText, example }) => defaultText ?? example ?? '')
      .concat(
        '',
        'a',
        '-1',
        '%(a)s',
        '%',
        'egg:autosync#proxy',
        './x.js',
        'a/b -> c',
        '...autosync...',
        'proxy',
        '->',
      );
    const headers = SECTIONS.map(({ name }) => name).concat(
      'filter:x',
      'app:y',
      'cluster:a',
      'cluster:A',
      'q',
    );
    const line = fc.oneof(
      { arbitrary: fc.tuple(fc.constantFrom(...names), fc.constantFrom(...values)), weight: 4 },
      { arbitrary: fc.constantFrom(...headers), weight: 2 },
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 14 }), fc.boolean(), (lines, isMinimal) => {
        const text = lines.map((one) => (typeof one === 'string' ? `[${one}]` : one.join(' = '))).join('\n');
        const all = `${isMinimal ? MINIMAL : ''}${text}`;
        const { config, problems } = buildConfig(FILE, [{ file: FILE, text: all }], () => true);
        expect(config === undefined).toBe(problems.length > 0);
        for (const { message, fix } of problems) expect(`${message} ${fix}`).not.toMatch(/undefined|\n/);
      }),
      { numRuns: 500 },
    );
  });
});
