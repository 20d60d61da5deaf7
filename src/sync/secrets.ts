// The realm's secrets: generations of 32 random bytes in one file, the same on all clusters. Knows nothing of what is derived from them.
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, statSync, type Stats } from 'node:fs';
import { AutosyncError } from '../lib/errors.js';
import { createFileOnce, describeSystemError, replaceFile } from './secret-file.js';

/** One generation of the realm's secret. The bytes are in a KeyObject, so that no log or error can print them by accident. */
export interface Generation {
  /** Counts up from 1 with every rotation. */
  readonly number: number;
  readonly secret: KeyObject;
}

/** What gateways work with: they sign with `current` and accept both. */
export interface Secrets {
  readonly current: Generation;
  readonly previous: Generation | undefined;
}

interface ParsedFile {
  /** Newest first; at least one. */
  readonly lines: readonly { readonly number: number; readonly hex: string }[];
  /** Comment lines before the first generation, as they stand. */
  readonly comments: readonly string[];
}

const SECRET_SIZE_BYTES = 32;
const MAX_FILE_SIZE_BYTES = 65_536;
const GENERATION_LINE = /^([1-9][0-9]{0,8})[ \t]+([0-9a-fA-F]{64})$/;
const COMMENTS = [
  '# Swift Autosync: the secrets of one realm. The same file on every cluster, mode 0600.',
  '# A line is a generation: its number and 32 random bytes. The greatest number is the current one.',
];

/** The generation of that number, if it is the current or the previous one. */
export function findGeneration(secrets: Secrets, number: number): Generation | undefined {
  if (secrets.current.number === number) return secrets.current;
  return secrets.previous?.number === number ? secrets.previous : undefined;
}

/**
 * Reads the file.
 *
 * @throws AutosyncError `SECRETS_UNREADABLE`, `SECRETS_EXPOSED` (group or others have rights on it) or `SECRETS_INVALID`; a retry helps
 *   only after the file was mended. None of them holds a part of a secret.
 */
export function readSecrets(file: string): Secrets {
  return toSecrets(parse(file, readPrivateFile(file)));
}

/**
 * Makes a file with generation 1, mode 0600; never overwrites. Whole or not at all: no reader ever sees half of it.
 *
 * @throws AutosyncError `SECRETS_EXIST` or `SECRETS_UNWRITABLE`.
 */
export function newSecrets(file: string): Secrets {
  const text = render({ comments: COMMENTS, lines: [freshLine(1)] });
  createFileOnce(file, text);
  return toSecrets(parse(file, text));
}

/**
 * Adds a generation, keeps the one before and drops older ones. The file is replaced at once (temp, fsync, rename) and keeps its owner.
 * Copy it to every cluster before the next rotation: a cluster two generations behind is refused by the others.
 *
 * @throws AutosyncError those of readSecrets, or `SECRETS_UNWRITABLE`.
 */
export function rotateSecrets(file: string): Secrets {
  const old = parse(file, readPrivateFile(file));
  const newest = old.lines[0] as ParsedFile['lines'][number];
  const text = render({ comments: old.comments, lines: [freshLine(newest.number + 1), newest] });
  replaceFile(file, text);
  return toSecrets(parse(file, text));
}

/** The secrets of a file that may be rotated while the program runs. */
export class SecretsFile {
  readonly path: string;
  readonly #checkIntervalMs: number;
  readonly #now: () => number;
  #secrets: Secrets;
  #stamp: string;
  #nextCheckMs: number;
  #problem: AutosyncError | undefined;

  /**
   * Reads the file at once.
   *
   * @param options.checkIntervalMs how often, at most, get() looks whether the file changed
   * @param options.now a clock in milliseconds
   * @throws AutosyncError those of readSecrets.
   */
  constructor(path: string, options: { checkIntervalMs?: number; now?: () => number } = {}) {
    this.path = path;
    this.#checkIntervalMs = options.checkIntervalMs ?? 1000;
    this.#now = options.now ?? Date.now;
    this.#stamp = stampOf(path);
    this.#secrets = readSecrets(path);
    this.#nextCheckMs = this.#now() + this.#checkIntervalMs;
  }

