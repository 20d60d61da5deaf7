// Installs Debian packages for local clusters, with apt-get and, where needed, sudo. Plain Node, no dependency.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Package, and the program by which it is known to be there. */
const PACKAGES = [
  ['swift-proxy', 'swift-proxy-server'],
  ['swift-account', 'swift-account-server'],
  ['swift-container', 'swift-container-sync'],
  ['swift-object', 'swift-object-server'],
  ['memcached', 'memcached'],
  ['python3-swiftclient', 'swift'],
];

const APT_OPTIONS = ['-y', '-qq', '-o', 'Dpkg::Use-Pty=0', '--no-install-recommends'];

/** The packages whose programs are not there. */
export function missingDebianPackages() {
  return PACKAGES.filter(([, program]) => !isThere(program)).map(([name]) => name);
}

/** Says what it is about to do, and does it. Ends the process where it cannot. */
export function installDebianPackages(names) {
  if (names.length === 0) return;
  const command = `apt-get install --no-install-recommends ${names.join(' ')}`;
  if (!isThere('apt-get')) {
    fail(
      `OpenStack Swift is not installed (missing: ${names.join(' ')}), and there is no apt-get to install it with.`,
      'Install Swift and memcached your own way, or use Docker:',
      '  docker build -t autosync . && docker run --rm -it --network host autosync',
    );
  }
  const isRoot = process.getuid() === 0;
  if (!isRoot && !isThere('sudo')) fail('Packages are missing. As root:', `  apt-get update && ${command}`);
  console.log(`Installing Debian packages, about a minute: ${names.join(' ')} …`);
  if (!isRoot) console.log('(with sudo, which may ask for your password)');
  const isDone = apt(isRoot, ['update', '-qq']) && apt(isRoot, ['install', ...APT_OPTIONS, ...names]);
  if (!isDone) fail('The packages could not be installed. As root:', `  apt-get update && ${command}`);
}

/** Runs a program; what it says on stdout goes to stderr. Says whether it succeeded. */
export function run(command, args) {
  return spawnSync(command, args, { stdio: ['inherit', 2, 2] }).status === 0;
}

function apt(isRoot, args) {
  const command = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args];
  const [program, ...rest] = isRoot ? command : ['sudo', ...command];
  const { status, stdout, stderr } = spawnSync(program, rest, {
    stdio: ['inherit', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  if (status !== 0) console.error(`${stdout ?? ''}${stderr ?? ''}`.trimEnd());
  return status === 0;
}

function isThere(program) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/sbin', '/sbin'];
  return folders.some((folder) => existsSync(join(folder, program)));
}

function fail(...lines) {
  for (const line of lines) console.error(line);
  process.exit(3);
}
