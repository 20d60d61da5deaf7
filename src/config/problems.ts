// What is wrong with a configuration: collected, put in order, rendered. Knows no rule.
import type { Place, Problem } from '../lib/ini.js';

/** Everything found wrong so far. */
export class ProblemList {
  private readonly found: Problem[] = [];

  get isEmpty(): boolean {
    return this.found.length === 0;
  }

  report({ file, line }: Place, message: string, fix: string): void {
    // A value that runs over several lines is shown on one.
    this.add({ file, line, message: message.replaceAll(/\s*\n\s*/g, ' ⏎ '), fix });
  }

  /** Adds one, unless the same was found before. */
  add(problem: Problem): void {
    const isKnown = this.found.some(
      ({ file, line, message }) =>
        file === problem.file && line === problem.line && message === problem.message,
    );
    if (!isKnown) this.found.push(problem);
  }

  /** All of them, in the order of the files and lines. */
  sorted(files: readonly string[]): readonly Problem[] {
    const rank = ({ file }: Problem): number => files.indexOf(file);
    return [...this.found].sort((a, b) => rank(a) - rank(b) || a.line - b.line);
  }
}

/** One problem on two lines: `FILE:LINE: what is wrong`, and under it the fix. */
export function formatProblem({ file, line, message, fix }: Problem): string {
  const place = line > 0 ? `${file}:${line}` : file;
  return `${place}: ${message}\n    fix: ${fix}`;
}

/** All problems for a terminal or a log; empty where there are none. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems.map(formatProblem).join('\n');
}
