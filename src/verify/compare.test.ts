// Planted faults are found, whoever has them, and what is the same is left alone.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareCopies, differingMetadata, expiresMs, isYoung, type Copy, type Said } from './compare.js';

const COPY: Copy = { ticks: 100n, etag: 'e', length: 1, metadata: new Map([['content-type', 'a/b']]) };
const CLUSTERS = ['one', 'two', 'three', 'four'];

const FAULTS = {
  absent: 'absent',
  unclear: 'unclear',
  stale: { ...COPY, ticks: 99n, etag: 'older' },
  otherBytes: { ...COPY, etag: 'other' },
  otherMetadata: { ...COPY, metadata: new Map([['content-type', 'c/d']]) },
} as const satisfies Record<string, Said>;

describe('compareCopies', () => {
  it('finds each planted fault at its cluster, and no other', () => {
    const fault = fc.constantFrom('newest' as const, ...(Object.keys(FAULTS) as (keyof typeof FAULTS)[]));
    fc.assert(
      fc.property(fc.array(fault, { minLength: 3, maxLength: 3 }), (faults) => {
        // The first one is well, so that what is planted is a fault.
        const planted = ['newest' as const, ...faults];
        const said = planted.map(
          (each, i) => [CLUSTERS[i]!, each === 'newest' ? COPY : FAULTS[each]] as const,
        );
        const { ticks, copy, ...found } = compareCopies(new Map(said))!;
        expect([ticks, copy]).toEqual([100n, COPY]);
        for (const [kind, clusters] of Object.entries(found))
          expect([kind, clusters]).toEqual([kind, CLUSTERS.filter((_, i) => planted[i] === kind)]);
      }),
    );
  });

  it('takes a newer date for newer, whatever else is equal', () => {
    const said = new Map<string, Said>([
      ['one', COPY],
      ['two', { ...COPY, ticks: 101n }],
    ]);
    expect(compareCopies(said)).toMatchObject({ ticks: 101n, newest: ['two'], stale: ['one'] });
  });

  it('says nothing where no cluster has it', () => {
    expect(compareCopies(new Map([['one', 'absent']]))).toBeUndefined();
    expect(compareCopies(new Map([['one', 'unclear']]))).toBeUndefined();
  });
});

it('names the metadata that differs, also what only one has', () => {
  const other = { ...COPY, metadata: new Map([...COPY.metadata, ['x-object-meta-a', '1']]) };
  expect(differingMetadata(COPY, other)).toEqual(['x-object-meta-a']);
  expect(differingMetadata(FAULTS.otherMetadata, COPY)).toEqual(['content-type']);
});

it('takes for young what is dated just before or just after now, and nothing from far ahead', () => {
  expect([-59_000, 59_000, -60_000, 60_000].map((ms) => isYoung(1e9 + ms, 1e9, 60_000))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

it('knows when an object expires', () => {
  expect(expiresMs(COPY)).toBe(Infinity);
  expect(expiresMs({ ...COPY, metadata: new Map([['x-delete-at', '12']]) })).toBe(12_000);
});
