import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalPath,
  parseContainerSyncAuth,
  signContainerSync,
  verifyContainerSync,
} from './container-sync-auth.js';
import { realmSyncTo } from './sync-to.js';

const KEYS = { realmKey: 'realm-key', containerKey: 'container-key' };
const PARTS = { method: 'PUT', path: '/v1/AUTH_t/c/o', timestamp: '1700000000.00000' };
const header = signContainerSync({ ...PARTS, ...KEYS, realm: 'REALM' });

describe("container sync's signature", () => {
  it('is known again, and tells which keys made it', () => {
    const candidates = [
      { realmKey: 'old', containerKey: KEYS.containerKey, tag: 1 },
      { ...KEYS, tag: 2 },
    ];
    expect(verifyContainerSync(header, PARTS, candidates)).toBe(2);
    expect(verifyContainerSync(header, PARTS, candidates.slice(0, 1))).toBeUndefined();
    expect(parseContainerSyncAuth(header)?.realm).toBe('REALM');
  });

  it('does not hold for any other method, path, time, nonce or signature', () => {
    const candidates = [{ ...KEYS, tag: 'ok' }];
    for (const other of [
      { method: 'GET' },
      { path: '/v1/AUTH_t/c/p' },
      { timestamp: '1700000000.00001' },
      { timestamp: undefined },
    ]) {
      expect(verifyContainerSync(header, { ...PARTS, ...other }, candidates)).toBeUndefined();
    }
    const [realm, nonce, signature] = header.split(' ') as [string, string, string];
    const first = signature.startsWith('0') ? '1' : '0';
    expect(verifyContainerSync(`${realm} ${nonce}x ${signature}`, PARTS, candidates)).toBeUndefined();
    expect(
      verifyContainerSync(`${realm} ${nonce} ${first}${signature.slice(1)}`, PARTS, candidates),
    ).toBeUndefined();
  });

  it('never holds with an empty key', () => {
    for (const keys of [
      { ...KEYS, realmKey: '' },
      { ...KEYS, containerKey: '' },
    ]) {
      const signed = signContainerSync({ ...PARTS, ...keys, realm: 'R' });
      expect(verifyContainerSync(signed, PARTS, [{ ...keys, tag: 1 }])).toBeUndefined();
    }
  });

  it.each([
    '',
    'a',
    'a b',
    'a b c',
    `a b ${'0'.repeat(39)}`,
    `a b ${'A'.repeat(40)}`,
    `a b ${'0'.repeat(40)} d`,
    `\u00e9 b ${'0'.repeat(40)}`,
  ])('is not read from %j', (text) => {
    expect(parseContainerSyncAuth(text)).toBeUndefined();
  });
});

const PYTHON = '/usr/bin/python3';
const hasSwift = spawnSync(PYTHON, ['-c', 'import swift.common.container_sync_realms']).status === 0;

const SWIFT_SIDE = `
import json, sys, urllib.parse
from swift.common.container_sync_realms import ContainerSyncRealms
from swift.common.swob import Request
from swift.common.utils import validate_sync_to
class Realms(object):
    def key(self, realm): return 'k'
    def endpoint(self, realm, cluster): return 'http://h/v1/'
out = []
for c in json.load(sys.stdin):
    path = Request({'REQUEST_METHOD': 'PUT', 'PATH_INFO': urllib.parse.unquote(c['target'].split('?', 1)[0], encoding='latin1')}).path
    sig = ContainerSyncRealms.get_sig(None, c['method'], path, c['timestamp'], c['nonce'], c['realmKey'], c['containerKey'])
    endpoint = validate_sync_to(c['syncTo'], [], Realms())[1]
    sent = urllib.parse.urlparse(endpoint).path
    received = Request({'REQUEST_METHOD': 'PUT', 'PATH_INFO': urllib.parse.unquote(sent, encoding='latin1')}).path
    out.append({'path': path, 'sig': sig, 'signedPathIsTheReceived': sent == received})
json.dump(out, sys.stdout)
`;

describe.skipIf(!hasSwift)('against Swift itself', () => {
  it('signs, quotes and names containers as Swift does', () => {
    const visible = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 1,
    });
    const byte = fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code));
    const piece = fc.oneof(
      byte,
      fc.integer({ min: 0, max: 255 }).map((code) => `%${code.toString(16).padStart(2, '0')}`),
    );
    const cases = fc.sample(
      fc.record({
        method: fc.constantFrom('HEAD', 'PUT', 'DELETE'),
        target: fc.string({ unit: piece, maxLength: 20 }).map((text) => `/v1/a/${text}`),
        timestamp: fc.integer({ min: 0, max: 2e9 }).map((seconds) => `${seconds}.00000`),
        nonce: visible,
        realmKey: fc.string({ unit: 'grapheme', minLength: 1 }),
        containerKey: fc.string({ unit: 'grapheme', minLength: 1 }),
        syncTo: fc
          .string({ unit: 'grapheme', minLength: 1 })
          .map((container) => realmSyncTo('r', 'c', 'AUTH_t', container.replaceAll('/', '-'))),
      }),
      300,
    );
    const run = spawnSync(PYTHON, ['-c', SWIFT_SIDE], { input: JSON.stringify(cases), encoding: 'utf8' });
    const answers = JSON.parse(run.stdout) as {
      path: string;
      sig: string;
      signedPathIsTheReceived: boolean;
    }[];
    expect(answers).toHaveLength(cases.length);
    for (const [index, { target, ...signing }] of cases.entries()) {
      const path = canonicalPath(target);
      const signature = signContainerSync({ ...signing, path, realm: 'r' }).split(' ')[2];
      expect({ path, sig: signature, signedPathIsTheReceived: true }).toEqual(answers[index]);
    }
  });
});
