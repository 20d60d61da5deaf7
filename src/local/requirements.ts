// Whether this machine can run real Swift clusters: system, programs, extended attributes. Installs nothing.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { LocalError } from './local-error.js';
import { SYSTEM_PYTHON } from './rings.js';

/** What `apt-get install` has to be told for local clusters. */
export const DEBIAN_PACKAGES = [
  'swift-proxy',
  'swift-account',
  'swift-container',
  'swift-object',
  'memcached',
  'python3-swiftclient',
] as const;

const PROGRAMS = [
  'setpriv',
  'memcached',
  'swift-proxy-server',
  'swift-account-server',
  'swift-container-server',
  'swift-object-server',
  'swift-container-sync',
  'swift-container-updater',
];

/** The path of a program, looked for in PATH and where Debian puts servers. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/**
 * Says what keeps clusters from running here.
 *
 * @throws LocalError naming everything that is missing at once, and how to get it
 */
export function checkPrograms(): void {
  if (process.platform !== 'linux') {
    throw new LocalError(
      'Local clusters run on Linux only.',
      'The Dockerfile runs them anywhere; see README.',
    );
  }
  const missing = PROGRAMS.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0 && isExecutable(SYSTEM_PYTHON)) return;
  throw new LocalError(
    `OpenStack Swift is not installed (missing: ${missing.join(', ') || SYSTEM_PYTHON}).`,
    `On Debian or Ubuntu: apt-get install --no-install-recommends ${DEBIAN_PACKAGES.join(' ')}`,
  );
}

/**
 * Checks that files in the folder can carry user extended attributes, where Swift keeps all metadata.
 *
 * @throws LocalError when the file system has none
 */
export function checkExtendedAttributes(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `.xattr-check-${process.pid}`);
  writeFileSync(file, '');
  const script = 'import os, sys; os.setxattr(sys.argv[1], "user.swift.metadata", b"x" * 254)';
  const result = spawnSync(SYSTEM_PYTHON, ['-I', '-S', '-c', script, file], { encoding: 'utf8' });
  rmSync(file, { force: true });
  if (result.status === 0) return;
  const reason = result.stderr.trim().split('\n').at(-1) ?? '';
  throw new LocalError(
    `The file system of ${folder} keeps no user extended attributes, and Swift needs them (${reason}).`,
    'Choose a folder on ext4, xfs or btrfs with --folder.',
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
