// Swift's own container sync. It does not run in the tests' realm but where a file asks for it: objects move by nothing else
// than what is tested, and no daemon goes through the containers of all tests before.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { foldersOf } from '../../src/local/plan.js';
import { clusters } from './clusters.js';

/** Runs on all clusters, for all tests of the file, or of the `describe`. */
export function withContainerSync(): void {
  beforeAll(async () => {
    forgetSyncedContainers();
    await Promise.all(clusters().map(({ control }) => control.startServer('container-sync')));
  });
  afterAll(async () => {
    await Promise.all(clusters().map(({ control }) => control.stopServer('container-sync')));
  });
}

/** Takes those of tests before out of the daemon's list (container/sync_store.py); a container that is changed comes in again. */
export function forgetSyncedContainers(): void {
  for (const { plan } of clusters())
    rmSync(join(foldersOf(plan).device, 'sync_containers'), { recursive: true, force: true });
}
