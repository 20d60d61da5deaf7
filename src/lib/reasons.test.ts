// docs/reference/reasons.md says what the table of reasons says. `UPDATE=1 npx vitest run src/lib` rewrites it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { REASONS } from './reasons.js';

const FILE = new URL('../../docs/reference/reasons.md', import.meta.url);

const HEAD = `# Reasons

Why something is not as it should be, one stable code for each cause. \`autosync status\`, \`explain\`, \`daemon --once\` and \`adopt\` show them, and the
daemon's log has them as \`code\`. This page is made from the table in \`src/lib/reasons.ts\`.

`;

function renderReasons(): string {
  const rows = Object.entries(REASONS).map(([code, { meaning, next, fix }]) => [
    `\`${code}\``,
    meaning,
    next,
    fix,
  ]);
  return HEAD + renderTable([['code', 'meaning', 'what happens next', 'what to do'], ...rows]);
}

/** A table as prettier writes it. */
function renderTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |\n`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('');
}

/** All of src but the table itself and tests, as one text. */
function source(): string {
  return textOf(
    new URL('..', import.meta.url),
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== join('lib', 'reasons.ts'),
  );
}

/** All tests that run against clusters, as one text. */
function tests(): string {
  return textOf(new URL('../../test', import.meta.url), (file) => file.endsWith('.test.ts'));
}

/** The files in a folder that are meant, as one text. */
function textOf(url: URL, isMeant: (file: string) => boolean): string {
  const folder = fileURLToPath(url);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(isMeant)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('');
}

describe('the table of reasons', () => {
  it('has no code that nothing in src ever says', () => {
    const text = source();
    const said = Object.keys(REASONS).filter((code) => text.includes(`'${code}'`));
    expect(said).toEqual(Object.keys(REASONS));
  });

  it('has no code that no test in test/ provokes', () => {
    const text = tests();
    const untested = Object.keys(REASONS).filter((code) => !new RegExp(`\\b${code}\\b`).test(text));
    expect(untested).toEqual([]);
  });

  it('is what docs/reference/reasons.md says', () => {
    if (process.env['UPDATE'] === '1') writeFileSync(FILE, renderReasons());
    expect(readFileSync(FILE, 'utf8'), 'run UPDATE=1 npx vitest run src/lib').toBe(renderReasons());
  });

  it.each(Object.entries(REASONS))(
    'says of %s what it means, what happens next and what to do',
    (_, reason) => {
      for (const text of Object.values(reason)) expect(text).toMatch(/^[A-Z`].*[.?]$/);
    },
  );
});
