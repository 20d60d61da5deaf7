// Promises of what is remembered of copies that were not done.
import { describe, expect, it } from 'vitest';
import { Unproven } from './unproven.js';

const name = (container: string) => ({ account: 'a', container });

describe('what was not copied', () => {
  it('counts from the first on, and ends when its container is proven up to the last', () => {
    const unproven = new Unproven(10);
    unproven.add(name('c'), { firstMs: 5, lastMs: 6 }, 1);
    unproven.add(name('c'), { firstMs: 8, lastMs: 9 }, 1);
    expect(unproven.state()).toMatchObject({ sinceMs: 5, jobs: 2 });
    unproven.proven(unproven.next()!);
    expect(unproven.state().sinceMs).toBeUndefined();
  });

  it('is not proven by a look that began before', () => {
    const unproven = new Unproven(10);
    unproven.add(name('c'), { firstMs: 5, lastMs: 6 }, 1);
    const seen = unproven.next()!;
    unproven.add(name('c'), { firstMs: 7, lastMs: 7 }, 1);
    unproven.proven(seen);
    expect(unproven.state()).toMatchObject({ sinceMs: 5, jobs: 2 });
  });

  it('is looked at in turn', () => {
    const unproven = new Unproven(10);
    for (const container of ['c', 'd']) unproven.add(name(container), { firstMs: 1, lastMs: 1 }, 1);
    expect([1, 2, 3].map(() => unproven.next()?.container)).toEqual(['c', 'd', 'c']);
  });

  it('may be anywhere where there are too many names, and is never forgotten for that', () => {
    const unproven = new Unproven(1);
    unproven.add(name('c'), { firstMs: 3, lastMs: 3 }, 1);
    unproven.add(name('d'), { firstMs: 2, lastMs: 4 }, 1);
    unproven.proven(unproven.next()!);
    expect(unproven.state()).toMatchObject({ sinceMs: 2, anywhere: { firstMs: 2, lastMs: 4 } });
    unproven.provenAnywhere({ firstMs: 2, lastMs: 3 });
    expect(unproven.anywhere).toBeDefined();
    unproven.provenAnywhere({ firstMs: 2, lastMs: 4 });
    expect(unproven.state().sinceMs).toBeUndefined();
  });

  it('comes through a report as it was, though not every name is in it', () => {
    const [before, after] = [new Unproven(10), new Unproven(10)];
    for (const [i, container] of ['c', 'd', 'e'].entries())
      before.add(name(container), { firstMs: i, lastMs: i }, 1);
    after.addAll(before.state(1));
    expect(after.state()).toMatchObject({ sinceMs: 0, anywhere: { firstMs: 1, lastMs: 2 } });
  });
});
