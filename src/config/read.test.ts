// Promises of bringing a configuration's files into memory.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from './load.js';
import { formatProblems } from './problems.js';

const MINIMAL = `[app:proxy]
upstream = http://127.0.0.1:8081
[filter:autosync]
my_cluster = //realm/primary
accounts = AUTH_*
`;

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
