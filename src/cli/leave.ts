// `autosync leave [ACCOUNT]`: takes what is ours off an account, or off all, on every cluster, after a look at the plan.
import { Command } from 'commander';
import { leave, type Leaving, type LeaveReport } from '../daemon/leave.js';
import { mayApply } from './confirm.js';
import { DEFAULT_CONF, openSite, quietLog, readConfig } from './running.js';
import { plural } from './words.js';

interface LeaveOptions {
  readonly conf: string;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly json?: true;
}

const EXIT_FOUND = 1;

/** Exit 0 nothing of ours is left (or nobody said yes), 1 something is (with --dry-run: is to be taken off), 2 still among `accounts`, or no --yes; 3 could not. */
export const leaveCommand = new Command('leave')
  .description(
    'take our sync-to, keys and records off an account again, or off all, on every cluster; nothing else',
  )
  .argument('[account]', 'such as AUTH_alice; all that were ever recorded if not given')
  .option('--conf <file>', 'configuration file', DEFAULT_CONF)
  .option('--dry-run', 'only say what would be done')
  .option('--yes', 'do not ask')
  .option('--json', 'print one JSON document')
  .action(async (account: string | undefined, options: LeaveOptions, command: Command) => {
    const open = openSite(readConfig(options.conf), quietLog());
    const run = (isDryRun: boolean): Promise<LeaveReport> =>
      withProgress((onStep) =>
        leave(open.site, open.records, { ...(account === undefined ? {} : { account }), isDryRun, onStep }),
      );
    try {
      if (options.dryRun === true || options.yes !== true) {
        const plan = await run(true);
        print(plan, options.json);
        if (options.dryRun === true) {
          if (isAnything(plan)) process.exitCode = EXIT_FOUND;
          return;
        }
        if (!(await mayApply(options, command))) return;
      }
      const report = await run(false);
      print(report, options.json);
      if (hasTrouble(report)) process.exitCode = EXIT_FOUND;
    } finally {
      open.close();
    }
  });

/** On a terminal: how far each cluster is. */
async function withProgress(
  work: (onStep: (now: Leaving) => void) => Promise<LeaveReport>,
): Promise<LeaveReport> {
  if (!process.stderr.isTTY) return work(() => undefined);
  const latest = new Map<string, string>();
  const report = await work(({ cluster, account, containers, records }) => {
    latest.set(cluster, `${cluster}: ${account} ${containers} containers, ${records} records`);
    process.stderr.write(`\r${[...latest.values()].join('; ')} \x1b[K`);
  });
  process.stderr.write('\r\x1b[K');
  return report;
}

function isAnything({ accounts, stores }: LeaveReport): boolean {
  return (
    accounts.some(({ synced, records, trouble }) => synced + records + trouble.length > 0) ||
    hasStores(stores)
  );
}

/** To be taken away, or in the way of that. */
function hasStores(stores: LeaveReport['stores']): boolean {
  return Object.values(stores).some((trouble) => trouble !== '');
}

function hasTrouble({ accounts, stores }: LeaveReport): boolean {
  return accounts.some(({ trouble }) => trouble.length > 0) || hasStores(stores);
}

function print(report: LeaveReport, json: true | undefined): void {
  console.log(json === true ? JSON.stringify(report, null, 2) : renderLeaving(report));
}

function renderLeaving(report: LeaveReport): string {
  const { isDryRun, accounts, stores } = report;
  const lines = accounts.flatMap((each) => renderAccount(each, isDryRun));
  for (const [cluster, trouble] of Object.entries(stores)) {
    const done = isDryRun ? 'our own container would go' : 'our own container is gone';
    lines.push(`${cluster}  ${trouble === '' ? done : `our own container stays: ${trouble}`}`);
  }
  const last = hasTrouble(report) ? ['', 'Not all is done. Run it again when that is mended.'] : [];
  return [...(lines.length === 0 ? ['Nothing is recorded.'] : lines), ...last].join('\n');
}

function renderAccount(
  { cluster, account, containers, synced, records, pending, trouble }: Leaving,
  isDryRun: boolean,
): string[] {
  const what = isDryRun ? ['would be taken off', 'would be removed'] : ['taken off', 'removed'];
  const lost =
    pending === 0 ? '' : `; ${plural(pending, 'change')} that peers did not take would not go there any more`;
  return [
    `${cluster}  ${account}  sync ${what[0]} ${synced} of ${plural(containers, 'container')}, ${plural(records, 'record')} ${what[1]}${isDryRun ? lost : ''}`,
    ...trouble.map((text) => `  NOT DONE: ${text}`),
  ];
}
