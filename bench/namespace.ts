// `npm run bench:namespace`: what it costs that any cluster answers.
import { benchAccounts } from './parts/namespace-accounts.js';
import { benchListings } from './parts/namespace-listings.js';
import { benchReads } from './parts/namespace-reads.js';
import { runSuite } from './suite.js';

export function main(args: readonly string[]): Promise<void> {
  return runSuite(
    {
      name: 'namespace',
      description:
        'Measures reads of what the local cluster has, of what only another one has, listings of it, and accounts.',
      parts: {
        'namespace-reads': { run: benchReads, share: 1 },
        'namespace-listings': { run: benchListings, share: 1 },
        'namespace-accounts': { run: benchAccounts, share: 1 },
      },
      limitMs: 300_000,
      hardLimitMs: 600_000,
    },
    args,
  );
}
