// Promises of the kinds of values.
import { describe, expect, it } from 'vitest';
import { option, valueName } from './option.js';
import * as is from './types.js';
import { hostOf, normaliseUrl, portOf } from './urls.js';

describe('values', () => {
  it.each([
    [is.boolean, 'Yes', true],
    [is.boolean, 'off', false],
    [is.seconds(0, 10), '0.25', 250],
    [is.workers, 'AUTO', 'auto'],
    [is.workers, '3', 3],
    [is.port, '0', 0],
    [is.oneOf('DEBUG', 'INFO'), 'debug', 'DEBUG'],
    [is.hosts, 'Secondary.com,\n 10.0.0.1, ::1', ['secondary.com', '10.0.0.1', '::1']],
    [is.urls, 'HTTP://Primary.com:80/, https://b:8443/x/', ['http://primary.com', 'https://b:8443/x']],
    [is.patterns, 'AUTH_*, KEY_?', ['AUTH_*', 'KEY_?']],
    [is.clusters, 'Primary, secondary', ['Primary', 'secondary']],
    [is.wordList, ' a\n b  c', ['a', 'b', 'c']],
    [
      is.policyMap,
      'Gold: standard, *:default',
      new Map([
        ['gold', 'standard'],
        ['*', 'default'],
      ]),
    ],
  ])('%# reads %j', (type, text, value) => {
    expect(type.parse(text)).toEqual({ value });
  });

  it.each([
    [is.boolean, 'maybe'],
    [is.seconds(0, 10), '11'],
    [is.seconds(0, 10), '5s'],
    [is.seconds(0, 10), '-1'],
    [is.integer(1, 5), '0x2'],
    [is.port, '65536'],
    [is.bytes(1, 9), '1k'],
    [is.oneOf('a', 'b'), 'c'],
    [is.hosts, 'http://h'],
    [is.hosts, ','],
    [is.urls, 'h:80'],
    [is.urls, 'http://h, http://H/'],
    [is.url, 'http://h/?a=b'],
    [is.httpServers, 'http://h:1/v1'],
    [is.patterns, 'AUTH_*/c'],
    [is.clusters, 'a, b, A'],
    [is.address, 'a b'],
    [is.policyMap, 'gold = standard'],
    [is.policyMap, 'gold: *'],
    [is.policyMap, 'gold: a, GOLD: b'],
    [is.text, 'a\nb'],
  ])('%# refuses %j, and says what to write', (type, text) => {
    expect(type.parse(text)).toEqual({
      wrong: expect.any(String) as string,
      fix: expect.stringMatching(/\.$/) as string,
    });
  });

  it('names in the program have the unit', () => {
    expect(valueName('peer_timeout', option(is.seconds(0, 1), { doc: '', default: '1' }))).toBe(
      'peerTimeoutMs',
    );
    expect(valueName('max_header_size', option(is.bytes(0, 1), { doc: '' }))).toBe('maxHeaderSizeBytes');
  });

  it('a URL with credentials is refused and not shown', () => {
    expect(JSON.stringify(normaliseUrl('http://u:secret@h'))).not.toContain('secret');
    expect(JSON.stringify(normaliseUrl('http://u:secret@[h'))).not.toContain('secret');
  });

  it('host and port of a URL', () => {
    expect([hostOf('http://[::1]:81'), portOf('http://[::1]:81')]).toEqual(['::1', 81]);
    expect([portOf('http://h'), portOf('https://h')]).toEqual([80, 443]);
  });
});
