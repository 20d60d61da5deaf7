// `npm test`: installs what is missing, then format, types, lint, and all tests, those on real clusters included.
// Arguments go to vitest (`npm test -- test/functional/ring.test.ts`); with arguments only those tests run.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { endWithNpm } from './end-with-npm.mjs';
import { prepare } from './prepare.mjs';

endWithNpm();
prepare();
const args = process.argv.slice(2);
// The build comes first: the examples are checked against the types that it publishes.
const checks = args.length > 0 ? [] : ['build', 'check:format', 'check:types', 'check:lint'];
for (const check of checks) {
  console.log(`npm run ${check}`);
  if (await fails('npm', ['run', '--silent', check])) process.exit(1);
}
process.exitCode = (await fails('npx', ['vitest', 'run', ...args])) ? 1 : 0;

async function fails(command, commandArgs) {
  const child = spawn(command, commandArgs, { stdio: 'inherit' });
  const stop = () => child.kill();
  process.once('SIGTERM', stop);
  const [status] = await once(child, 'close');
  process.off('SIGTERM', stop);
  return status !== 0;
}
