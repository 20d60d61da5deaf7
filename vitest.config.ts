import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    reporters: ['default', './test/support/count-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/simulation/*.test.ts', 'test/support/*.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'clusters',
          include: ['test/functional/**/*.test.ts', 'test/probe/**/*.test.ts'],
          globalSetup: 'test/support/global-setup.ts',
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
        },
      },
    ],
  },
});
