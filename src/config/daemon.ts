// [daemon]: its options, and what its processes have to be. Knows no other section.
import type { DaemonConfig } from './config.js';
import { readSection, type Context, type Reading } from './section.js';
import { DAEMON_OPTIONS } from './sync-options.js';
import type { IniSection } from '../lib/ini.js';

/** Reads [daemon] and reports what is wrong with it. */
export function readDaemon(context: Context, section: IniSection): Reading<typeof DAEMON_OPTIONS> {
  const reading = readSection(context, section, DAEMON_OPTIONS);
  const { processes = 0, process = 0 } = reading.values;
  const problem = shareProblem({ processes, process });
  if (problem !== undefined) context.problems.report(reading.placeOf('process'), problem.wrong, problem.fix);
  return reading;
}

/** What is wrong with the two, wherever they come from. */
export function shareProblem({
  processes,
  process,
}: Pick<DaemonConfig, 'processes' | 'process'>): { wrong: string; fix: string } | undefined {
  if (process < Math.max(1, processes)) return undefined;
  const wrong = `process = ${process} does not go with processes = ${processes}: they are counted from 0.`;
  const fix =
    processes > 1
      ? `Write process = 0 to ${processes - 1}, another one in each daemon.`
      : `Write processes = ${process + 1} or more, or leave process out.`;
  return { wrong, fix };
}
