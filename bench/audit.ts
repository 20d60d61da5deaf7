// `npm run bench:audit`: what a pass of the daemon over a large account costs.
import { benchAuditModel } from './parts/audit-model.js';
import { benchAuditReal } from './parts/audit-real.js';
import { runSuite } from './suite.js';

export function main(args: readonly string[]): Promise<void> {
  return runSuite(
    {
      name: 'audit',
      description: "Measures the daemon's audit of a large account.",
      parts: {
        'audit-model': { run: benchAuditModel, share: 1 },
        'audit-real': { run: benchAuditReal, share: 1 },
      },
      limitMs: 1_800_000,
      hardLimitMs: 3_600_000,
    },
    args,
  );
}
