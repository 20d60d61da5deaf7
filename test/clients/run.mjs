// `npm run test:clients`: rclone and s3cmd, where they are installed (Debian's rclone, s3cmd), do a round trip through a gateway.
// Not a part of `npm test`. Exit 1 when one of them fails.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, isStale } from '../../scripts/build-if-stale.mjs';
import { endWithNpm } from '../../scripts/end-with-npm.mjs';
import { fail, prepare, ROOT } from '../../scripts/prepare.mjs';

const FOLDER = join(ROOT, '.local', 'clients');
const SIZES = [0, 1, 70_000, 12_000_000];

endWithNpm();
prepare();
if (isStale() && !build()) fail('The build failed.');
const { LocalRealm } = await import('../../dist/local/realm.js');
const { SWIFT_PIPELINE } = await import('../../dist/local/swift-conf.js');
process.exitCode = await main();

async function main() {
  rmSync(FOLDER, { recursive: true, force: true });
  const files = writeFiles(join(FOLDER, 'files'));
  const realm = await LocalRealm.start({
    folder: join(FOLDER, 'clusters'),
    pipeline: SWIFT_PIPELINE.replace(' tempauth', ' s3api tempauth'),
    firstPort: 28_000,
  });
  let failures = 0;
  try {
    const url = realm.cluster('one').gatewayUrl;
    for (const [name, check] of Object.entries({ rclone: checkRclone, s3cmd: checkS3cmd })) {
      if ((await run(name, ['--version'])).status !== 0) {
        console.log(`${name}: not installed, left out`);
        continue;
      }
      const problem = await check(url, files);
      console.log(problem === undefined ? `${name}: works` : `${name}: FAILS\n${problem}`);
      if (problem !== undefined) failures += 1;
    }
  } finally {
    await realm.stop();
  }
  return failures === 0 ? 0 : 1;
}

/** Several sizes, odd names. */
function writeFiles(folder) {
  mkdirSync(join(folder, 'deep'), { recursive: true });
  SIZES.forEach((size, i) =>
    writeFileSync(join(folder, i % 2 ? 'deep' : '', `ü ${i}+&.bin`), randomBytes(size)),
  );
  return folder;
}

/** By Swift's own API, large files in segments. */
async function checkRclone(url, files) {
  const env = {
    RCLONE_CONFIG_GW_TYPE: 'swift',
    RCLONE_CONFIG_GW_USER: 'test:tester',
    RCLONE_CONFIG_GW_KEY: 'testing',
    RCLONE_CONFIG_GW_AUTH: `${url}/auth/v1.0`,
    RCLONE_CONFIG_GW_AUTH_VERSION: '1',
    RCLONE_CONFIG_GW_CHUNK_SIZE: '5M',
  };
  const back = join(FOLDER, 'rclone-back');
  const steps = [
    ['sync', files, 'gw:rclone/tree'],
    ['check', '--download', files, 'gw:rclone/tree'],
    ['copy', 'gw:rclone/tree', back],
    ['copyto', 'gw:rclone/tree/ü 0+&.bin', 'gw:rclone/copied'],
    ['purge', 'gw:rclone'],
  ];
  return (await runSteps('rclone', steps, env)) ?? whatDiffers(files, back);
}

/** By the S3 API: Swift's s3api, whose signatures cover host and path. */
async function checkS3cmd(url, files) {
  const host = new URL(url).host;
  const config = join(FOLDER, 's3cfg');
  const back = join(FOLDER, 's3cmd-back');
  mkdirSync(back, { recursive: true });
  const settings = {
    access_key: 'test:tester',
    secret_key: 'testing',
    host_base: host,
    host_bucket: host,
    use_https: 'False',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  writeFileSync(config, `[default]\n${lines.join('\n')}\n`);
  const steps = [
    ['mb', 's3://s3cmd-bucket'],
    ['sync', `${files}/`, 's3://s3cmd-bucket/tree/', '--multipart-chunk-size-mb=5'],
    ['ls', '-r', 's3://s3cmd-bucket'],
    ['sync', 's3://s3cmd-bucket/tree/', `${back}/`],
    ['rb', '--recursive', '--force', 's3://s3cmd-bucket'],
  ];
  return (
    (await runSteps(
      's3cmd',
      steps.map((step) => ['-c', config, '--no-progress', ...step]),
    )) ?? whatDiffers(files, back)
  );
}

async function runSteps(program, steps, env = {}) {
  for (const step of steps) {
    const { status, output } = await run(program, step, env);
    if (status !== 0) return `${program} ${step.join(' ')}: exit ${status}\n${output}`;
  }
  return undefined;
}

function whatDiffers(folder, other) {
  const [a, b] = [sumsOf(folder), sumsOf(other)];
  return a === b ? undefined : `what came back is not what was sent:\n${a}\n--\n${b}`;
}

function sumsOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .map(
      (file) => `${createHash('md5').update(readFileSync(file)).digest('hex')} ${file.slice(folder.length)}`,
    )
    .sort()
    .join('\n');
}

async function run(program, args, env = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const status = await Promise.race([
    once(child, 'close').then(([code]) => code),
    once(child, 'error').then(() => 127),
  ]);
  return { status, output };
}
