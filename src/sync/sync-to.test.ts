import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOwnSyncTo, parseSyncTo, realmSyncTo, sameSyncTo, urlSyncTo } from './sync-to.js';

const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('/'));

describe('building and reading', () => {
  it('quotes as Swift does, so that the realm form has exactly four parts', () => {
    expect(realmSyncTo('realm', 'SECONDARY', 'AUTH_test', "a b!'()*;é~?#%")).toBe(
      '//realm/SECONDARY/AUTH_test/a%20b%21%27%28%29%2A%3B%C3%A9~%3F%23%25',
    );
  });

  it('gives back the names it was built from, in both forms', () => {
    fc.assert(
      fc.property(name, name, (account, container) => {
        const inRealm = parseSyncTo(realmSyncTo('r', 'C', account, container));
        expect(inRealm).toEqual({ form: 'realm', realm: 'r', cluster: 'C', account, container });
        const byUrl = parseSyncTo(urlSyncTo('http://Host:8080/', account, container));
        expect(byUrl).toEqual({ form: 'url', base: 'http://host:8080/v1', account, container });
      }),
    );
  });

  it.each(['http://h', 'http://h/', 'http://h/v1', 'http://h/v1/'])('adds the version to %s once', (url) => {
    expect(urlSyncTo(url, 'a', 'c')).toBe('http://h/v1/a/c');
  });

  it.each([
    '',
    '/',
    '////',
    '//r/c/a',
    '//r/c/a/c/o',
    '//r/c//c',
    '///c/a/c',
    '//r/c/a/%ff',
    'ftp://h/v1/a/c',
    'http://h/c',
    'http://h/a/c',
    'http:///v1/a/c',
    'http://u@h/v1/a/c',
    'http://h/v1/a/c?q',
    'http://h/v1/a/c;p',
    'http://h/v1/a/c#f',
    'x',
  ])('knows that %j is no sync-to it can take apart', (value) => {
    expect(parseSyncTo(value)).toBeUndefined();
  });

  it('reads in linear time', () => {
    const startMs = performance.now();
    for (const text of ['/'.repeat(1e5) + 'x', `http://${'/'.repeat(1e5)}`, 'http://' + '%'.repeat(1e5)])
      parseSyncTo(text);
    expect(performance.now() - startMs).toBeLessThan(1000);
  });
});

describe('whose it is', () => {
  const own = { realm: 'Realm', clusters: ['primary', 'secondary', 'http://Third.com:8080'] };

  it.each([
    '//realm/SECONDARY/AUTH_t/c%C3%A9',
    '//REALM/primary/AUTH%5ft/c%c3%a9/',
    'http://third.com:8080/v1/AUTH_t/c%C3%A9',
    'HTTP://THIRD.com:8080/v1/AUTH_t/c\u00c3\u00a9',
  ])('%s is ours', (value) => {
    expect(isOwnSyncTo(value, own, 'AUTH_t', 'cé')).toBe(true);
  });

  it.each([
    '//realm/fourth/AUTH_t/c%C3%A9',
    '//other/primary/AUTH_t/c%C3%A9',
    '//realm/primary/AUTH_u/c%C3%A9',
    '//realm/primary/AUTH_t/other',
    'http://third.com/v1/AUTH_t/c%C3%A9',
    'https://third.com:8080/v1/AUTH_t/c%C3%A9',
    'http://third.com:8080/v2/AUTH_t/c%C3%A9',
    '',
  ])('%s is not', (value) => {
    expect(isOwnSyncTo(value, own, 'AUTH_t', 'cé')).toBe(false);
  });

  it('takes no realm for ours where clusters are named by URL', () => {
    expect(isOwnSyncTo('//x/http:/a/c', { clusters: ['http://x'] }, 'a', 'c')).toBe(false);
    expect(isOwnSyncTo('http://x:80/v1/a/c', { clusters: ['http://x'] }, 'a', 'c')).toBe(true);
  });
});

describe('whether to rewrite', () => {
  const wanted = realmSyncTo('realm', 'SECONDARY', 'AUTH_t', 'a b');

  it.each([
    '//realm/SECONDARY/AUTH_t/a%20b',
    '//REALM/secondary/AUTH_t/a%20b',
    '//realm/SECONDARY/AUTH_t/a%20b/',
  ])('leaves %s, since a new spelling would check every object again', (current) => {
    expect(sameSyncTo(current, wanted)).toBe(true);
  });

  it.each(['//realm/SECONDARY/AUTH_t/a b', '//realm/SECONDARY/AUTH_t/%61%20b'])(
    'rewrites %s, which Swift accepts and the receiving cluster then always refuses',
    (current) => {
      expect(sameSyncTo(current, wanted)).toBe(false);
    },
  );

  it.each([
    '',
    '//realm/THIRD/AUTH_t/a%20b',
    '//other/SECONDARY/AUTH_t/a%20b',
    '//realm/SECONDARY/AUTH_t/a',
    'http://h/v1/AUTH_t/a%20b',
  ])('rewrites %j, which leads elsewhere', (current) => {
    expect(sameSyncTo(current, wanted)).toBe(false);
    expect(sameSyncTo(wanted, current)).toBe(false);
  });

  it('leaves a URL whose host, default port or quoting is only spelled otherwise', () => {
    const url = urlSyncTo('http://h', 'AUTH_t', 'a b!');
    expect(sameSyncTo('HTTP://H:80/v1/AUTH_t/a%20b!', url)).toBe(true);
    expect(sameSyncTo('http://h:81/v1/AUTH_t/a%20b!', url)).toBe(false);
  });
});
