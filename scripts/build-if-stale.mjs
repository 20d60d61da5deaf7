// Compiles src to dist when something in src is newer. Plain Node, so that it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Its time is that of the last build's begin. */
const STAMP = join(ROOT, 'dist', '.built');

/** Whether dist is older than any source, or is not there. */
export function isStale() {
  if (!existsSync(STAMP)) return true;
  const built = statSync(STAMP).mtimeMs;
  const inputs = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const own = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((name) => join(ROOT, name));
  return [...inputs, ...own].some((file) => statSync(file).mtimeMs > built);
}

/** Runs `npm run build`; says whether it succeeded. */
export function build() {
  const began = new Date();
  const result = spawnSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (!existsSync(join(ROOT, 'dist'))) return false;
  if (result.status !== 0) return false;
  writeFileSync(STAMP, '');
  utimesSync(STAMP, began, began);
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url) && isStale() && !build()) process.exitCode = 1;