  /** The secrets as last read well. Never throws: after a bad change the last good ones stay in force, and `problem` says why. */
  get(): Secrets {
    const nowMs = this.#now();
    // A clock set back must not stop the checks until it has caught up.
    if (nowMs < this.#nextCheckMs && nowMs > this.#nextCheckMs - 2 * this.#checkIntervalMs)
      return this.#secrets;
    this.#nextCheckMs = nowMs + this.#checkIntervalMs;
    const stamp = stampOf(this.path);
    if (stamp === this.#stamp) return this.#secrets;
    try {
      this.#secrets = readSecrets(this.path);
      this.#problem = undefined;
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
      this.#problem = error;
    }
    this.#stamp = stamp;
    return this.#secrets;
  }

  /** Why the file, as it stands now, is not the one in force; undefined when it is. */
  get problem(): AutosyncError | undefined {
    return this.#problem;
  }
}

/** Tells one state of the file from another; taken before reading, so that a change in between is read again. */
function stampOf(path: string): string {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path);
    return [dev, ino, size, mtimeMs, ctimeMs].join(' ');
  } catch {
    return 'gone';
  }
}

function readPrivateFile(file: string): string {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    const stats = fstatSync(descriptor);
    checkStats(file, stats);
    return readFileSync(descriptor, 'latin1');
  } catch (error) {
    if (error instanceof AutosyncError) throw error;
    throw new AutosyncError('SECRETS_UNREADABLE', `${file}: ${describeSystemError(error)}`, { cause: error });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function checkStats(file: string, stats: Stats): void {
  if (!stats.isFile()) throw new AutosyncError('SECRETS_UNREADABLE', `${file}: not a file.`);
  if ((stats.mode & 0o077) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
    throw new AutosyncError('SECRETS_EXPOSED', `${file} has mode ${mode}: chmod 600 ${file}`);
  }
  if (stats.size > MAX_FILE_SIZE_BYTES) throw new AutosyncError('SECRETS_INVALID', `${file}: too large.`);
}

function parse(file: string, text: string): ParsedFile {
  const comments: string[] = [];
  const byNumber = new Map<number, string>();
  for (const [index, rawLine] of text.split('\n').entries()) {
    const line = rawLine.trim();
    if (line === '') continue;
    if (line.startsWith('#')) {
      if (byNumber.size === 0) comments.push(line);
      continue;
    }
    const match = GENERATION_LINE.exec(line);
    if (match === null)
      throw new AutosyncError('SECRETS_INVALID', `${file}, line ${index + 1}: not a generation.`);
    const number = Number(match[1]);
    if (byNumber.has(number)) {
      throw new AutosyncError('SECRETS_INVALID', `${file}, line ${index + 1}: generation ${number} again.`);
    }
    byNumber.set(number, (match[2] as string).toLowerCase());
  }
  if (byNumber.size === 0) throw new AutosyncError('SECRETS_INVALID', `${file}: no generation in it.`);
  const lines = [...byNumber].map(([number, hex]) => ({ number, hex })).sort((a, b) => b.number - a.number);
  return { lines, comments };
}

function toSecrets({ lines }: ParsedFile): Secrets {
  const [current, previous] = lines.map(({ number, hex }) => ({
    number,
    secret: createSecretKey(Buffer.from(hex, 'hex')),
  }));
  return { current: current as Generation, previous };
}

function freshLine(number: number): { number: number; hex: string } {
  return { number, hex: randomBytes(SECRET_SIZE_BYTES).toString('hex') };
}

function render({ comments, lines }: ParsedFile): string {
  return [...comments, ...lines.map(({ number, hex }) => `${number} ${hex}`), ''].join('\n');
}
