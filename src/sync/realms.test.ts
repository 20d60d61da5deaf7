// Promises of reading container-sync-realms.conf.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Problem } from '../lib/ini.js';
import { endpointOrigin, parseRealms, RealmsFile } from './realms.js';

const FILE = '/etc/swift/container-sync-realms.conf';

const GOOD = `[DEFAULT]
mtime_check_interval = 300

[Realm1]
key = realm1key
key2 = 100%%
cluster_Primary = https://host1/v1/
CLUSTER_secondary: http://host2:8080/v1
note = whatever
[realm2]
Key = realm2key
`;

function problemsOf(text: string): string[] {
  return parseRealms(text, FILE).problems.map(({ line, message }) => `${line}: ${message}`);
}

describe('parseRealms', () => {
  it('names of realms and clusters do not mind case', () => {
    const { realms, problems } = parseRealms(GOOD, FILE);
    expect(problems).toEqual([]);
    expect(realms.realm('REALM1')).toEqual({
      name: 'Realm1',
      key: 'realm1key',
      key2: '100%',
      clusters: new Map([
        ['PRIMARY', { endpoint: 'https://host1/v1/', line: 7 }],
        ['SECONDARY', { endpoint: 'http://host2:8080/v1', line: 8 }],
      ]),
    });
    expect(realms.realm('realm2')).toMatchObject({ key: 'realm2key', key2: undefined });
    expect(realms.realm('realm3')).toBeUndefined();
    expect(realms.all().map(({ name }) => name)).toEqual(['Realm1', 'realm2']);
  });

  it('everything wrong is reported, and no key shown', () => {
    const text = `[a]\nkey = S3CRET%x\ncluster_b = host\ncluster_ = http://h\n[A]\ncluster_c = http://u:S3CRET@[/\n[c]
set key = S3CRET\nS3CRET\ncluster_d = http://h/?x\n`;
    expect(problemsOf(text)).toEqual([
      expect.stringContaining('9: This line is no [section]'),
      '3: "cluster_b" is no http:// or https:// URL.',
      '4: "cluster_" does not name a cluster.',
      '2: "key" has a "%" that begins no %(name)s.',
      '6: "cluster_c" is no http:// or https:// URL.',
      '5: [A] has no key.',
      '8: Swift does not know "set key" in this file.',
      '10: "cluster_d" has a query or a fragment.',
    ]);
    expect(JSON.stringify(parseRealms(text, FILE).problems)).not.toContain('S3CRET');
    expect(problemsOf('# nothing')).toEqual(['0: The file has no realm.']);
    expect(problemsOf('[x]\nkey = 1\n[X]\nkey = 2')).toEqual([
      '3: [X] is the same realm as on line 1: names do not mind case.',
    ]);
  });

  it("Swift's own reader takes the same from it", () => {
    const code = `
import configparser, io, json, sys
conf = configparser.ConfigParser()
conf.read_file(io.StringIO(sys.stdin.read()))
print(json.dumps({s.upper(): {k: v for k, v in conf.items(s)} for s in conf.sections()}))`;
    const swift = JSON.parse(
      execFileSync('/usr/bin/python3', ['-c', code], { input: GOOD, encoding: 'utf8' }),
    ) as Record<string, Record<string, string>>;
    const { realms } = parseRealms(GOOD, FILE);
    expect(realms.realm('realm1')?.key2).toBe(swift['REALM1']?.['key2']);
    expect(realms.realm('realm1')?.clusters.get('PRIMARY')?.endpoint).toBe(
      swift['REALM1']?.['cluster_primary'],
    );
  });

  it('an endpoint has an origin and a path', () => {
    expect(endpointOrigin('https://host:443/v1/')).toEqual({ origin: 'https://host', basePath: '/v1' });
    expect(endpointOrigin('http://[::1]:8080')).toEqual({ origin: 'http://[::1]:8080', basePath: '' });
  });
});

describe('RealmsFile', () => {
  let folder: string;
  let path: string;
  let now: number;
  let reloads: (readonly Problem[])[];
  let file: RealmsFile;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'autosync-realms-'));
    path = join(folder, 'container-sync-realms.conf');
    now = 0;
    reloads = [];
    file = new RealmsFile(path, {
      checkIntervalMs: 100,
      now: () => now,
      onReload: (problems) => reloads.push(problems),
    });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const keyLater = (): string | undefined => {
    now += 100;
    return file.get().realm('r')?.key;
  };

  it('a change is seen after the interval, and not before', () => {
    writeFileSync(path, '[r]\nkey = one\n');
    expect(file.get().realm('r')?.key).toBe('one');
    writeFileSync(path, '[r]\nkey = three\n');
    now += 99;
    expect(file.get().realm('r')?.key).toBe('one');
    now += 1;
    expect(file.get().realm('r')?.key).toBe('three');
    keyLater();
    expect(reloads).toEqual([[], []]);
  });

  it('a file put in its place by rename is seen, even with the same size', () => {
    writeFileSync(path, '[r]\nkey = one\n');
    keyLater();
    writeFileSync(`${path}.new`, '[r]\nkey = two\n');
    renameSync(`${path}.new`, path);
    expect(keyLater()).toBe('two');
  });

  it('a broken, emptied or removed file leaves the last good realms in use and says so once', () => {
    writeFileSync(path, '[r]\nkey = one\n');
    keyLater();
    for (const text of ['[r]\nkey\n', '']) {
      writeFileSync(path, text);
      expect(keyLater()).toBe('one');
      expect(file.lastProblems).not.toEqual([]);
    }
    rmSync(path);
    expect([keyLater(), keyLater()]).toEqual(['one', 'one']);
    expect(file.lastProblems).toMatchObject([
      { file: path, message: 'The realms file cannot be read: ENOENT.' },
    ]);
    expect(reloads).toHaveLength(4);
    writeFileSync(path, '[r]\nkey = two\n');
    expect(keyLater()).toBe('two');
    expect(file.lastProblems).toEqual([]);
  });

  it('a file that comes later is taken; of a bad first one what is good', () => {
    expect(keyLater()).toBeUndefined();
    expect(file.lastProblems).toHaveLength(1);
    writeFileSync(path, '[r]\nkey = one\n[bad]\n');
    expect(keyLater()).toBe('one');
    expect(file.lastProblems).toHaveLength(1);
  });
});
