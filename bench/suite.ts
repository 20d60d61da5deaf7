// Runs the parts of a benchmark one after the other, within a time limit; prints and writes what they find. Measures nothing itself.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Argument, Command } from 'commander';
import { LocalError } from '../src/local/local-error.js';
import type { Bench } from './bench.js';
import { writeSections } from './document.js';
import { describeMachine, machineLine } from './machine.js';
import { renderMarkdown, renderText, type PartReport } from './report.js';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const DOCUMENT = join(ROOT, 'docs', 'benchmarks.md');
const EXIT_FOUND = 1;
const EXIT_COULD_NOT = 3;
const EXIT_INTERRUPTED = 130;
export interface Part {
  readonly run: (bench: Bench) => Promise<PartReport>;
  /** How much of the time it gets, as against the others. */
  readonly share: number;
}

/** One command. */
export interface Suite {
  /** As `gateway` in `npm run bench:gateway`. */
  readonly name: string;
  readonly description: string;
  readonly parts: Readonly<Record<string, Part>>;
  /** For all parts together: when it is over, no further round begins. */
  readonly limitMs: number;
  /** What takes longer hangs. */
  readonly hardLimitMs: number;
}

interface Options {
  readonly quick?: true;
  readonly json?: true;
  readonly write?: true;
  readonly folder: string;
}

/** Sets the exit code: 0 measured, 1 requests failed, 3 could not. Timings never matter for it. */
export async function runSuite(suite: Suite, args: readonly string[]): Promise<void> {
  const names = Object.keys(suite.parts);
  const program = new Command(`npm run bench:${suite.name} --`)
    .description(suite.description)
    .addArgument(new Argument('[parts...]', 'what to measure: all, or some of').choices(names))
    .option('--quick', 'in less time, rougher')
    .option('--json', 'print one JSON document')
    .option('--write', 'put the tables into docs/benchmarks.md')
    .option('--folder <folder>', 'where clusters and files are kept meanwhile', join(ROOT, '.local'))
    .action((chosen: string[], options: Options) => run(suite, chosen, options));
  await program.parseAsync(args, { from: 'user' });
  process.exit();
}

async function run(suite: Suite, chosen: readonly string[], options: Options): Promise<void> {
  const machine = describeMachine();
  const folder = claimFolder(resolve(options.folder));
  endWith(folder, suite.hardLimitMs);
  const all = Object.keys(suite.parts);
  const names = chosen.length === 0 ? all : [...new Set(chosen)];
  const reports: PartReport[] = [];
  try {
    const end = performance.now() + (suite.limitMs * shareOf(suite, names)) / shareOf(suite, all);
    for (const [index, name] of names.entries()) {
      const now = performance.now();
      const left = shareOf(suite, names.slice(index));
      const deadline = now + ((end - now) * shareOf(suite, [name])) / left;
      reports.push(await runPart(suite, name, { folder: join(folder, name), deadline, options }));
    }
  } catch (error) {
    if (!(error instanceof LocalError)) throw error;
    console.error(error.message);
    process.exitCode = EXIT_COULD_NOT;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const ranOn = machineLine(machine, options.quick === true);
  if (options.json === true) console.log(JSON.stringify({ machine, reports }, null, 2));
  else console.log(`\n${ranOn}`);
  if (options.write === true && process.exitCode === undefined) {
    const sections = reports.map((report) => [report.part, `${ranOn}\n\n${renderMarkdown(report)}`] as const);
    await writeSections(DOCUMENT, Object.fromEntries(sections));
  }
  if (reports.some(({ failures }) => failures.length > 0)) process.exitCode ??= EXIT_FOUND;
}

function shareOf({ parts }: Suite, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + (parts[name]?.share ?? 0), 0);
}

async function runPart(
  { parts }: Suite,
  name: string,
  { folder, deadline, options }: { folder: string; deadline: number; options: Options },
): Promise<PartReport> {
  const part = parts[name];
  if (part === undefined) throw new LocalError(`There is no part ${name}.`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const report = await part.run({
    isQuick: options.quick === true,
    folder,
    deadline,
    say: (what) => console.error(`${name}: ${what} …`),
  });
  if (options.json !== true) console.log(`\n${renderText(report)}\n\n  (${Math.round(report.seconds)} s)\n`);
  return report;
}

/** Ctrl-C, a closed terminal, and a run that hangs: the servers end with this process, the folder is removed here. */
function endWith(folder: string, hardLimitMs: number): void {
  const end = (code: number) => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    process.exit(code);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => end(EXIT_INTERRUPTED));
  setTimeout(() => {
    console.error(`The benchmarks took longer than ${hardLimitMs / 60_000} minutes and were ended.`);
    end(EXIT_COULD_NOT);
  }, hardLimitMs).unref();
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
