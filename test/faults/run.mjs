// `npm run test:faults`: faults on real clusters, the better part of an hour. With `-- --write` the tables go into docs/faults.md, those of
// the files that ran; other arguments go to vitest.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { endWithNpm } from '../../scripts/end-with-npm.mjs';
import { installPrograms } from '../../scripts/install-programs.mjs';
import { prepare } from '../../scripts/prepare.mjs';

endWithNpm();
prepare();
installPrograms([
  ['rclone', 'rclone'],
  ['faketime', 'faketime'],
]);
const args = process.argv.slice(2);
const isWriting = args.includes('--write');
const rest = args.filter((each) => each !== '--write');
const child = spawn('npx', ['vitest', 'run', '--config', 'test/faults/vitest.config.ts', ...rest], {
  stdio: 'inherit',
  env: { ...process.env, ...(isWriting && { AUTOSYNC_FAULTS_WRITE: '1' }) },
});
const [status] = await once(child, 'close');
process.exitCode = status === 0 ? 0 : 1;
