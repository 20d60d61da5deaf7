// Faults on real clusters: `npm run test:faults`. Not part of `npm test`, as they take the better part of an hour.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'faults',
    include: ['test/faults/**/*.test.ts'],
    globalSetup: 'test/support/global-setup.ts',
    reporters: ['default', './test/support/count-reporter.ts', './test/faults/reporter.ts'],
    // A sweep takes as long as the machine lets it.
    testTimeout: 3_600_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
    fileParallelism: false,
  },
});
