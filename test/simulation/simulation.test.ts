// Random histories of the real code on model clusters: whatever happened, all clusters agree in the end, and on the right thing.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { histories, readable, type History, type Weather } from './history.js';
import { simulate } from './simulation.js';

const RUNS = Number(process.env['SIMULATION_RUNS'] ?? 2_000);
const SEED = Number(process.env['SIMULATION_SEED'] ?? 1);
const TRACE_LINES = Number(process.env['SIMULATION_TRACE'] ?? 400);

async function play(history: History): Promise<void> {
  if ((await simulate(history)).wrong.length === 0) return;
  const { wrong, trace } = await simulate(history, { isTraced: true });
  const lines = trace.slice(-TRACE_LINES).join('\n');
  throw new Error(`${wrong.join('\n')}\n\n${readable(history)}\n\n${lines}`);
}

const WEATHERS: readonly (readonly [promise: string, share: number, weather: Weather])[] = [
  ['when nothing fails', 0.1, {}],
  ['when requests come thick and fast', 0.1, { crowd: true }],
  ['through cuts, lost and doubled messages, deaths and trouble with Swift', 0.3, { faults: true }],
  ['with wrong clocks as well', 0.25, { faults: true, clocks: true }],
  ['with changes past the gateways as well', 0.15, { faults: true, direct: true }],
  ['with clusters wiped as well', 0.1, { faults: true, wipe: true }],
];

for (const [promise, share, weather] of WEATHERS) {
  it(`all clusters agree in the end, and nothing acknowledged is lost, ${promise}`, async () => {
    const numRuns = Math.ceil(RUNS * share);
    const property = fc.asyncProperty(histories(weather), play);
    const result = await fc.check(property, { numRuns, seed: SEED });
    expect(result.failed, (result.errorInstance as Error | null)?.message).toBe(false);
  }, 3_600_000);
}
