import { createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { containerSyncKey, peerSecret } from './key.js';

const generation = (fill: number, number = 1) => ({
  number,
  secret: createSecretKey(Buffer.alloc(32, fill)),
});

it('gives the same key for the same names, whatever the number of the generation', () => {
  const key = containerSyncKey(generation(1), 'AUTH_test', 'photos');
  expect(key).toMatch(/^[0-9a-f]{64}$/);
  expect(containerSyncKey(generation(1, 7), 'AUTH_test', 'photos')).toBe(key);
});

it('never changes: a release that derives other keys would stop every sync', () => {
  expect(containerSyncKey(generation(1), 'AUTH_test', 'photos')).toBe(
    '803327094186850f374b0ac0974e1f08e2bbd5c7c398618887ae5d4dc7fc083f',
  );
  expect(peerSecret(generation(1), 'realm').export().toString('hex')).toBe(
    '0bdfe7b127c10b41f9e2bae54ce7bbfd4936eb11cf62272c0b398920b27bbff0',
  );
});

it('gives another key for any other account, container or secret', () => {
  const name = fc.string({ unit: 'binary', maxLength: 6 });
  fc.assert(
    fc.property(name, name, name, name, (a, b, c, d) => {
      fc.pre(a !== c || b !== d);
      expect(containerSyncKey(generation(1), a, b)).not.toBe(containerSyncKey(generation(1), c, d));
    }),
  );
  expect(containerSyncKey(generation(1), 'a', 'bc')).not.toBe(containerSyncKey(generation(1), 'ab', 'c'));
  expect(containerSyncKey(generation(1), 'a', '\ud800')).not.toBe(
    containerSyncKey(generation(1), 'a', '\ud801'),
  );
  expect(containerSyncKey(generation(1), 'a', 'b')).not.toBe(containerSyncKey(generation(2), 'a', 'b'));
});

it('derives the peer secret by realm without case, apart from every container key', () => {
  const secret = peerSecret(generation(1), 'Realm');
  expect(secret.equals(peerSecret(generation(1), 'REALM'))).toBe(true);
  expect(secret.equals(peerSecret(generation(1), 'other'))).toBe(false);
  expect(secret.equals(peerSecret(generation(2), 'realm'))).toBe(false);
});
