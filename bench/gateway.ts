// `npm run bench:gateway`: what the gateway costs, beside HAProxy, nginx and Swift itself.
import { benchContainers } from './parts/containers.js';
import { benchSlow } from './parts/slow.js';
import { benchStatic } from './parts/static.js';
import { benchSwift } from './parts/swift.js';
import { runSuite } from './suite.js';

export function main(args: readonly string[]): Promise<void> {
  return runSuite(
    {
      name: 'gateway',
      description: 'Measures the gateway beside HAProxy, nginx and Swift itself.',
      parts: {
        swift: { run: benchSwift, share: 310 },
        static: { run: benchStatic, share: 120 },
        containers: { run: benchContainers, share: 90 },
        slow: { run: benchSlow, share: 75 },
      },
      limitMs: 570_000,
      hardLimitMs: 720_000,
    },
    args,
  );
}
