// What a test found, besides whether it kept its promise: rows of a table, on their way to the document.
import type { TestContext } from 'vitest';

/** One row, by the name of its table. */
export interface Note {
  readonly table: string;
  readonly row: readonly (string | number)[];
}

declare module 'vitest' {
  interface TaskMeta {
    notes?: Note[];
  }
}

export function note({ task }: Pick<TestContext, 'task'>, table: string, row: Note['row']): void {
  (task.meta.notes ??= []).push({ table, row });
}
