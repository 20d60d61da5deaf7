// Swift's own container sync, out of the way of tests in which objects move by nothing else than what is tested.
import { afterAll, beforeAll } from 'vitest';
import { clusters } from './clusters.js';

/** For all tests of the file, or of the `describe`. Stopped, not paused: a paused daemon may hold a lock on a container's database. */
export function withoutContainerSync(): void {
  beforeAll(async () => {
    await Promise.all(clusters().map(({ control }) => control.stopServer('container-sync')));
  });
  afterAll(async () => {
    await Promise.all(clusters().map(({ control }) => control.startServer('container-sync')));
  });
}
