// The program `autosync`: its commands, and how it ends. Knows nothing of what a command does.
import { Command, CommanderError } from 'commander';
import { AutosyncError } from '../lib/errors.js';
import { readVersion } from './version.js';

const EXIT_OK = 0;
const EXIT_USAGE = 2;
const EXIT_COULD_NOT = 3;

/** In the order of `autosync --help`. Each is loaded when it is wanted: a command starts twice as fast without all the others. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./start.js')).startCommand,
  gateway: async () => (await import('./gateway.js')).gatewayCommand,
  daemon: async () => (await import('./daemon.js')).daemonCommand,
  check: async () => (await import('./check.js')).checkCommand,
  status: async () => (await import('./status.js')).statusCommand,
  explain: async () => (await import('./explain.js')).explainCommand,
  verify: async () => (await import('./verify.js')).verifyCommand,
  adopt: async () => (await import('./adopt.js')).adoptCommand,
  leave: async () => (await import('./leave.js')).leaveCommand,
  cluster: async () => (await import('./cluster.js')).clusterCommand,
  pause: async () => (await import('./pause.js')).pauseCommand,
  resume: async () => (await import('./pause.js')).resumeCommand,
  secrets: async () => (await import('./secrets.js')).secretsCommand,
  copier: async () => (await import('./copier.js')).copierCommand,
};
/** Started by the gateway, not by people. */
const HIDDEN = 'copier';

/**
 * Runs one command line.
 *
 * @param args what stands behind `autosync`
 * @returns the exit code: 0 done, 1 found something, 2 usage, 3 could not; a command says 1 by setting process.exitCode. Never throws.
 */
export async function main(args: readonly string[]): Promise<number> {
  process.exitCode = EXIT_OK;
  try {
    const [name = ''] = args;
    const program = await buildProgram(Object.hasOwn(COMMANDS, name) ? [name] : undefined);
    await program.parseAsync(args, { from: 'user' });
    return askedExitCode();
  } catch (error) {
    return explain(error);
  }
}

/** What the command set, read through a function so that the type is not narrowed to the reset above. */
function askedExitCode(): number {
  return Number(process.exitCode ?? EXIT_OK);
}

/** The program with these of its commands; all of them if not said. */
export async function buildProgram(names: readonly string[] = Object.keys(COMMANDS)): Promise<Command> {
  const program = new Command('autosync')
    .description('Runs several independent OpenStack Swift clusters as one.')
    .version(readVersion());
  for (const name of names) {
    const command = await COMMANDS[name]?.();
    if (command !== undefined) program.addCommand(command, { hidden: name === HIDDEN });
  }
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
