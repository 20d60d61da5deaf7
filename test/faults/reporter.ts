// Prints what the tests found as tables; with AUTOSYNC_FAULTS_WRITE=1, after a whole run, into docs/faults.md.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Reporter, TestModule } from 'vitest/node';
import { writeSections } from '../../bench/document.js';
import { describeMachine, machineLine, type Machine } from '../../bench/machine.js';
import { renderPipes } from '../../bench/report.js';

const DOCUMENT = join(fileURLToPath(new URL('../../', import.meta.url)), 'docs', 'faults.md');

const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  deaths: ['change', 'steps', 'of them writes', 'deaths', 'passes until equal', 'failures'],
  histories: [
    'what happened meanwhile',
    'requests',
    'answered',
    'containers',
    'passes until equal',
    'failures',
  ],
  links: [
    'from one to two',
    'object PUT p50 / max, ms',
    'object GET p50 / max, ms',
    'container POST p50 / max, ms',
  ],
  records: ['what', 'requests', 'deliveries', 'failures'],
};

export default class FaultsReporter implements Reporter {
  #machine: Machine | undefined;
  #began = 0;

  onTestRunStart(): void {
    this.#machine = describeMachine();
    this.#began = performance.now();
  }

  async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const notes = tests.flatMap((test) => test.meta().notes ?? []);
    const tables = Object.entries(COLUMNS).map(([name, columns]) => {
      const rows = notes.filter(({ table }) => table === name).map(({ row }) => row.map(String));
      return [name, renderPipes({ title: name, columns, rows })] as const;
    });
    for (const [, table] of tables) console.log(`\n${table}`);
    if (process.env['AUTOSYNC_FAULTS_WRITE'] !== '1' || this.#machine === undefined) return;
    const minutes = ((performance.now() - this.#began) / 60_000).toFixed(1);
    const failed = tests.filter((test) => test.result().state !== 'passed').map(({ fullName }) => fullName);
    const outcome = failed.length === 0 ? 'all kept' : `broken: ${failed.join('; ')}`;
    const run = `${machineLine(this.#machine, false)} ${tests.length} promises, ${outcome}; ${minutes} minutes.`;
    await writeSections(DOCUMENT, { run, ...Object.fromEntries(tables) });
  }
}
