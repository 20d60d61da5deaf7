import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lockFolder } from './folder-lock.js';

it('refuses a second start in a folder, naming the process of the first, until that has ended', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lock-'));
  const lock = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toThrow(`process ${process.pid}`);
  await expect(lockFolder(folder + '/.')).rejects.toThrow('already run');
  await lock.release();
  await (await lockFolder(folder)).release();
});
