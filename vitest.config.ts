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
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'clusters',
          include: ['test/functional/**/*.test.ts', 'test/probe/**/*.test.ts'],
          globalSetup: 'test/support/global-setup.ts',
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Each has a realm of its own.
          maxWorkers: Number(process.env['AUTOSYNC_TEST_REALMS'] ?? 2),
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
