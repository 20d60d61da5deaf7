// Archives for `?extract-archive`, made by the system's own tar.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A tar file with those files in it, each with its own name for contents. */
export function archiveOf(files: readonly string[], ...options: readonly string[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'autosync-test-'));
  for (const file of files) {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), file);
  }
  const tar = execFileSync('tar', ['-C', folder, ...options, '-cf', '-', ...files]);
  rmSync(folder, { recursive: true });
  return tar;
}
