// Writing a private file so that readers see the old one or the whole new one, also after a power cut. Knows nothing of what is in it.
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AutosyncError } from '../lib/errors.js';

/**
 * Makes a file of mode 0600, whole or not at all; never overwrites.
 *
 * @throws AutosyncError `SECRETS_EXIST` or `SECRETS_UNWRITABLE`; a retry helps only after the cause was mended.
 */
export function createFileOnce(file: string, text: string): void {
  const temp = tempName(file);
  try {
    writeDurably(temp, text);
    // link(2) refuses an existing name, where rename(2) would replace it.
    linkSync(temp, file);
  } catch (error) {
    if (isSystemError(error) && error.code === 'EEXIST')
      throw new AutosyncError('SECRETS_EXIST', file, { cause: error });
    throw unwritable(file, error);
  } finally {
    rmSync(temp, { force: true });
  }
  syncFolder(file);
}

/**
 * Replaces a file at once; it stays with its owner and group, and a symbolic link stays one.
 *
 * @throws AutosyncError `SECRETS_UNWRITABLE`; a retry helps only after the cause was mended.
 */
export function replaceFile(file: string, text: string): void {
  let temp: string | undefined;
  let target = file;
  try {
    target = realpathSync(file);
    temp = tempName(target);
    writeDurably(temp, text);
    const owner = statSync(target);
    if (owner.uid !== process.getuid?.() || owner.gid !== process.getgid?.())
      chownSync(temp, owner.uid, owner.gid);
    renameSync(temp, target);
  } catch (error) {
    if (temp !== undefined) rmSync(temp, { force: true });
    throw unwritable(file, error);
  }
  syncFolder(target);
}

/** What a system call failed of, in a word or two: `ENOENT`. Never the content of a file. */
export function describeSystemError(error: unknown): string {
  return isSystemError(error) ? String(error.code) : 'unexpected failure';
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error;
}

function unwritable(file: string, cause: unknown): AutosyncError {
  return new AutosyncError('SECRETS_UNWRITABLE', `${file}: ${describeSystemError(cause)}`, { cause });
}

function tempName(file: string): string {
  return join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}`);
}

function writeDurably(file: string, text: string): void {
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes the new name itself survive a power cut; where folders cannot be synced, the content still is. */
function syncFolder(file: string): void {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(dirname(file), 'r');
    fsyncSync(descriptor);
  } catch {
    return;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
