// How each role of a cluster is run: program, arguments, files. Starts nothing.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LocalError } from './local-error.js';
import {
  confFileOf,
  DAEMONS,
  foldersOf,
  LOOPBACK,
  type ClusterPlan,
  type ClusterSettings,
  type Role,
} from './plan.js';
import { findProgram } from './requirements.js';
import { SYSTEM_PYTHON } from './rings.js';
import type { ProcessSpec } from './server-process.js';

/** `bin/autosync` of this very project. */
export const AUTOSYNC = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'bin', 'autosync');

/** Where a role logs. */
export function logFileOf(plan: ClusterPlan, role: Role): string {
  return join(foldersOf(plan).logs, `${role}.log`);
}

/**
 * How to run a role in the foreground. `-v` makes Swift log to stderr as well.
 *
 * @param extra further arguments, as `once`
 * @throws LocalError when the program is not installed
 */
export function specOf(
  plan: ClusterPlan,
  settings: ClusterSettings,
  role: Role,
  ...extra: string[]
): ProcessSpec {
  const base = { title: `${plan.name}: ${role}`, logFile: logFileOf(plan, role) };
  if (role === 'memcached') {
    return { ...base, command: programPath('memcached'), args: memcachedArgs(plan, settings) };
  }
  const conf = join(foldersOf(plan).swiftDir, confFileOf(role));
  const env = settings.environment?.(role) ?? {};
  if (role === 'gateway')
    return { ...base, command: process.execPath, args: [AUTOSYNC, 'gateway', conf], env };
  if (role === 'autosync-daemon') {
    const once = extra.map((word) => `--${word}`);
    return { ...base, command: process.execPath, args: [AUTOSYNC, 'daemon', conf, ...once], env };
  }
  const isDaemon = (DAEMONS as readonly string[]).includes(role);
  const program = programPath(isDaemon ? `swift-${role}` : `swift-${role}-server`);
  const args = ['-c', WITH_ITS_SWIFT_CONF, foldersOf(plan).swiftDir, program, conf, ...extra, '-v'];
  return { ...base, command: SYSTEM_PYTHON, args, env: { ...env, PYTHONWARNINGS: 'ignore' } };
}

/**
 * Swift 2.30 takes rings and realms from `swift_dir`, but swift.conf (policies, limits, hash suffix) always from /etc/swift
 * (SWIFT_CONF_FILE in common/utils.py), unless it is told before anything else is imported.
 */
const WITH_ITS_SWIFT_CONF = `
import runpy, sys
from swift.common.utils import set_swift_dir
set_swift_dir(sys.argv[1])
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name='__main__')
`;

function memcachedArgs(plan: ClusterPlan, settings: ClusterSettings): string[] {
  const isRoot = process.getuid?.() === 0;
  const listen = ['-l', LOOPBACK, '-p', String(plan.ports.memcached), '-U', '0'];
  return [...listen, '-m', '32', '-t', '1', ...(isRoot ? ['-u', settings.user] : [])];
}

function programPath(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw new LocalError(`The program ${name} is not installed.`);
  return path;
}
