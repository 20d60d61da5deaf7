// docs/reference says what the program says: errors, headers, commands. `UPDATE=1 npx vitest run src/cli` rewrites what is made
// from tables.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { FINDING_CODES } from '../check/finding.js';
import { ERRORS } from '../lib/errors.js';
import { buildProgram } from './main.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const PROGRAM = await buildProgram();
const RUN = 'run UPDATE=1 npx vitest run src/cli/reference.test.ts';

/** The file is `wanted`; with UPDATE=1 it is made so. */
function expectFile(path: string, wanted: string): void {
  if (process.env['UPDATE'] === '1') writeFileSync(join(ROOT, path), wanted);
  expect(read(path), RUN).toBe(wanted);
}

const ERRORS_HEAD = `# Errors

One code per cause. The code is in the log; a client sees the message and the hint as text, with the HTTP status. A command that ends
with it has the exit code. This page is made from the table in \`src/lib/errors.ts\`.
`;

function renderErrors(): string {
  const entries = Object.entries(ERRORS).map(
    ([code, { message, status, exitCode, isRetryable, hint }]) =>
      `## \`${code}\`

${message}

HTTP status ${status}; exit code ${exitCode}; ${isRetryable ? 'may succeed later, unchanged' : 'stays so until something is changed'}.

${hint.replaceAll('*', '\\*')}
`,
  );
  return [ERRORS_HEAD, ...entries].join('\n');
}

describe('docs/reference/errors.md', () => {
  it('is what the table of errors says', () => expectFile('docs/reference/errors.md', renderErrors()));
});

describe('docs/reference/headers.md', () => {
  it('has every header of ours that the program knows, and no other', () => {
    const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
    );
    const inCode = sources.flatMap((name) => [
      ...read(join('src', name)).matchAll(/\bx-autosync-[a-z]+(?:-[a-z]+)*/gi),
    ]);
    const inDocument = [...read('docs/reference/headers.md').matchAll(/^### `(X-Autosync-[\w-]+)`$/gm)];
    const names = (matches: RegExpMatchArray[], group: number): string[] =>
      [...new Set(matches.map((match) => (match[group] ?? '').toLowerCase()))].sort();
    expect(names(inDocument, 1)).toEqual(names(inCode, 0));
  });
});

describe('docs/reference/commands.md', () => {
  const text = read('docs/reference/commands.md');
  const leaves = (command: Command, path: string): [string, Command][] =>
    command.commands.length === 0
      ? [[path, command]]
      : command.commands.flatMap((inner) => leaves(inner, `${path} ${inner.name()}`));
  const commands = leaves(PROGRAM, 'autosync');

  it('has every command, and no other', () => {
    const titles = [...text.matchAll(/^## `([a-z ]+?)(?: \[CONF\])?`$/gm)].map(([, title]) => title);
    expect(titles).toEqual(commands.map(([path]) => path));
  });

  it.each(commands)('has the options of %s, and no other', (path, command) => {
    const section = text.slice(text.indexOf(`## \`${path}`)).split(/\n## /)[0] ?? '';
    const flags = [...section.matchAll(/^- `(--[^`]+)`/gm)].map(([, flag]) => flag);
    expect(flags).toEqual(command.options.map((option) => option.flags));
  });

  it('has every code of a finding', () => {
    const list = Object.entries(FINDING_CODES).map(([code, what]) => `- \`${code}\`: ${what}`);
    const wanted = text.replace(/(?<=\nCodes of findings:\n\n)(?:- .*\n)*\n?/, `${list.join('\n')}\n\n`);
    expectFile('docs/reference/commands.md', wanted);
  });
});
