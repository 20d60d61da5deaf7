// Prints what the tests found as tables; with AUTOSYNC_FAULTS_WRITE=1 into docs/faults.md, for the files that ran.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { writeSections } from '../../bench/document.js';
import { describeMachine, machineLine, type Machine } from '../../bench/machine.js';
import { renderPipes } from '../../bench/report.js';

const DOCUMENT = join(fileURLToPath(new URL('../../', import.meta.url)), 'docs', 'faults.md');

const OBJECTS = ['what happened meanwhile', 'requests', 'changes told as done', 'objects', 'failures'];

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
  objects: OBJECTS,
  failover: OBJECTS,
  links: [
    'from one to two',
    'object PUT p50 / max, ms',
    'object GET p50 / max, ms',
    'container POST p50 / max, ms',
  ],
  records: ['what', 'requests', 'deliveries', 'failures'],
  clocks: ['the clocks of one cluster', 'changes', 'equal after they are right, s', 'failures'],
  mixed: ['deaths', 'changes', 'told as done', 'objects', 'failures'],
};

const FILES = ['file', 'promises', 'broken', 'minutes', 'on', 'autosync', 'load before'];

export default class FaultsReporter implements Reporter {
  #machine: Machine | undefined;

  onTestRunStart(): void {
    this.#machine = describeMachine();
  }

  async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    const notes = modules.flatMap((module) => testsOf(module).flatMap((test) => test.meta().notes ?? []));
    const tables = Object.entries(COLUMNS).flatMap(([name, columns]) => {
      const rows = notes.filter(({ table }) => table === name).map(({ row }) => row.map(String));
      return rows.length === 0 ? [] : [[name, renderPipes({ title: name, columns, rows })] as const];
    });
    for (const [, table] of tables) console.log(`\n${table}`);
    // Half a file says nothing of its promises.
    const areWhole = modules.every((module) =>
      testsOf(module).every((test) => test.result().state !== 'skipped'),
    );
    if (process.env['AUTOSYNC_FAULTS_WRITE'] !== '1' || this.#machine === undefined || !areWhole) return;
    await writeSections(DOCUMENT, { run: runOf(this.#machine, modules), ...Object.fromEntries(tables) });
  }
}

function testsOf(module: TestModule): TestCase[] {
  return [...module.children.allTests()];
}

/** The machine, and one row for each file; those that did not run now stay as the document has them. */
function runOf(machine: Machine, modules: readonly TestModule[]): string {
  const rows = new Map<string, readonly string[]>();
  for (const line of readFileSync(DOCUMENT, 'utf8').split('\n')) {
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (cells[0]?.endsWith('.test.ts') === true) rows.set(cells[0], cells);
  }
  for (const module of modules) {
    const tests = testsOf(module);
    const broken = tests.filter((test) => test.result().state !== 'passed').map(({ name }) => name);
    const minutes = (module.diagnostic().duration / 60_000).toFixed(1);
    const commit = machine.versions['autosync'] ?? '';
    const of = [String(tests.length), broken.join('; ') || 'none', minutes, machine.date, commit];
    const file = basename(module.moduleId);
    rows.set(file, [file, ...of, String(machine.loadBefore)]);
  }
  const sorted = [...rows.values()].sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  return `${machineLine(machine, false)}\n\n${renderPipes({ title: 'run', columns: FILES, rows: sorted })}`;
}
