// `npm run test:simulation [-- --runs N --seed S]`: more histories than `npm test` plays, other ones each time; says how fast.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
  },
});
const runs = Number(values.runs);
const seed = Number(values.seed);
if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed)) {
  console.error('usage: npm run test:simulation -- [--runs N] [--seed S]');
  process.exit(2);
}
console.log(`${runs} histories, seed ${seed}`);
const began = performance.now();
const child = spawn('npx', ['vitest', 'run', '--project', 'unit', 'test/simulation/simulation.test.ts'], {
  stdio: 'inherit',
  env: { ...process.env, SIMULATION_RUNS: String(runs), SIMULATION_SEED: String(seed) },
});
const [status] = await once(child, 'close');
const seconds = (performance.now() - began) / 1000;
if (status === 0) console.log(`${Math.round(runs / seconds)} histories a second`);
else console.log(`the same again: npm run test:simulation -- --runs ${runs} --seed ${seed}`);
process.exitCode = status === 0 ? 0 : 1;
