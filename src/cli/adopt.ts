// `autosync adopt ACCOUNT`: takes containers from before autosync over, after a look at what that means.
import { Command } from 'commander';
import { adoptAccount, planAdoption } from '../daemon/adopt.js';
import { expectNotPaused } from '../daemon/pause.js';
import type { PassReport } from '../daemon/report.js';
import { renderReport } from './pass-report.js';
import { DEFAULT_CONF, openSite, quietLog, readConfig, type OpenSite } from './running.js';

interface AdoptOptions {
  readonly conf: string;
  readonly dryRun?: true;
  readonly json?: true;
}

const EXIT_FOUND = 1;

/** Exit 0 taken over (or nothing to do), 1 something could not be (with --dry-run: is to do), 2 not among `accounts`, 3 could not. */
export const adoptCommand = new Command('adopt')
  .description(
    "take an account's containers from before autosync over: made on all clusters of their placement",
  )
  .argument('<account>', 'such as AUTH_alice; it has to match [filter:autosync] accounts')
  .option('--conf <file>', 'configuration file', DEFAULT_CONF)
  .option('--dry-run', 'only say what would be done')
  .option('--json', 'print one JSON document')
  .action(async (account: string, { conf, dryRun, json }: AdoptOptions) => {
    const open = openSite(readConfig(conf), quietLog());
    try {
      const report =
        dryRun === true ? await planAdoption(open.site, account) : await adoptUnlessPaused(open, account);
      console.log(json === true ? JSON.stringify(report, null, 2) : renderReport(report));
      const isToDo = dryRun === true && report.mended > 0;
      if (report.unmended > 0 || report.brokenOff !== undefined || isToDo) process.exitCode = EXIT_FOUND;
    } finally {
      open.close();
    }
  });

async function adoptUnlessPaused({ site, records }: OpenSite, account: string): Promise<PassReport> {
  await expectNotPaused(records);
  return adoptAccount(site, records, account);
}
