// `autosync cluster rejoin NAME`: lets a fenced cluster in again, after a look at what that means.
import { Command, Option } from 'commander';
import { rejoin, type RejoinCount } from '../daemon/rejoin.js';
import { mayApply } from './confirm.js';
import { isUndecided, renderRejoin } from './rejoin-text.js';
import { DEFAULT_CONF, openSite, quietLog, readConfig } from './running.js';

interface RejoinCommandOptions {
  readonly conf: string;
  readonly objects?: 'keep' | 'drop';
  readonly dryRun?: true;
  readonly yes?: true;
  readonly json?: true;
}

const EXIT_FOUND = 1;
/** Objects named for each case, without --json. */
const SHOWN = 20;

/** Exit 0 let in, or not fenced; 1 not let in: with --dry-run, or something is to be decided first; 2 no such cluster, or no --yes; 3 could not. */
const rejoinCommand = new Command('rejoin')
  .description('let a cluster in again that is fenced: shows what differs, object by object, then applies it')
  .argument('<name>', 'the cluster')
  .option('--conf <file>', 'configuration file', DEFAULT_CONF)
  .option('--dry-run', 'only say what would be done')
  .addOption(
    new Option(
      '--objects <keep-or-drop>',
      'what becomes of objects only on it that may have been deleted elsewhere meanwhile',
    ).choices(['keep', 'drop']),
  )
  .option('--yes', 'do not ask')
  .option('--json', 'print one JSON document, with the names of all objects')
  .action(async (name: string, options: RejoinCommandOptions, command: Command) => {
    const { conf, json, objects } = options;
    const open = openSite(readConfig(conf), quietLog());
    const look = { maxNames: json === true ? Infinity : SHOWN, ...showProgress(json) };
    const print = (report: object, text: string): void =>
      console.log(json === true ? JSON.stringify(report, null, 2) : text);
    try {
      const plan = await rejoin(open.site, open.records, name, { ...look, apply: undefined });
      const isOpen =
        plan.isFenced && options.dryRun !== true && !(isUndecided(plan) && objects === undefined);
      if (!isOpen || options.yes !== true) print(plan, renderRejoin(plan));
      if (!isOpen || !(await mayApply(options, command))) {
        if (plan.isFenced) process.exitCode = EXIT_FOUND;
        return;
      }
      const apply = { ambiguous: objects ?? 'keep' };
      const done = await rejoin(open.site, open.records, name, { ...look, apply });
      print(done, renderRejoin(done, objects));
      if (done.lifted.length === 0) process.exitCode = EXIT_FOUND;
    } finally {
      open.close();
    }
  });

export const clusterCommand = new Command('cluster')
  .description('work on one of the clusters')
  .addCommand(rejoinCommand);

function showProgress(json: true | undefined): { onProgress?: (count: RejoinCount) => void } {
  if (json === true || !process.stderr.isTTY) return {};
  const began = performance.now();
  const onProgress = ({ containers, same }: RejoinCount): void => {
    const rate = Math.round(same / ((performance.now() - began) / 1000));
    process.stderr.write(`\r${containers} containers, ${same} objects the same (${rate}/s) `);
  };
  return { onProgress };
}
