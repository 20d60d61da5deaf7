// `npm test`: installs what is missing, then format, types, lint, and all tests, those on real clusters included.
// Arguments go to vitest (`npm test -- test/functional/ring.test.ts`); with arguments only those tests run.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { endWithNpm } from './end-with-npm.mjs';
import { prepare } from './prepare.mjs';

endWithNpm();
prepare();
const args = process.argv.slice(2);
process.exitCode = (await (args.length > 0 ? isWell('npx', ['vitest', 'run', ...args]) : testAll())) ? 0 : 1;

async function testAll() {
  // The build comes first: the examples are checked against the types that it publishes.
  if (!(await isWell('npm', ['run', '--silent', 'build']))) return false;
  const checks = ['check:format', 'check:types', 'check:lint'].map((check) => shown('npm', ['run', check]));
  if ((await Promise.all(checks)).some(({ status }) => status !== 0)) return false;
  // Clusters wait a good deal, so that there is time for the others meanwhile.
  const project = (name) => ['vitest', 'run', '--project', name];
  const runs = await Promise.all([
    shown('npx', project('unit')),
    shown('npx', project('clusters'), { isLive: true }),
  ]);
  const sums = runs.map(({ text }) => countsIn(text)).reduce((a, b) => a.map((count, i) => count + b[i]));
  console.log(`\n${sums[0]} passed, ${sums[1]} failed, ${sums[2]} skipped`);
  return runs.every(({ status }) => status === 0);
}

/** As test/support/count-reporter.ts writes them. */
function countsIn(text) {
  const last = [...text.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)].at(-1);
  return last === undefined ? [0, 0, 0] : last.slice(1).map(Number);
}

async function isWell(command, commandArgs) {
  console.log([command, ...commandArgs].join(' '));
  const child = start(command, commandArgs, 'inherit');
  const [status] = await once(child, 'close');
  return status === 0;
}

/** What it says comes in one piece when it has ended, or at once: of several that run together, one may be live. */
async function shown(command, commandArgs, { isLive = false } = {}) {
  const child = start(command, commandArgs, ['inherit', 'pipe', 'pipe']);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part) => {
      text += part;
      if (isLive) process.stdout.write(part);
    });
  }
  const [status] = await once(child, 'close');
  console.log(`\n${[command, ...commandArgs].join(' ')}${isLive ? ' has ended' : `\n${text}`}`);
  return { status, text };
}

function start(command, commandArgs, stdio) {
  const child = spawn(command, commandArgs, { stdio });
  const stop = () => child.kill();
  process.once('SIGTERM', stop);
  child.once('close', () => process.off('SIGTERM', stop));
  return child;
}
