// Promises of records: they merge the same in whatever order they meet, and come back from JSON as they were.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  EMPTY,
  markOf,
  mergeRecords,
  parseRecord,
  renderChange,
  renderRecord,
  type Record,
} from './record.js';
import { mergeRegister, register, type Register, type Registers } from './register.js';
import { baselineVersion } from './version.js';

/** Few of each, so that they meet: a version always has the same value, as a writer makes it. */
const version = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.constantFrom('one.h.0', 'two.h.0'))
  .map(([ms, writer]) => baselineVersion(ms, writer));
const aRegister = version.map((each) => register(`value of ${each}`, each));
/** As they come about: by merging what writers wrote. */
const merged = fc
  .array(aRegister, { minLength: 1, maxLength: 14 })
  .map((all) => all.reduce((a, b) => mergeRegister(a, b)));
const registers: fc.Arbitrary<Registers> = fc
  .array(fc.tuple(fc.constantFrom('life', 'x-container-meta-a', 'of-a-newer-program'), merged))
  .map((entries) => new Map<string, Register>(entries));
const record: fc.Arbitrary<Record> = fc.record({ desired: registers, seen: registers });

function plain(each: Record): unknown {
  return JSON.parse(renderRecord({ desired: sorted(each.desired), seen: sorted(each.seen) }).toString());
}

function sorted(each: Registers): Registers {
  return new Map([...each].sort(([a], [b]) => (a < b ? -1 : 1)));
}

describe('records', () => {
  it('merge to the same in whatever order, and however often, they meet', () => {
    fc.assert(
      fc.property(record, record, record, (a, b, c) => {
        expect(plain(mergeRecords(a, b))).toEqual(plain(mergeRecords(b, a)));
        const left = mergeRecords(mergeRecords(a, b), c);
        expect(plain(left)).toEqual(plain(mergeRecords(a, mergeRecords(b, c))));
        expect(plain(mergeRecords(left, b))).toEqual(plain(left));
        expect(plain(mergeRecords(a, EMPTY))).toEqual(plain(a));
      }),
    );
  });

  it('come back from JSON as they were, registers of newer programs included', () => {
    fc.assert(
      fc.property(record, (each) => {
        expect(plain(parseRecord(renderRecord(each)))).toEqual(plain(each));
        expect(parseRecord(renderChange(each.desired)).seen.size).toBe(0);
      }),
    );
  });

  it('have one mark if and only if they want the same', () => {
    fc.assert(
      fc.property(record, record, (a, b) => {
        const wants = (each: Record): unknown =>
          [...sorted(each.desired)].map(([name, { value, version: at }]) => [name, value, at]);
        expect(markOf(a) === markOf(b)).toBe(JSON.stringify(wants(a)) === JSON.stringify(wants(b)));
      }),
    );
  });

  it('remember no more than eight values before the newest, by their hashes', () => {
    const all = Array.from({ length: 20 }, (_, i) => register(`secret ${i}`, baselineVersion(i, 'one.h.0')));
    const one = all.reduce((a, b) => mergeRegister(a, b));
    expect(one.value).toBe('secret 19');
    expect(one.before).toHaveLength(8);
    expect(JSON.stringify(one.before)).not.toContain('secret');
  });
});

describe('a change on its way to a peer', () => {
  it('stays within what a signature covers, however much was set before', () => {
    const settings = Array.from({ length: 90 }, (_, i): [string, Register] => {
      const writings = Array.from({ length: 9 }, (__, at) =>
        register('x'.repeat(250), baselineVersion(at, 'w'.repeat(60))),
      );
      return [`x-container-meta-${i}`, writings.reduce((a, b) => mergeRegister(a, b))];
    });
    expect(renderChange(new Map(settings)).length).toBeLessThan(65_536);
  });
});

it.each([
  'no json',
  '{}',
  '{"format":2,"desired":{}}',
  '{"format":1}',
  '{"format":1,"desired":{"life":"present"}}',
  '{"format":1,"desired":{"life":["present","1"]}}',
  '{"format":1,"desired":{"life":["present","00000000000001.0000.w",[["x","y"]]]}}',
])('%s is no record', (text) => {
  expect(() => parseRecord(Buffer.from(text))).toThrow('record');
});
