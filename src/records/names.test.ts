// Promises of the names of our objects: nothing is lost in them, and they sort as what they name.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareNames } from '../lib/name-order.js';
import {
  clusterLabel,
  containersPrefix,
  contentTypeOf,
  markIn,
  parsePending,
  pendingObject,
  pendingPrefix,
  recordObject,
} from './names.js';
import { baselineVersion } from './version.js';

/** Swift takes everything but `/` in the names of accounts and containers. */
const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
  .filter((text) => !text.includes('/'));
const WRITER = 'one.h.0';
const VERSION = baselineVersion(1_795_359_186_797, WRITER);

describe('a note of what a peer has yet to be told', () => {
  it('names container, version and peer, and gives them back', () => {
    fc.assert(
      fc.property(name, name, (account, container) => {
        const object = pendingObject('TWO', { account, container }, VERSION);
        expect(object.startsWith(pendingPrefix('two'))).toBe(true);
        expect(parsePending(object)).toEqual({ object, name: { account, container }, version: VERSION });
      }),
    );
  });

  it('names an account alone where no container is meant', () => {
    const object = pendingObject('two', { account: 'AUTH_a' }, VERSION);
    expect(parsePending(object)?.name).toEqual({ account: 'AUTH_a' });
  });

  it.each(['', 'p/two/AUTH_a/c', 'c/two/AUTH_a/c/1', 'w/one.h.0'])('%j is none', (object) => {
    expect(parsePending(object)).toBeUndefined();
  });
});

describe("one writer's records of an account's containers", () => {
  it('lie behind one prefix that no other account’s share, in the order of the containers', () => {
    fc.assert(
      fc.property(name, name, fc.array(name, { minLength: 2 }), (account, other, containers) => {
        const prefix = containersPrefix(WRITER, account);
        const objects = containers.map((container) => recordObject(WRITER, { account, container }));
        expect(objects.every((object) => object.startsWith(prefix))).toBe(true);
        const theirs = recordObject(WRITER, { account: other, container: 'c' });
        expect(theirs.startsWith(prefix)).toBe(other === account);
        const sorted = [...objects].sort(compareNames).map((object) => object.slice(prefix.length));
        expect(sorted).toEqual([...containers].sort(compareNames));
      }),
    );
  });

  it('are apart from the account’s own', () => {
    expect(recordObject(WRITER, { account: 'AUTH_a' })).toBe('a/one.h.0/AUTH_a');
    expect(recordObject(WRITER, { account: 'AUTH_a', container: 'a' })).toBe('c/one.h.0/AUTH_a/a');
  });
});

it('a mark comes back from the content type that it is kept in', () => {
  expect(markIn(contentTypeOf('0123456789abcdef-deleted1795359186797'))).toBe(
    '0123456789abcdef-deleted1795359186797',
  );
  expect(markIn('application/json')).toBe('');
});

it('a cluster named by URL gets a label that object names can hold', () => {
  expect(clusterLabel('http://Primary.com:8080')).toBe('http-primary-com-8080');
  expect(clusterLabel('TWO_b')).toBe('two_b');
});
