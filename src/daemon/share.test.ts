// Promises of sharing: each container is one process's, and no process has far more than its part.
import { expect, it } from 'vitest';
import { isInShare, WHOLE } from './share.js';

const names = Array.from({ length: 3_000 }, (_, i) => ({ account: `AUTH_${i % 7}`, container: `c${i}` }));

it.each([1, 2, 3, 8])(
  'each of %i processes has its part, and every container is in one of them',
  (processes) => {
    const parts = Array.from({ length: processes }, (_, process) =>
      names.filter((name) => isInShare({ processes, process }, name)),
    );
    expect(parts.flat()).toHaveLength(names.length);
    expect(new Set(parts.flat()).size).toBe(names.length);
    for (const part of parts) {
      expect(part.length).toBeGreaterThan((0.8 * names.length) / processes);
      expect(part.length).toBeLessThan((1.2 * names.length) / processes);
    }
  },
);

it('one process that knows of no others does all', () => {
  expect(names.filter((name) => isInShare(WHOLE, name))).toHaveLength(names.length);
  expect(isInShare({ processes: 0, process: 0 }, { account: 'AUTH_a' })).toBe(true);
});
