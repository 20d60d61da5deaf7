// Installs Debian packages that only longer proofs and benchmarks need. Plain Node, no dependency.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fail } from './prepare.mjs';

/**
 * Says what is missing and installs it; ends the process with a message where it cannot.
 *
 * @param packages of each its name, its program, and the service that Debian starts with it, if any
 */
export function installPrograms(packages) {
  const missing = packages.filter(([, program]) => !isThere(program));
  if (missing.length === 0) return;
  const names = missing.map(([name]) => name).join(' ');
  const byHand = `  apt-get update && apt-get install --no-install-recommends ${names}`;
  if (!isThere('apt-get')) fail(`This needs ${names}, and there is no apt-get to install them with.`);
  const isRoot = process.getuid() === 0;
  if (!isRoot && !isThere('sudo')) fail('This needs more programs. As root:', byHand);
  console.error(`Installing Debian packages: ${names} …`);
  const environment = ['env', 'DEBIAN_FRONTEND=noninteractive'];
  const options = ['-y', '-qq', '-o', 'Dpkg::Use-Pty=0', '--no-install-recommends'];
  const isDone =
    run(isRoot, [...environment, 'apt-get', 'update', '-qq']) &&
    run(isRoot, [...environment, 'apt-get', 'install', ...options, ...missing.map(([name]) => name)]);
  if (!isDone) fail('The packages could not be installed. As root:', byHand);
  if (existsSync('/run/systemd/system')) stopServices(isRoot, missing);
}

/** Debian starts a server with its package; nobody asked for that here. */
function stopServices(isRoot, packages) {
  const services = packages.map(([, , service]) => service).filter((service) => service !== undefined);
  if (services.length === 0) return;
  console.error(`Stopping the services that came with them: ${services.join(' ')}`);
  run(isRoot, ['systemctl', 'disable', '--now', ...services]);
}

function run(isRoot, command) {
  const [program, ...args] = isRoot ? command : ['sudo', ...command];
  return spawnSync(program, args, { stdio: ['inherit', 2, 2] }).status === 0;
}

function isThere(program) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/sbin', '/sbin'];
  return folders.some((folder) => existsSync(join(folder, program)));
}
