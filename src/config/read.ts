// Brings the files of a configuration into memory: one file, or all of a conf.d folder. Knows nothing of their content.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isUtf8 } from 'node:buffer';
import type { Problem } from '../lib/ini.js';

export interface Source {
  readonly file: string;
  readonly text: string;
}

interface Sources {
  readonly sources: readonly Source[];
  readonly problems: readonly Problem[];
}

/**
 * Reads a file; of a folder all `*.conf` in the order of their names, hidden ones left out, as Swift does.
 * What cannot be read is a problem, never thrown.
 */
export function readSources(path: string): Sources {
  const sources: Source[] = [];
  const problems: Problem[] = [];
  const files =
    attempt(path, problems, () => (statSync(path).isDirectory() ? listFolder(path) : [path])) ?? [];
  for (const file of files) {
    const source = attempt(file, problems, () => readOne(file, problems));
    if (source !== undefined) sources.push(source);
  }
  if (files.length === 0 && problems.length === 0) {
    const fix = 'Put the configuration there, in files that end in .conf.';
    problems.push({ file: path, line: 0, message: 'There is no .conf file in this folder.', fix });
  }
  return { sources, problems };
}

function listFolder(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.conf') && !name.startsWith('.'));
  return names.sort().map((name) => join(folder, name));
}

function readOne(file: string, problems: Problem[]): Source {
  const content = readFileSync(file);
  if (!isUtf8(content)) {
    const lines = content.toString('latin1').split('\n');
    const line = lines.findIndex((text) => !isUtf8(Buffer.from(text, 'latin1'))) + 1;
    problems.push({ file, line, message: 'This line is not UTF-8.', fix: 'Save the file as UTF-8.' });
  }
  return { file, text: content.toString('utf8') };
}

function attempt<T>(file: string, problems: Problem[], read: () => T): T | undefined {
  try {
    return read();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
    const message = isMissing
      ? 'The configuration file is not there.'
      : `The configuration cannot be read: ${code}.`;
    const fix = isMissing
      ? 'Copy etc/autosync.conf-sample there, or name another file with --conf.'
      : 'Let the user that runs autosync read it.';
    problems.push({ file, line: 0, message, fix });
    return undefined;
  }
}
