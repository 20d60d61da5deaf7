// `npm run bench:verify`: how long it takes to hold all objects of two clusters against each other, beside rclone.
import { benchVerify } from './parts/verify-check.js';
import { runSuite } from './suite.js';

export function main(args: readonly string[]): Promise<void> {
  return runSuite(
    {
      name: 'verify',
      description:
        'Measures how long it takes to find two clusters equal: by autosync verify, and by rclone check.',
      parts: { 'verify-check': { run: benchVerify, share: 1 } },
      limitMs: 1_800_000,
      hardLimitMs: 3_600_000,
    },
    args,
  );
}
