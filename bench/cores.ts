// Which cores this process may use, and how they are shared out: one for the proxy that is measured, the rest for everything else.
import { readFileSync } from 'node:fs';

export interface CoreSplit {
  /** As `taskset -c` takes it; undefined where there is one core only, and nothing is pinned. */
  readonly proxy: string | undefined;
  readonly others: string | undefined;
}

export function splitCores(): CoreSplit {
  const [first, ...rest] = allowedCores();
  if (first === undefined || rest.length === 0) return { proxy: undefined, others: undefined };
  return { proxy: String(first), others: rest.join(',') };
}

/** The command, kept on those cores. */
export function pinned(cores: string | undefined, command: readonly string[]): readonly string[] {
  return cores === undefined ? command : ['taskset', '-c', cores, ...command];
}

function allowedCores(): number[] {
  const status = readFileSync('/proc/self/status', 'utf8');
  const list = /^Cpus_allowed_list:\s+(.+)$/m.exec(status)?.[1] ?? '';
  return list.split(',').flatMap((range) => {
    const [from = NaN, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}
