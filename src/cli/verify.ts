// `autosync verify [ACCOUNT[/CONTAINER]]`: whether all clusters hold the same objects, and with --repair makes it so.
import { Command } from 'commander';
import { expectedObjects, verify, type Scope, type VerifyReport } from '../verify/verify.js';
import type { Finding } from '../verify/finding.js';
import { newCount, type RepairOptions } from '../verify/run.js';
import { parseAccountOrContainer, wholeNumber } from './arguments.js';
import { canAsk, isConfirmed } from './confirm.js';
import { startProgress } from './progress-line.js';
import { DEFAULT_CONF, openSite, patient, quietLog, readConfig } from './running.js';
import { renderFinding, renderVerified } from './verify-text.js';
import { plural } from './words.js';

interface VerifyCommandOptions {
  readonly conf: string;
  readonly deep?: true;
  readonly repair?: true;
  readonly dryRun?: true;
  readonly maxDelete: number;
  readonly force?: true;
  readonly grace: number;
  readonly yes?: true;
  readonly json?: true;
}

const EXIT_FOUND = 1;
const EXIT_COULD_NOT = 3;
const CONTAINERS_AT_ONCE = 4;

/** Exit 0 all equal, or so now; 1 something differs; 2 usage; 3 a cluster could not be asked. */
export const verifyCommand = new Command('verify')
  .description(
    'hold the objects of all clusters against each other; with --repair the newest goes everywhere',
  )
  .argument(
    '[account-or-container]',
    'ACCOUNT or ACCOUNT/CONTAINER; all accounts if not given',
    parseAccountOrContainer,
  )
  .option('--conf <file>', 'configuration file', DEFAULT_CONF)
  .option(
    '--deep',
    'ask for every object by name, with its metadata, and not only for those whose rows differ',
  )
  .option('--repair', 'copy what is missing or old, delete what was deleted elsewhere')
  .option('--dry-run', 'with --repair: only say what would be done')
  .option('--max-delete <n>', 'where more copies would be deleted, none is', wholeNumber, 100)
  .option('--force', 'delete, or take home, also what is older than reclaim_age')
  .option('--grace <seconds>', 'what is younger may be on its way, and is no difference', wholeNumber, 60)
  .option('--yes', 'do not ask before deletions')
  .option('--json', 'print JSON lines: one for each finding, and a summary at the end')
  .action(async (scope: Scope = {}, options: VerifyCommandOptions) => {
    const config = readConfig(options.conf);
    const open = openSite(patient(config), quietLog());
    try {
      const count = newCount();
      const progress = startProgress(options, count, () => expectedObjects(open.site, scope));
      const report = await verify(open.site, open.records, scope, {
        graceMs: options.grace * 1000,
        isDeep: options.deep === true,
        reclaimAgeMs: config.daemon.reclaimAgeMs,
        containersAtOnce: CONTAINERS_AT_ONCE,
        repair: options.repair === true ? repairOptions(options, () => progress.end()) : undefined,
        count,
        onFinding(finding) {
          progress.clear();
          print(finding, options);
        },
      }).finally(() => progress.end());
      console.log(options.json === true ? JSON.stringify({ summary: report }) : renderVerified(report));
      process.exitCode = exitCodeOf(report);
    } finally {
      open.close();
    }
  });

function exitCodeOf({ isEqual, outcomes }: VerifyReport): number {
  if (isEqual) return 0;
  const { repaired: _, ...wrong } = outcomes;
  return Object.keys(wrong).length > 0 ? EXIT_FOUND : EXIT_COULD_NOT;
}

function repairOptions(options: VerifyCommandOptions, beforeAsking: () => void): RepairOptions {
  const { dryRun, maxDelete, force, yes } = options;
  return {
    ...{ isDryRun: dryRun === true, maxDelete, isForced: force === true },
    async mayDelete(copies) {
      if (yes === true || !canAsk(options)) return yes === true;
      beforeAsking();
      return isConfirmed(
        `${plural(copies, 'copy', 'copies')} of what was deleted on another cluster are still there. Delete?`,
      );
    },
  };
}

function print(finding: Finding, { json }: VerifyCommandOptions): void {
  console.log(json === true ? JSON.stringify(finding) : renderFinding(finding));
}
