// `npm run bench:gateway`: the parts of the benchmark one after the other, within a time limit; prints and writes what they find.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Argument, Command } from 'commander';
import { LocalError } from '../src/local/local-error.js';
import type { Bench } from './bench.js';
import { writeSections } from './document.js';
import { describeMachine, machineLine } from './machine.js';
import { benchContainers } from './parts/containers.js';
import { benchSlow } from './parts/slow.js';
import { benchStatic } from './parts/static.js';
import { benchSwift } from './parts/swift.js';
import { renderMarkdown, renderText, type PartReport } from './report.js';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const DOCUMENT = join(ROOT, 'docs', 'benchmarks.md');
const EXIT_FOUND = 1;
const EXIT_COULD_NOT = 3;
const LIMIT_MS = 600_000;

interface Part {
  readonly run: (bench: Bench) => Promise<PartReport>;
  /** Its share of the time limit; when that is over, no further round begins. */
  readonly limitMs: number;
}

const PARTS: Readonly<Record<string, Part>> = {
  swift: { run: benchSwift, limitMs: 310_000 },
  static: { run: benchStatic, limitMs: 120_000 },
  containers: { run: benchContainers, limitMs: 90_000 },
  slow: { run: benchSlow, limitMs: 75_000 },
};

interface Options {
  readonly quick?: true;
  readonly json?: true;
  readonly write?: true;
  readonly folder: string;
}

/** Sets the exit code: 0 measured, 1 requests failed, 3 could not. Timings never matter for it. */
export async function main(args: readonly string[]): Promise<void> {
  const program = new Command('npm run bench:gateway --')
    .description('Measures the gateway beside HAProxy, nginx and Swift itself.')
    .addArgument(new Argument('[parts...]', 'what to measure: all, or some of').choices(Object.keys(PARTS)))
    .option('--quick', 'about two minutes, rougher')
    .option('--json', 'print one JSON document')
    .option('--write', 'put the tables into docs/benchmarks.md')
    .option('--folder <folder>', 'where clusters and files are kept meanwhile', join(ROOT, '.local'))
    .action(run);
  await program.parseAsync(args, { from: 'user' });
  process.exit();
}

async function run(names: readonly string[], options: Options): Promise<void> {
  const machine = describeMachine();
  const folder = claimFolder(options.folder);
  const timer = setTimeout(() => giveUp(folder), LIMIT_MS + 60_000);
  const reports: PartReport[] = [];
  try {
    for (const name of names.length === 0 ? Object.keys(PARTS) : names) {
      reports.push(await runPart(name, join(folder, name), options));
    }
  } catch (error) {
    if (!(error instanceof LocalError)) throw error;
    console.error(error.message);
    process.exitCode = EXIT_COULD_NOT;
  } finally {
    clearTimeout(timer);
    rmSync(folder, { recursive: true, force: true });
  }
  if (options.json === true) console.log(JSON.stringify({ machine, reports }, null, 2));
  else console.log(`\n${machineLine(machine)}`);
  if (options.write === true && process.exitCode === undefined) {
    const sections = reports.map((report) => [
      report.part,
      `${machineLine(machine)}\n\n${renderMarkdown(report)}`,
    ]);
    await writeSections(DOCUMENT, Object.fromEntries(sections) as Record<string, string>);
  }
  if (reports.some(({ failures }) => failures.length > 0)) process.exitCode ??= EXIT_FOUND;
}

async function runPart(name: string, folder: string, options: Options): Promise<PartReport> {
  const part = PARTS[name];
  if (part === undefined) throw new LocalError(`There is no part ${name}.`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const report = await part.run({
    isQuick: options.quick === true,
    folder,
    deadline: performance.now() + part.limitMs,
    say: (what) => console.error(`${name}: ${what} …`),
  });
  if (options.json !== true) console.log(`\n${renderText(report)}\n\n  (${Math.round(report.seconds)} s)\n`);
  return report;
}

/** A folder of this process; those that processes killed before left are removed. */
function claimFolder(parent: string): string {
  mkdirSync(parent, { recursive: true });
  for (const name of readdirSync(parent)) {
    const pid = /^bench-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(parent, name), { recursive: true, force: true });
  }
  return join(parent, `bench-${process.pid}`);
}

/** Something hangs: the servers end with this process. */
function giveUp(folder: string): void {
  console.error(`The benchmarks took longer than ${LIMIT_MS / 60_000} minutes and were ended.`);
  rmSync(folder, { recursive: true, force: true });
  process.exit(EXIT_COULD_NOT);
}
