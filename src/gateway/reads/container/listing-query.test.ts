// Only what makes a listing is asked of another cluster.
import { describe, expect, it } from 'vitest';
import { listingQuery } from './listing-query.js';

describe('of a client’s query', () => {
  it.each([
    ['/v1/a/c', ''],
    ['/v1/a/c?', ''],
    ['/v1/a/c?limit=2&marker=a%2Fb&end_marker=z', '?limit=2&marker=a%2Fb&end_marker=z'],
    ['/v1/a/c?reverse=on&format=xml&prefix=x', '?prefix=x&reverse=on&format=xml'],
    ['/v1/a/c?path=&delimiter=/', '?delimiter=%2F&path='],
    ['/v1/a/c?limit=1&limit=2', '?limit=2'],
    ['/v1/a/c?%6Cimit=3', '?limit=3'],
    ['/v1/a/c?prefix=a+b%26c=d%23', '?prefix=a%20b%26c%3Dd%23'],
    ['/v1/a/c?prefix=\xc3\xbc', '?prefix=%C3%BC'],
  ])('%j keeps %j', (target, kept) => {
    expect(listingQuery(target)).toBe(kept);
  });

  it.each([
    'multipart-manifest=get',
    'symlink=get',
    'states=listing',
    'temp_url_sig=1',
    'version-id=1',
    'Limit=2',
  ])('%s stays here', (field) => {
    expect(listingQuery(`/v1/a/c?${field}`)).toBe('');
  });

  it('nothing is hidden in a value', () => {
    expect(listingQuery('/v1/a/c?prefix=a;symlink=get')).toBe('?prefix=a%3Bsymlink%3Dget');
    expect(listingQuery('/v1/a/c?prefix=a%26symlink=get')).toBe('?prefix=a%26symlink%3Dget');
  });
});
