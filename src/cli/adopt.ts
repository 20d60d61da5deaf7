// `autosync adopt ACCOUNT`: takes containers from before autosync over, after a look at what that means, and copies their objects.
import { Command } from 'commander';
import {
  adoptAccount,
  copyObjects,
  planAdoption,
  type AdoptionPlan,
  type ObjectCount,
} from '../daemon/adopt.js';
import { expectNotPaused } from '../daemon/pause.js';
import type { PassReport } from '../daemon/report.js';
import { newCount, type RunCount } from '../verify/run.js';
import { expectedObjects, type VerifyReport } from '../verify/verify.js';
import { renderObjectCount, renderSurvey } from './adopt-text.js';
import { mayApply } from './confirm.js';
import { renderReport } from './pass-report.js';
import { startProgress, type ProgressLine } from './progress-line.js';
import { DEFAULT_CONF, openSite, patient, quietLog, readConfig, type OpenSite } from './running.js';
import { renderFinding, renderVerified } from './verify-text.js';

interface AdoptOptions {
  readonly conf: string;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly json?: true;
}

const EXIT_FOUND = 1;

/** Exit 0 taken over (or nothing to do), 1 something could not be (with --dry-run: is to do), 2 not among `accounts`, or no --yes; 3 could not. */
export const adoptCommand = new Command('adopt')
  .description(
    "take an account's containers from before autosync over: made on all clusters of their placement, objects copied",
  )
  .argument('<account>', 'such as AUTH_alice; it has to match [filter:autosync] accounts')
  .option('--conf <file>', 'configuration file', DEFAULT_CONF)
  .option('--dry-run', 'only say what would be done')
  .option('--yes', 'do not ask where objects would be replaced by newer ones')
  .option(
    '--json',
    'print JSON lines: one for each object that differs, and each container; a summary at the end',
  )
  .action(async (account: string, options: AdoptOptions, command: Command) => {
    const config = readConfig(options.conf);
    const open = openSite(patient(config), quietLog());
    try {
      if (options.dryRun !== true) await expectNotPaused(open.records);
      const plan = await showPlan(open, account, options);
      if (options.dryRun === true) {
        print(plan, options, () => `${renderReport(plan)}\n${renderObjectCount(plan.objects)}`);
        if (plan.mended > 0 || isAnyDifferent(plan.objects) || plan.unreachable.length > 0)
          process.exitCode = EXIT_FOUND;
        return;
      }
      if (options.json !== true) console.log(renderObjectCount(plan.objects));
      if (plan.objects.conflicting + plan.objects.tied > 0 && !(await mayApply(options, command))) return;
      const report = await adoptAccount(open.site, open.records, account);
      const copied = await showCopies(open, account, config.daemon.reclaimAgeMs, options);
      const both = { ...report, copied };
      print(both, options, () => `${renderReport(report)}\n\n${renderVerified(copied)}`);
      if (!isDone(report, copied)) process.exitCode = EXIT_FOUND;
    } finally {
      open.close();
    }
  });

function isAnyDifferent({ only, conflicting, tied }: ObjectCount): boolean {
  return only + conflicting + tied > 0;
}

function isDone({ unmended, brokenOff }: PassReport, { outcomes, notAsked }: VerifyReport): boolean {
  const { repaired: _, ...wrong } = outcomes;
  return unmended + notAsked.length + Object.keys(wrong).length === 0 && brokenOff === undefined;
}

function print(summary: AdoptionPlan | PassReport, { json }: AdoptOptions, render: () => string): void {
  console.log(json === true ? JSON.stringify({ summary }) : render());
}

/** Prints as it goes what differs. */
function showPlan(open: OpenSite, account: string, options: AdoptOptions): Promise<AdoptionPlan> {
  return withProgress(open, account, options, (count, progress) =>
    planAdoption(open.site, open.records, account, {
      count,
      onObject(object) {
        if (options.json === true) console.log(JSON.stringify({ object }));
      },
      onContainer({ first, ...survey }) {
        const text =
          options.json === true ? JSON.stringify({ container: survey }) : renderSurvey({ first, ...survey });
        if (text === '') return;
        progress.clear();
        console.log(text);
      },
    }),
  );
}

/** Prints what could not be copied. */
function showCopies(
  open: OpenSite,
  account: string,
  reclaimAgeMs: number,
  options: AdoptOptions,
): Promise<VerifyReport> {
  return withProgress(open, account, options, (count, progress) =>
    copyObjects(open.site, open.records, account, {
      ...{ reclaimAgeMs, count },
      onFinding(finding) {
        if (finding.outcome === 'repaired') return;
        progress.clear();
        console.log(options.json === true ? JSON.stringify({ finding }) : renderFinding(finding));
      },
    }),
  );
}

async function withProgress<T>(
  { site }: OpenSite,
  account: string,
  options: AdoptOptions,
  work: (count: RunCount, progress: ProgressLine) => Promise<T>,
): Promise<T> {
  const count = newCount();
  const progress = startProgress(options, count, () => expectedObjects(site, { account }));
  return work(count, progress).finally(() => progress.end());
}
