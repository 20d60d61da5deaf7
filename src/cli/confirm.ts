// The question before what cannot be taken back.
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';

interface Answers {
  readonly yes?: true;
  readonly json?: true;
}

/** A script has nobody to be asked, and no place for the question in its JSON. */
export function canAsk({ json }: Answers): boolean {
  return process.stdin.isTTY && json !== true;
}

/** Asks on stderr, so that stdout keeps to the report. */
export async function isConfirmed(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(?:es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

/** With `--yes` at once; ends the command with usage's exit code where nobody can be asked. */
export async function mayApply(answers: Answers, command: Command): Promise<boolean> {
  if (answers.yes === true) return true;
  if (!canAsk(answers)) command.error('error: say --yes to do this');
  return isConfirmed('Do that?');
}
