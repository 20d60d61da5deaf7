// `autosync check CONF`: validates the configuration, then looks at and asks everything it names. Changes nothing.
import { accessSync, constants } from 'node:fs';
import { Command } from 'commander';
import { checkAll } from '../check/check.js';
import { isWrong, type Finding, type Severity } from '../check/finding.js';
import { loadConfig } from '../config/load.js';
import type { Problem } from '../lib/ini.js';
import { AutosyncError } from '../lib/errors.js';
import { describeSystemError } from '../sync/secret-file.js';
import { plural } from './words.js';

const EXIT_FOUND = 1;

interface CheckOptions {
  readonly json?: true;
}

/** Exit 0 nothing wrong, 1 something is (a file that is not valid included), 2 usage, 3 the file cannot be read. */
export const checkCommand = new Command('check')
  .description('validate the configuration, then reach everything it names; each finding with its fix')
  .argument('[conf]', 'configuration file', '/etc/swift/autosync.conf')
  .option('--json', 'print one JSON document instead of a table')
  .action(async (file: string, options: CheckOptions) => {
    const findings = await check(file);
    console.log(options.json === true ? toJson(file, findings) : renderFindings(findings));
    if (findings.some(isWrong)) process.exitCode = EXIT_FOUND;
  });

/** @throws AutosyncError CONFIG_UNREADABLE */
async function check(file: string): Promise<readonly Finding[]> {
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    throw new AutosyncError('CONFIG_UNREADABLE', `${file}: ${describeSystemError(error)}.`, { cause: error });
  }
  const { config, problems } = loadConfig(file);
  return config === undefined ? problems.map(asFinding) : checkAll(config);
}

function asFinding({ file, line, message, fix }: Problem): Finding {
  return {
    severity: 'error',
    code: 'configuration',
    subject: line > 0 ? `${file}:${line}` : file,
    message,
    fix,
  };
}

const MARKS: Readonly<Record<Severity, string>> = { ok: '✔', skipped: '–', warning: '!', error: '✘' };

function toJson(file: string, findings: readonly Finding[]): string {
  return JSON.stringify({ file, well: !findings.some(isWrong), findings }, null, 2);
}

/** What belongs together under its subject, each with a mark; the fix below what is wrong. */
export function renderFindings(findings: readonly Finding[]): string {
  const lines: string[] = [];
  let subject = '';
  for (const finding of findings) {
    if (finding.subject !== subject) lines.push(finding.subject);
    subject = finding.subject;
    lines.push(`  ${MARKS[finding.severity]} ${finding.message}`);
    if (finding.fix !== undefined) lines.push(`      fix: ${finding.fix}`);
  }
  return [...lines, '', summary(findings)].join('\n');
}

function summary(findings: readonly Finding[]): string {
  const count = (severity: Severity): number =>
    findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings, skipped] = [count('error'), count('warning'), count('skipped')];
  const unseen = skipped === 0 ? '' : `; ${skipped} not looked at`;
  if (errors + warnings === 0) return `Nothing wrong: ${count('ok')} checks${unseen}.`;
  return `${plural(errors, 'error')}, ${plural(warnings, 'warning')}, ${count('ok')} well${unseen}.`;
}
