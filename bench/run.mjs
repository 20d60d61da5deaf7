// `npm run bench:gateway`, `bench:audit`, `bench:copy`, `bench:verify`, `bench:namespace`: installs what is missing, builds what is stale, runs the benchmarks. Plain Node, no dependency.
import { endWithNpm } from '../scripts/end-with-npm.mjs';
import { fail, prepare } from '../scripts/prepare.mjs';
import { installPrograms } from '../scripts/install-programs.mjs';

const [suite, ...args] = process.argv.slice(2);

endWithNpm();
prepare();
if (suite === 'gateway')
  installPrograms([
    ['wrk', 'wrk'],
    ['haproxy', 'haproxy', 'haproxy'],
    ['nginx-light', 'nginx', 'nginx'],
  ]);
if (suite === 'verify') installPrograms([['rclone', 'rclone']]);
const { build, isStale } = await import('../scripts/build-if-stale.mjs');
if (isStale() && !build()) fail('The build failed; see above.');
await import('./typescript-loader.mjs');
const { main } = await import(`./${suite}.ts`);
await main(args);
