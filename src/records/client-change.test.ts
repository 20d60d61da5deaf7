// Promises of what a client's change adds to the record: what it named, dated newest; of all else only what nobody knew.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordAccount, recordContainer, recordLife, type ContainerChange } from './client-change.js';
import { DESIRED, EMPTY, lifeBeforeIntent, lifeOf, mergeRecords, settingsOf, type Record } from './record.js';
import { hashOf, newestVersion, register } from './register.js';
import { baselineVersion, VersionClock, versionMs } from './version.js';

const NOW = 1_795_359_186_797;
const COLOUR = 'x-container-meta-colour';
const READ = 'x-container-read';

function clock(nowMs = NOW): VersionClock {
  return new VersionClock('one.h.0', () => nowMs, 60_000);
}

function change(
  settings: Readonly<{ [name: string]: string }>,
  rest: Partial<Omit<ContainerChange, 'state'>> & { readonly policy?: string } = {},
): ContainerChange {
  const { policy = 'gold', ...others } = rest;
  return {
    state: {
      settings: new Map(Object.entries(settings)),
      syncTo: undefined,
      syncKey: undefined,
      policy,
      isVersioned: false,
      hasVersionsHeader: false,
      isSharded: false,
      objectCount: 0,
    },
    createdMs: NOW - 1_000_000,
    named: Object.keys(settings),
    sent: new Map(),
    isNew: false,
    placement: ['one', 'two'],
    heldBack: '',
    ...others,
  };
}

function after(current: Record, next: ContainerChange, nowMs = NOW): Record {
  return mergeRecords(current, recordContainer(current, next, clock(nowMs)));
}

function values({ desired }: Record): { [name: string]: string } {
  return Object.fromEntries([...desired].map(([name, { value }]) => [name, value]));
}

describe('a container that is made', () => {
  it('is recorded with settings, placement and policy, and as seen here', () => {
    const record = after(EMPTY, change({ [COLOUR]: 'red' }, { isNew: true }));
    expect(values(record)).toEqual({
      [COLOUR]: 'red',
      life: 'present',
      placement: 'one, two',
      policy: 'gold',
    });
    expect(record.seen.get(DESIRED.life)?.value).toBe(hashOf('present'));
    expect(record.seen.get(COLOUR)?.value).toBe(hashOf('red'));
  });

  it('starts anew after a deletion: what was set before is removed', () => {
    const made = after(EMPTY, change({ [COLOUR]: 'red', [READ]: '.r:*' }, { isNew: true }));
    const deleted = mergeRecords(made, recordLife(made, 'deleted', clock(NOW + 1)));
    const again = after(deleted, change({ [READ]: 'a:b' }, { isNew: true }), NOW + 2);
    expect(values(again)).toMatchObject({ [COLOUR]: '', [READ]: 'a:b', life: 'present' });
  });

  it('does not bring a value back that was overwritten elsewhere before it was deleted meanwhile', () => {
    const made = after(EMPTY, change({ [COLOUR]: 'red' }, { isNew: true }));
    const changed = after(made, change({ [COLOUR]: 'blue' }), NOW + 1);
    const deleted = mergeRecords(changed, recordLife(changed, 'deleted', clock(NOW + 2)));
    const again = after(deleted, change({ [COLOUR]: 'red' }, { named: [] }), NOW + 3);
    expect(values(again)).toMatchObject({ [COLOUR]: '', life: 'present' });
  });

  it('has the settings it was deleted with when it lives again, and none of those before', () => {
    const made = after(EMPTY, change({ [COLOUR]: 'red' }, { isNew: true }));
    const deleted = mergeRecords(made, recordLife(made, 'deleted', clock(NOW + 1)));
    const again = after(deleted, change({ [READ]: 'a:b' }, { isNew: true }), NOW + 2);
    const gone = mergeRecords(again, recordLife(again, 'deleted', clock(NOW + 3)));
    const lives = mergeRecords(gone, recordLife(gone, 'present', clock(NOW + 4)));
    const settings = [...settingsOf('container', lives.desired)].map(([name, { value }]) => [name, value]);
    expect(Object.fromEntries(settings)).toEqual({ [COLOUR]: '', [READ]: 'a:b' });
    expect(lifeOf(lives)).toBe('present');
  });

  it('starts anew whichever of two requests is recorded first', () => {
    const made = after(EMPTY, change({ [COLOUR]: 'red' }, { isNew: true }));
    const deleted = mergeRecords(made, recordLife(made, 'deleted', clock(NOW + 1)));
    const posted = after(deleted, change({ [READ]: 'a:b' }), NOW + 2);
    const put = after(posted, change({}, { isNew: true, named: [] }), NOW + 3);
    expect(values(put)).toMatchObject({ [COLOUR]: '', [READ]: 'a:b', life: 'present' });
  });

  it('keeps what was set since it was made, and loses what was set before, where its deletion is meant', () => {
    const made = after(EMPTY, change({ [COLOUR]: 'red' }, { isNew: true }));
    const meant = mergeRecords(made, recordLife(made, 'deleting', clock(NOW + 2)));
    const late = (madeMs: number): Record =>
      after(meant, change({}, { isNew: true, madeAt: clock(madeMs).next() }), NOW + 3);
    expect(values(late(NOW - 1))).toMatchObject({ [COLOUR]: 'red', life: 'present' });
    expect(values(late(NOW + 1))).toMatchObject({ [COLOUR]: 'red', life: 'present' });
    expect(values(late(NOW + 3))).toMatchObject({ [COLOUR]: '', life: 'present' });
  });

  it('keeps what another cluster recorded of it where it had only not come here yet', () => {
    const theirs = { desired: after(EMPTY, change({ [COLOUR]: 'red' }, { isNew: true })).desired };
    const mine = after({ ...EMPTY, ...theirs }, change({ [READ]: 'a:b' }, { isNew: true }), NOW + 1);
    expect(values(mine)).toMatchObject({ [COLOUR]: 'red', [READ]: 'a:b' });
  });
});

