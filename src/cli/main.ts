// The program `autosync`: its commands, and how it ends. Knows nothing of what a command does.
import { Command, CommanderError } from 'commander';
import { AutosyncError } from '../lib/errors.js';
import { adoptCommand } from './adopt.js';
import { checkCommand } from './check.js';
import { copierCommand } from './copier.js';
import { clusterCommand } from './cluster.js';
import { daemonCommand } from './daemon.js';
import { explainCommand } from './explain.js';
import { gatewayCommand } from './gateway.js';
import { leaveCommand } from './leave.js';
import { pauseCommand, resumeCommand } from './pause.js';
import { secretsCommand } from './secrets.js';
import { startCommand } from './start.js';
import { statusCommand } from './status.js';
import { verifyCommand } from './verify.js';
import { readVersion } from './version.js';

const EXIT_OK = 0;
const EXIT_USAGE = 2;
const EXIT_COULD_NOT = 3;

/** One line per command, in the order of `autosync --help`. */
const COMMANDS: readonly Command[] = [
  startCommand,
  gatewayCommand,
  daemonCommand,
  checkCommand,
  statusCommand,
  explainCommand,
  verifyCommand,
  adoptCommand,
  leaveCommand,
  clusterCommand,
  pauseCommand,
  resumeCommand,
  secretsCommand,
];

/**
 * Runs one command line.
 *
 * @param args what stands behind `autosync`
 * @returns the exit code: 0 done, 1 found something, 2 usage, 3 could not; a command says 1 by setting process.exitCode. Never throws.
 */
export async function main(args: readonly string[]): Promise<number> {
  process.exitCode = EXIT_OK;
  try {
    await buildProgram().parseAsync(args, { from: 'user' });
    return askedExitCode();
  } catch (error) {
    return explain(error);
  }
}

/** What the command set, read through a function so that the type is not narrowed to the reset above. */
function askedExitCode(): number {
  return Number(process.exitCode ?? EXIT_OK);
}

/** The program with all its commands. */
export function buildProgram(): Command {
  const program = new Command('autosync')
    .description('Runs several independent OpenStack Swift clusters as one.')
    .version(readVersion());
  for (const command of COMMANDS) program.addCommand(command);
  program.addCommand(copierCommand, { hidden: true });
  throwInsteadOfExiting(program);
  return program;
}

function throwInsteadOfExiting(command: Command): void {
  command.exitOverride().showHelpAfterError('(try --help)');
  for (const subcommand of command.commands) throwInsteadOfExiting(subcommand);
}

/** Says on stderr what went wrong and what to try; the stack only with AUTOSYNC_DEBUG=1. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
  if (error instanceof AutosyncError) {
    console.error(`autosync: ${error.message}\n  ${error.kind.hint}`);
  } else {
    const message = error instanceof Error ? error.message : String(error);
    console.error(
      `autosync: ${message}\n  This is a fault of autosync itself: AUTOSYNC_DEBUG=1 shows where.`,
    );
  }
  if (process.env['AUTOSYNC_DEBUG'] === '1') console.error(error);
  return error instanceof AutosyncError ? error.kind.exitCode : EXIT_COULD_NOT;
}
