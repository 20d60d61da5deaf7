// `npm run bench:copy`: how soon, and how fast, objects are on the other cluster, beside Swift's own container sync.
import { benchDrain } from './parts/copy-drain.js';
import { benchLag } from './parts/copy-lag.js';
import { benchLarge } from './parts/copy-large.js';
import { runSuite } from './suite.js';

export function main(args: readonly string[]): Promise<void> {
  return runSuite(
    {
      name: 'copy',
      description:
        'Measures how objects get to the other cluster: by copy jobs, and by container sync alone.',
      parts: {
        'copy-lag': { run: benchLag, share: 300 },
        'copy-drain': { run: benchDrain, share: 100 },
        'copy-large': { run: benchLarge, share: 100 },
      },
      limitMs: 900_000,
      hardLimitMs: 1_500_000,
    },
    args,
  );
}
