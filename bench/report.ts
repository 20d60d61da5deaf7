// What a benchmark run found: tables, aims, remarks; written for a terminal, as Markdown, as JSON. Measures nothing.
import type { Sample } from './rounds.js';

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** One aim of the project and whether this run reached it; nothing fails when it did not. */
export interface Aim {
  readonly what: string;
  readonly aim: string;
  readonly found: string;
  readonly isReached: boolean;
}

export interface PartReport {
  readonly part: string;
  readonly seconds: number;
  readonly tables: readonly Table[];
  readonly aims: readonly Aim[];
  /** Requests that failed: the numbers beside them mean little. */
  readonly failures: readonly string[];
  /** Everything measured, for machines. */
  readonly samples: Readonly<Record<string, Readonly<Record<string, readonly Sample[]>>>>;
}

/** For a terminal. */
export function renderText(report: PartReport): string {
  const parts = report.tables.map((table) => `${table.title}\n\n${renderColumns(table)}`);
  if (report.aims.length > 0) parts.push(`Aims\n\n${renderColumns(aimsTable(report.aims))}`);
  parts.push(...report.failures.map((failure) => `FAILED REQUESTS: ${failure}`));
  return parts.join('\n\n');
}

/** For docs/benchmarks.md. */
export function renderMarkdown(report: PartReport): string {
  const parts = report.tables.map((table) => `**${table.title}**\n\n${renderPipes(table)}`);
  if (report.aims.length > 0) parts.push(`**Aims**\n\n${renderPipes(aimsTable(report.aims))}`);
  parts.push(...report.failures.map((failure) => `Failed requests: ${failure}`));
  return parts.join('\n\n');
}

function aimsTable(aims: readonly Aim[]): Table {
  return {
    title: 'Aims',
    columns: ['what', 'aim', 'found', ''],
    rows: aims.map(({ what, aim, found, isReached }) => [what, aim, found, isReached ? 'reached' : 'missed']),
  };
}

function renderColumns({ columns, rows }: Table): string {
  const widths = columns.map((name, index) =>
    Math.max(name.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    '  ' +
    cells
      .map((cell, index) => pad(cell, widths[index] ?? 0, index))
      .join('  ')
      .trimEnd();
  return [line(columns), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}

/** Names to the left, numbers to the right. */
function pad(cell: string, width: number, index: number): string {
  return index === 0 ? cell.padEnd(width) : cell.padStart(width);
}

/** As a table of Markdown. */
export function renderPipes({ columns, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = columns.map((_, index) => (index === 0 ? '---' : '--:'));
  return [line(columns), line(rule), ...rows.map(line)].join('\n');
}
