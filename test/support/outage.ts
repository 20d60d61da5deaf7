// A cluster whose servers die under a test, and come back.
import { afterAll } from 'vitest';
import type { Role } from '../../src/local/plan.js';
import type { TestCluster } from './clusters.js';

export interface Outage {
  /** SIGKILL, all at once. */
  begin(): Promise<void>;
  /** They answer again. */
  end(): Promise<void>;
}

/** Of these servers; it is over with the test file, or the `describe`, if not before. */
export function outageOf({ control }: TestCluster, roles: readonly Role[]): Outage {
  let isDown = false;
  const end = async (): Promise<void> => {
    await control.startServers(roles);
    isDown = false;
  };
  afterAll(async () => {
    if (isDown) await end();
  });
  return {
    begin: async () => {
      isDown = true;
      await Promise.all(roles.map((role) => control.killServer(role)));
    },
    end,
  };
}
