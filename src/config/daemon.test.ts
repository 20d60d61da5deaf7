// Promises of [daemon]: daemons that share the work out are numbered from 0, in the file and on the command line.
import { expect, it } from 'vitest';
import { shareProblem } from './daemon.js';
import { buildConfig } from './load.js';
import { formatProblems } from './problems.js';

const FILE = '/etc/swift/autosync.conf';
const REST =
  '[app:proxy]\nupstream = http://127.0.0.1:8081\n[filter:autosync]\nmy_cluster = //r/one\naccounts = A\n';

function problemsOf(options: string): string {
  return formatProblems(
    buildConfig(FILE, [{ file: FILE, text: `${REST}[daemon]\n${options}` }], () => false).problems,
  );
}

it.each([
  ['processes = 3\nprocess = 3', 'process = 0 to 2'],
  ['process = 1', 'processes = 2 or more, or leave process out'],
  ['processes = 1\nprocess = 1', 'processes = 2 or more'],
  ['processes = two', 'processes'],
])('%j is refused, with the line and the fix', (options, fix) => {
  expect(problemsOf(options)).toContain(fix);
  expect(problemsOf(options)).toContain(`${FILE}:`);
});

it.each(['', 'processes = 3\nprocess = 2', 'processes = 0\nprocess = 0'])('%j is right', (options) => {
  expect(problemsOf(options)).toBe('');
});

it('says the same of what a command line asks for', () => {
  expect(shareProblem({ processes: 2, process: 2 })?.fix).toContain('process = 0 to 1');
  expect(shareProblem({ processes: 2, process: 1 })).toBeUndefined();
});
