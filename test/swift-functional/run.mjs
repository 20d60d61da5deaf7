// `npm run test:swift`: Swift's own functional tests on a real cluster, first past its gateway, then through it, with a second
// cluster that every change fans out to. Every test has to give the same both times. Arguments: parts of test names.
// Exit 0: no unexplained difference; 1: one or more; 3: could not run.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endWithNpm } from '../../scripts/end-with-npm.mjs';
import { fail, prepare, ROOT } from '../../scripts/prepare.mjs';
import { compare, counts, renderDifferences } from './compare.mjs';
import { EXPLAINED } from './explained.mjs';
import { swiftSuite } from './suite.mjs';

const PYTHON = '/usr/bin/python3';
const RUNNER = join(ROOT, 'test', 'swift-functional', 'runner.py');
const FOLDER = join(ROOT, '.local', 'swift-functional');
const FIRST_PORT = 30_000;

endWithNpm();
prepare();
await runIn(ROOT, process.execPath, ['scripts/build-if-stale.mjs']);
const { LocalRealm } = await import('../../dist/local/realm.js');
const wanted = process.argv.slice(2);
process.exitCode = await main().catch((error) => fail(`test:swift: ${error.message}`));

async function main() {
  const { folder, release } = swiftSuite(join(ROOT, '.local', 'swift-suite'));
  mkdirSync(FOLDER, { recursive: true });
  const realm = await startRealm();
  try {
    const cluster = realm.cluster('one');
    console.log(`Swift ${release}'s functional tests, directly at the proxy (${cluster.proxyUrl})`);
    const direct = await runSuite(folder, 'direct', cluster.proxyUrl, wanted);
    console.log(`The same through the gateway (${cluster.gatewayUrl}), two clusters`);
    const gateway = await runSuite(folder, 'gateway', cluster.gatewayUrl, wanted);
    const found = compare(direct, gateway, EXPLAINED);
    await repeat(folder, cluster, found);
    console.log(`\ndirectly:            ${counts(direct)}\nthrough the gateway: ${counts(gateway)}\n`);
    console.log(renderDifferences(found));
    return found.some(({ verdict }) => verdict === 'unexplained') ? 1 : 0;
  } finally {
    await realm.stop();
  }
}

async function startRealm() {
  const realm = await LocalRealm.start({
    folder: join(FOLDER, 'clusters'),
    clusters: 2,
    fresh: true,
    firstPort: FIRST_PORT,
    accounts: 'AUTH_test*, SERVICE_test*',
    // test_protected_container_sync sets a key of its own.
    gatewayConf: { 'filter:autosync': { user_sync: 'allow' } },
    onProgress: (message) => console.log(`${message} …`),
  });
  process.once('SIGTERM', () => void realm.stop().then(() => process.exit(130)));
  process.once('SIGINT', () => void realm.stop().then(() => process.exit(130)));
  return realm;
}

/** Tests that came out differently are run once more, both ways: what then is the same was chance, and is said to be. */
async function repeat(folder, cluster, found) {
  const doubtful = found.filter(({ verdict }) => verdict === 'unexplained');
  if (doubtful.length === 0) return;
  const ids = doubtful.map(({ id }) => id);
  console.log(`Once more, both ways: ${ids.length} tests that came out differently`);
  const direct = await runSuite(folder, 'direct-again', cluster.proxyUrl, ids);
  const gateway = await runSuite(folder, 'gateway-again', cluster.gatewayUrl, ids);
  const still = new Set(compare(direct, gateway, EXPLAINED).map(({ id }) => id));
  for (const difference of doubtful) if (!still.has(difference.id)) difference.verdict = 'not again';
}

/** Test id → { outcome, detail, seconds }. */
async function runSuite(folder, name, url, parts) {
  const conf = join(FOLDER, `${name}.conf`);
  const results = join(FOLDER, `${name}.jsonl`);
  writeFileSync(conf, testConf(url));
  const env = {
    ...process.env,
    SWIFT_TEST_CONFIG_FILE: conf,
    PYTHONWARNINGS: 'ignore',
    PYTHONDONTWRITEBYTECODE: '1',
  };
  await runIn(FOLDER, PYTHON, [RUNNER, folder, results, ...parts], env);
  const lines = readFileSync(results, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  if (lines.length === 0) throw new Error('no test has run');
  return new Map(lines.map((line) => JSON.parse(line)).map(({ id, ...result }) => [id, result]));
}

async function runIn(cwd, command, args, env = process.env) {
  const child = spawn(command, args, { cwd, env, stdio: 'inherit' });
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`${command} ended with ${status}`);
}

/** The suite's own configuration file; its users are those of src/local/users.ts. */
function testConf(url) {
  return `[func_test]
auth_uri = ${url}/auth/v1.0
account = test
username = tester
password = testing
account2 = test2
username2 = tester2
password2 = testing2
username3 = tester3
password3 = testing3
account5 = test5
username5 = tester5
password5 = testing5
service_prefix = SERVICE
account6 = test6
username6 = tester6
password6 = testing6
collate = C
insecure = no

[unit_test]
fake_syslog = False

[swift-constraints]
`;
}
