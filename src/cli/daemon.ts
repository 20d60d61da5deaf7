// `autosync daemon CONF`: brings all clusters to agreement, for ever; or one pass of it, or its plan.
import { setFlagsFromString } from 'node:v8';
import { Command } from 'commander';
import { shareProblem } from '../config/daemon.js';
import { Daemon } from '../daemon/daemon.js';
import { Pace } from '../daemon/pace.js';
import { PassCount, type PassReport } from '../daemon/report.js';
import { throttle } from '../daemon/throttle.js';
import { renderReport } from './pass-report.js';
import { duration } from './words.js';
import { DEFAULT_CONF, openLog, openSite, quietLog, readConfig, stopSignal } from './running.js';
import { wholeNumber } from './arguments.js';

interface DaemonCommandOptions {
  readonly once?: true;
  readonly dryRun?: true;
  readonly account?: string;
  readonly processes?: number;
  readonly process?: number;
  readonly json?: true;
}

const EXIT_FOUND = 1;
/** The memory for what is young stays at a MB or two: left alone, V8 lets it grow by 32 MB for the rows of listings, and is no faster for it. */
const KEEPS_YOUNG_SPACE_SMALL = '--semi-space-growth-factor=1';

/** Exit 0; with `--once` or `--dry-run` 1 when something was found that is not mended. */
export const daemonCommand = new Command('daemon')
  .description(
    'bring all clusters to agreement: what peers did not take, and an audit of everything recorded',
  )
  .argument('[conf]', 'configuration file', DEFAULT_CONF)
  .option('--once', 'one whole pass, in which every container is looked at, then end')
  .option('--dry-run', 'only say what a pass would do')
  .option('--account <account>', 'audit only that account; with --once or --dry-run')
  .option('--processes <n>', 'so many daemons share the work; in place of processes in [daemon]', wholeNumber)
  .option('--process <n>', 'which of them this is, from 0; in place of process in [daemon]', wholeNumber)
  .option('--json', 'print the report of --once or --dry-run as one JSON document')
  .action(async (file: string, options: DaemonCommandOptions, command: Command) => {
    setFlagsFromString(KEEPS_YOUNG_SPACE_SMALL);
    const config = readConfig(file);
    const { processes = config.daemon.processes, process: mine = config.daemon.process } = options;
    const share = { processes, process: mine };
    const problem = shareProblem(share);
    if (problem !== undefined) command.error(`error: ${problem.wrong} ${problem.fix}`);
    const isPass = options.once === true || options.dryRun === true;
    const open = openSite(config, isPass ? quietLog() : openLog(config), () =>
      throttle(new Pace(config.daemon.requestsPerSecond)),
    );
    const daemon = new Daemon(open.site, { ...config.daemon, ...share });
    try {
      if (isPass) {
        const count = new PassCount();
        const { account } = options;
        const stop = showProgress(count, account === undefined ? await daemon.lastCount() : undefined);
        const report = await daemon
          .once({ isDryRun: options.dryRun === true, count, ...(account === undefined ? {} : { account }) })
          .finally(stop);
        console.log(options.json === true ? JSON.stringify(report, null, 2) : renderReport(report));
        if (isWrong(report)) process.exitCode = EXIT_FOUND;
      } else {
        await runUntilStopped(daemon);
      }
    } finally {
      open.close();
    }
  });

async function runUntilStopped(daemon: Daemon): Promise<void> {
  const stop = new AbortController();
  void stopSignal().then(() => stop.abort());
  await daemon.run(stop.signal);
}

function isWrong({ unmended, unreachable, brokenOff, isDryRun, mended }: PassReport): boolean {
  return unmended > 0 || unreachable.length > 0 || brokenOff !== undefined || (isDryRun && mended > 0);
}

/** On a terminal: how far the pass is, how fast, and how long it will take; until the function that comes back is called. */
function showProgress(count: PassCount, expected: number | undefined): () => void {
  if (!process.stderr.isTTY) return () => undefined;
  const began = performance.now();
  const timer = setInterval(() => {
    const { containers, looked } = count;
    const rate = containers / ((performance.now() - began) / 1000);
    const left =
      expected === undefined || rate === 0
        ? ''
        : `, ${duration(Math.max(0, expected - containers) / rate)} left`;
    const text = `${containers} containers (${Math.round(rate)}/s${left}), ${looked} looked at, ${count.of('mended')} mended`;
    process.stderr.write(`\r${text} \x1b[K`);
  }, 1_000);
  return () => {
    clearInterval(timer);
    process.stderr.write('\r\x1b[K');
  };
}
