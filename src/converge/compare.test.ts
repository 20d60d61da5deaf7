// Promises of the comparison: which differences are mended, and which are taken over as somebody's doing.
import { describe, expect, it } from 'vitest';
import { EMPTY, type Record } from '../records/record.js';
import { hashOf, mergeRegister, register, type Register } from '../records/register.js';
import { baselineVersion, VersionClock } from '../records/version.js';
import { compare, SETTLE_MS, type Comparison, type Moment, type Observed } from './compare.js';

const NOW = 1_795_359_186_797;
const LONG_AGO = NOW - 10 * SETTLE_MS;
const X = 'x-container-meta-x';

function at(ms: number, value: string): Register {
  return register(value, baselineVersion(ms, 'two.h.0'));
}

function record(desired: { [name: string]: Register }, seen: { [name: string]: string } = {}): Record {
  const confirmed = Object.entries(seen).map(([name, value]) => [name, at(LONG_AGO, hashOf(value))] as const);
  return { desired: new Map(Object.entries(desired)), seen: new Map(confirmed) };
}

function here(settings: { [name: string]: string } = {}, dateMs = LONG_AGO): Observed {
  return { settings: new Map(Object.entries(settings)), policy: 'gold', dateMs, createdMs: dateMs };
}

function look(found: Record, observed: Observed | undefined): Comparison {
  const clock = new VersionClock('one.h.0', () => NOW, 0);
  const nextVersion: Moment['nextVersion'] = (after) => clock.next(after);
  return compare('container', found, observed, { nowMs: NOW, nextVersion, writer: 'one.h.0' });
}

const PRESENT = { life: at(LONG_AGO, 'present') };
const DELETED = { life: mergeRegister(at(LONG_AGO, 'present'), at(LONG_AGO + 1, 'deleted')) };

describe('a container that is to be there', () => {
  it('is made where it never was', () => {
    expect(look(record(PRESENT), undefined).life).toBe('create');
  });

  it('was deleted past the gateways where it had been, and is not any more', () => {
    expect(look(record(PRESENT, { life: 'present' }), undefined).life).toBe('deleted-here');
  });

  it('is made again where it lives again since shortly: a late DELETE may have met it', () => {
    const revived = { life: mergeRegister(at(NOW - 2, 'deleted'), at(NOW - 1, 'present')) };
    expect(look(record(revived, { life: 'present' }), undefined).life).toBe('create');
  });
});

describe('a container that is to be gone', () => {
  it('is deleted where it is', () => {
    expect(look(record(DELETED, { life: 'present' }), here()).life).toBe('delete');
    expect(look(record(DELETED), here()).life).toBe('delete');
  });

  it('was made anew past the gateways where it had gone: all that is here is taken over', () => {
    const found = look(
      record({ ...DELETED, [X]: at(LONG_AGO, 'old') }, { life: 'absent', [X]: 'old' }),
      here(),
    );
    expect(found.life).toBe('created-here');
    expect(found.adopted.get('life')?.value).toBe('present');
    expect(found.adopted.get(X)?.value ?? '').toBe('');
    expect(found.behind.size).toBe(0);
  });

  it('stays as it is while somebody only means to delete it', () => {
    expect(look(record({ life: at(NOW, 'deleting') }), here()).life).toBe('intended');
  });
});

describe('a container in no record', () => {
  it('is taken over as it stands, dated by Swift', () => {
    const found = look(EMPTY, here({ [X]: '1' }, 5_000));
    expect(found.life).toBe('unknown');
    expect(found.adopted.get(X)).toEqual(register('1', baselineVersion(5_000, 'one.h.0')));
    expect([found.adopted.get('life')?.value, found.adopted.get('policy')?.value]).toEqual([
      'present',
      'gold',
    ]);
  });

  it('is taken over as well where an intent to delete it was withdrawn', () => {
    const found = look(record({ life: at(NOW, '') }, { life: 'present' }), here({ [X]: '1' }));
    expect(found.adopted.get('life')?.value).toBe('present');
    expect((found.adopted.get('life')?.version ?? '') > at(NOW, '').version).toBe(true);
  });

  it('that is not here is nothing', () => {
    expect(look(EMPTY, undefined)).toMatchObject({ life: 'same', behind: new Map(), adopted: new Map() });
  });
});

describe('a setting', () => {
  const wanted = { ...PRESENT, [X]: mergeRegister(at(LONG_AGO, 'old'), at(LONG_AGO + 1, 'new')) };

  it('is set where what was seen last still stands', () => {
    const found = look(record(wanted, { life: 'present', [X]: 'old' }), here({ [X]: 'old' }));
    expect([...found.behind]).toEqual([[X, 'new']]);
    expect(found.adopted.size).toBe(0);
  });

  it('is removed where it was removed elsewhere', () => {
    const removed = { ...PRESENT, [X]: at(LONG_AGO, '') };
    const found = look(record(removed, { life: 'present', [X]: 'old' }), here({ [X]: 'old' }));
    expect([...found.behind]).toEqual([[X, '']]);
  });

  it('is taken over, as the newest, where it is neither what is wanted nor what was seen', () => {
    const found = look(record(wanted, { life: 'present', [X]: 'new' }), here({ [X]: 'by hand' }));
    expect(found.adopted.get(X)?.value).toBe('by hand');
    expect(found.adopted.get(X)!.version > wanted[X].version).toBe(true);
  });

  it('that was removed by hand is taken over as removed', () => {
    const found = look(record(wanted, { life: 'present', [X]: 'new' }), here());
    expect(found.adopted.get(X)?.value).toBe('');
  });

  it('that an older change overtook is set again, not taken over', () => {
    const fresh = { ...PRESENT, [X]: mergeRegister(at(NOW - 20, 'old'), at(NOW - 10, 'new')) };
    const found = look(record(fresh, { life: 'present', [X]: 'new' }), here({ [X]: 'old' }, NOW));
    expect([...found.behind]).toEqual([[X, 'new']]);
  });

  it('that nobody recorded is taken over', () => {
    const found = look(record(PRESENT, { life: 'present' }), here({ [X]: 'by hand' }));
    expect(found.adopted.get(X)?.value).toBe('by hand');
  });

  it('never confirmed here goes by dates: the newer of the two wins', () => {
    const older = look(record(wanted), here({ [X]: 'here' }, LONG_AGO - 5_000));
    expect([...older.behind]).toEqual([[X, 'new']]);
    const newer = look(record(wanted), here({ [X]: 'here' }, LONG_AGO + 5_000));
    expect(newer.adopted.get(X)?.value).toBe('here');
  });

  it('that is as wanted is confirmed, once', () => {
    const found = look(record(wanted, { life: 'present', [X]: 'old' }), here({ [X]: 'new' }));
    expect([...found.confirmed.keys()]).toEqual([X]);
    expect(found.confirmed.get(X)?.value).toBe(hashOf('new'));
    const again = look(record(wanted, { life: 'present', [X]: 'new' }), here({ [X]: 'new' }));
    expect(again.confirmed.size).toBe(0);
  });
});
