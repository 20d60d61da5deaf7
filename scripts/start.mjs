// `npm start`: installs what is missing, builds what is stale, runs `autosync start`. Plain Node, no dependency.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { endWithNpm } from './end-with-npm.mjs';
import { fail, prepare, ROOT } from './prepare.mjs';

endWithNpm();
prepare();
await buildWhenStale();
const { main } = await import(pathToFileURL(join(ROOT, 'dist', 'cli', 'main.js')).href);
process.exitCode = await main(['start', ...process.argv.slice(2)]);

async function buildWhenStale() {
  const { build, isStale } = await import('./build-if-stale.mjs');
  if (!isStale()) return;
  console.log('Building …');
  if (!build()) fail('The build failed; see above.');
}
