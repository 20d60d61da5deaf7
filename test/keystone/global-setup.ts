// Before the Keystone tests: Debian's packages are there, and the program is built. Starts nothing.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../../src/local/requirements.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PACKAGES = ['keystone', 'python3-keystonemiddleware'];

export default function setup(): void {
  if (findProgram('keystone-manage') === undefined) install();
  run(process.execPath, [join(ROOT, 'scripts/build-if-stale.mjs')]);
}

/** As root, or with sudo. Nothing is started by the packages. */
function install(): void {
  const apt = ['apt-get', 'install', '-y', '--no-install-recommends', ...PACKAGES];
  const command = process.getuid?.() === 0 ? apt : ['sudo', ...apt];
  console.log(`Keystone is missing. Installing it: ${command.join(' ')}`);
  run(command[0]!, command.slice(1));
}

function run(command: string, args: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status } = spawnSync(command, args, { stdio: 'inherit', env });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed.`);
}