describe('a change to a container', () => {
  it('dates what it names newer than all there was, and leaves the rest as it was', () => {
    fc.assert(
      fc.property(fc.integer({ min: -50_000, max: 50_000 }), fc.constantFrom('red', ''), (skew, value) => {
        const made = after(EMPTY, change({ [COLOUR]: 'blue', [READ]: 'a:b' }, { isNew: true }));
        const held = value === '' ? {} : { [COLOUR]: value };
        const changed = after(made, change({ ...held, [READ]: 'other' }, { named: [COLOUR] }), NOW + skew);
        expect(changed.desired.get(COLOUR)?.value).toBe(value);
        expect((changed.desired.get(COLOUR)?.version ?? '') > (newestVersion(made.desired) ?? '')).toBe(true);
        expect(changed.desired.get(READ)).toEqual(made.desired.get(READ));
      }),
    );
  });

  it('that changes nothing adds nothing to what is desired', () => {
    const made = after(EMPTY, change({ [COLOUR]: 'blue' }, { isNew: true }));
    const added = recordContainer(made, change({ [COLOUR]: 'blue' }, { named: [] }), clock(NOW + 1));
    expect(added.desired.size).toBe(0);
  });

  it('is what the client set, where what was recorded before was put back before it was looked at', () => {
    const made = after(EMPTY, change({ [COLOUR]: 'blue' }, { isNew: true }));
    const back = change({ [COLOUR]: 'blue' }, { sent: new Map([[COLOUR, 'red']]) });
    expect(values(after(made, back, NOW + 1))[COLOUR]).toBe('red');
    const others = change({ [COLOUR]: 'green' }, { sent: new Map([[COLOUR, 'red']]) });
    expect(values(after(made, others, NOW + 1))[COLOUR]).toBe('green');
  });

  it('takes over what nobody had recorded, dated as the container is: older than any change through us', () => {
    const record = after(EMPTY, change({ [COLOUR]: 'red', [READ]: 'a:b' }, { named: [COLOUR] }));
    expect(versionMs(record.desired.get(READ)?.version ?? '')).toBe(NOW - 1_000_000);
    expect(versionMs(record.desired.get(COLOUR)?.version ?? '')).toBe(NOW);
  });

  it('remembers that a container is held back only where one is, or was', () => {
    const plain = after(EMPTY, change({}, { isNew: true }));
    expect(plain.desired.has(DESIRED.heldBack)).toBe(false);
    const held = after(plain, change({}, { heldBack: 'versioned' }), NOW + 1);
    expect(held.desired.get(DESIRED.heldBack)?.value).toBe('versioned');
    expect(after(held, change({}), NOW + 2).desired.get(DESIRED.heldBack)?.value).toBe('');
  });
});

describe('a deletion', () => {
  it('goes from intent to tombstone, each newer than the one before, whatever the clocks', () => {
    const made = after(EMPTY, change({}, { isNew: true }));
    const meant = mergeRecords(made, recordLife(made, 'deleting', clock(NOW - 30_000)));
    const done = mergeRecords(meant, recordLife(meant, 'deleted', clock(NOW - 50_000)));
    expect(lifeOf(meant)).toBe('deleting');
    expect(lifeOf(done)).toBe('deleted');
    expect(done.seen.get(DESIRED.life)?.value).toBe(hashOf('absent'));
  });

  it('that is withdrawn leaves nothing known of what nobody knew', () => {
    const meant = mergeRecords(EMPTY, recordLife(EMPTY, 'deleting', clock()));
    expect(lifeBeforeIntent(meant)).toBe('');
    expect(lifeOf(mergeRecords(meant, recordLife(meant, '', clock(NOW + 1))))).toBeUndefined();
  });

  it('leaves what was before to be known, however often it is meant', () => {
    const made = after(EMPTY, change({}, { isNew: true }));
    const meant = mergeRecords(made, recordLife(made, 'deleting', clock(NOW + 1)));
    const twice = mergeRecords(meant, recordLife(meant, 'deleting', clock(NOW + 2)));
    expect(lifeBeforeIntent(twice)).toBe('present');
  });
});

describe("an account's settings", () => {
  it('are dated newest where named, and oldest of all where nobody had recorded them', () => {
    const settings = new Map([
      ['x-account-meta-a', '1'],
      ['x-account-meta-b', '2'],
    ]);
    const { desired } = recordAccount(EMPTY, { settings, named: ['x-account-meta-b'] }, clock());
    expect(desired.get('x-account-meta-a')).toEqual(register('1', baselineVersion(0, 'one.h.0')));
    expect(versionMs(desired.get('x-account-meta-b')?.version ?? '')).toBe(NOW);
    expect(desired.get(DESIRED.life)?.value).toBe('present');
  });
});
