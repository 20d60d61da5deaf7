// `autosync daemon CONF`: brings all clusters to agreement, for ever; or one pass of it, or its plan.
import { Command } from 'commander';
import { Daemon } from '../daemon/daemon.js';
import type { PassCount, PassReport } from '../daemon/report.js';
import { renderReport } from './pass-report.js';
import { DEFAULT_CONF, openLog, openSite, quietLog, readConfig, stopSignal } from './running.js';

interface DaemonCommandOptions {
  readonly once?: true;
  readonly dryRun?: true;
  readonly account?: string;
  readonly json?: true;
}

const EXIT_FOUND = 1;

/** Exit 0; with `--once` or `--dry-run` 1 when something was found that is not mended. */
export const daemonCommand = new Command('daemon')
  .description(
    'bring all clusters to agreement: what peers did not take, and an audit of everything recorded',
  )
  .argument('[conf]', 'configuration file', DEFAULT_CONF)
  .option('--once', 'one whole pass, in which every container is looked at, then end')
  .option('--dry-run', 'only say what a pass would do')
  .option('--account <account>', 'audit only that account; with --once or --dry-run')
  .option('--json', 'print the report of --once or --dry-run as one JSON document')
  .action(async (file: string, options: DaemonCommandOptions) => {
    const config = readConfig(file);
    const isPass = options.once === true || options.dryRun === true;
    const open = openSite(config, isPass ? quietLog() : openLog(config));
    const daemon = new Daemon(open.site, config.daemon);
    try {
      if (isPass) {
        const report = await daemon.once({
          isDryRun: options.dryRun === true,
          ...(options.account === undefined ? {} : { account: options.account }),
          ...showProgress(options),
        });
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

/** On a terminal: how far the pass is, and how fast. */
function showProgress({ json }: DaemonCommandOptions): { onProgress?: (count: PassCount) => void } {
  if (json === true || !process.stderr.isTTY) return {};
  const began = performance.now();
  const onProgress = (count: PassCount): void => {
    const { containers, looked } = count;
    const rate = Math.round(containers / ((performance.now() - began) / 1000));
    process.stderr.write(
      `\r${containers} containers (${rate}/s), ${looked} looked at, ${count.of('mended')} mended `,
    );
  };
  return { onProgress };
}
