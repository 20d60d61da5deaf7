// Tests against a real Keystone: `npm run test:keystone`. Not part of `npm test`, as they install and start one.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'keystone',
    include: ['test/keystone/**/*.test.ts'],
    globalSetup: 'test/keystone/global-setup.ts',
    reporters: ['default', './test/support/count-reporter.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    maxWorkers: 1,
  },
});
