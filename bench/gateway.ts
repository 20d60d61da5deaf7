// `npm run bench:gateway`: the parts of the benchmark one after the other, within a time limit; prints and writes what they find.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
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
const EXIT_INTERRUPTED = 130;
/** For all parts together: when it is over, no further round begins. */
const LIMIT_MS = 570_000;
/** Something hangs. */
const HARD_LIMIT_MS = 720_000;

interface Part {
  readonly run: (bench: Bench) => Promise<PartReport>;
  /** How much of the time it gets, as against the others. */
  readonly share: number;
}

const PARTS: Readonly<Record<string, Part>> = {
  swift: { run: benchSwift, share: 310 },
  static: { run: benchStatic, share: 120 },
  containers: { run: benchContainers, share: 90 },
  slow: { run: benchSlow, share: 75 },
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
    .option('--quick', 'two to three minutes, rougher')
    .option('--json', 'print one JSON document')
    .option('--write', 'put the tables into docs/benchmarks.md')
    .option('--folder <folder>', 'where clusters and files are kept meanwhile', join(ROOT, '.local'))
    .action(run);
  await program.parseAsync(args, { from: 'user' });
  process.exit();
}

async function run(chosen: readonly string[], options: Options): Promise<void> {
  const machine = describeMachine();
  const folder = claimFolder(resolve(options.folder));
  endWith(folder);
  const names = chosen.length === 0 ? Object.keys(PARTS) : [...new Set(chosen)];
  const reports: PartReport[] = [];
  try {
    const end = performance.now() + (LIMIT_MS * shareOf(names)) / shareOf(Object.keys(PARTS));
    for (const [index, name] of names.entries()) {
      const now = performance.now();
      const deadline = now + ((end - now) * shareOf([name])) / shareOf(names.slice(index));
      reports.push(await runPart(name, join(folder, name), deadline, options));
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

function shareOf(names: readonly string[]): number {
  return names.reduce((sum, name) => sum + (PARTS[name]?.share ?? 0), 0);
}

async function runPart(
  name: string,
  folder: string,
  deadline: number,
  options: Options,
): Promise<PartReport> {
  const part = PARTS[name];
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
function endWith(folder: string): void {
  const end = (code: number) => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    process.exit(code);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => end(EXIT_INTERRUPTED));
  setTimeout(() => {
    console.error(`The benchmarks took longer than ${HARD_LIMIT_MS / 60_000} minutes and were ended.`);
    end(EXIT_COULD_NOT);
  }, HARD_LIMIT_MS).unref();
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
