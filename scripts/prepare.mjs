// What `npm start` and `npm test` need before anything of the project can run: the right Node, Linux, npm and Debian packages.
// Plain Node, no dependency.
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDebianPackages, missingDebianPackages, run } from './install.mjs';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const OLDEST_NODE = [20, 11];

/** Installs what is missing and goes to the repository's folder; ends the process with a message where it cannot. */
export function prepare() {
  process.chdir(ROOT);
  checkNode();
  checkPlatform();
  installNpmPackages();
  installDebianPackages(missingDebianPackages());
}

export function fail(...lines) {
  for (const line of lines) console.error(line);
  process.exit(3);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const isNewEnough = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  if (isNewEnough) return;
  fail(
    `Node ${process.versions.node} is too old: ${OLDEST_NODE.join('.')} or newer is needed (https://nodejs.org).`,
  );
}

function checkPlatform() {
  if (process.platform === 'linux') return;
  fail(
    `Real Swift clusters need Linux; this is ${process.platform}. With Docker they run here as well:`,
    '  docker build -t autosync .',
    '  docker run --rm -it -p 8081-8083:8081-8083 -p 8091-8093:8091-8093 autosync',
  );
}

/** `npm ci` when node_modules is not there, or older than package-lock.json. */
function installNpmPackages() {
  const installed = join(ROOT, 'node_modules', '.package-lock.json');
  const wanted = join(ROOT, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return;
  console.log('Installing npm packages (npm ci) …');
  if (!run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'])) {
    fail('npm ci failed; see above.');
  }
}
