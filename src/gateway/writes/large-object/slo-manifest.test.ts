import { describe, expect, it } from 'vitest';
import { faultIn, parseManifest, type ClientManifest } from './slo-manifest.js';

const SELF = { container: 'c', object: 'slo/ü' };

function manifestOf(...entries: readonly unknown[]): ClientManifest {
  return parseManifest(Buffer.from(JSON.stringify(entries))) as ClientManifest;
}

function faultOf(...entries: readonly unknown[]): string | undefined {
  return faultIn(manifestOf(...entries), SELF);
}

const GOOD = { path: '/c/a', range: '0-3', etag: null, size_bytes: 3 };

describe('a manifest', () => {
  it('may name objects and hold bytes', () => {
    expect(faultOf(GOOD, { data: 'AA==' }, { path: 'c/slo' }, { path: '//other/slo/ü' })).toBeUndefined();
  });

  it.each([
    [['x'], 'not a JSON object'],
    [{ name: '/x/y', hash: 'z', bytes: 9 }, 'expected keys to include one of'],
    [{ 'path': '/c/a', '404 Not Found': 1 }, 'extraneous keys "404 Not Found"'],
    [{ data: 'AA==', name: '/x/y', path: '/c/a' }, 'extraneous keys "name", "path"'],
    [{ path: '/c' }, 'path does not refer to an object'],
    [{ path: 7 }, 'path does not refer to an object'],
    [{ path: '/c/slo/ü' }, 'must not include itself'],
    [{ path: 'c/slo/ü' }, 'must not include itself'],
  ])('is not stored with %j in it', (entry, what) => {
    expect(faultOf(GOOD, entry)).toMatch(new RegExp(`^Index 1: .*${what}`));
  });

  it('counts what is named twice as two', () => {
    const { namedCount, segments } = manifestOf(GOOD, GOOD, { data: 'AA==' }, { path: '/c/b' });
    expect([namedCount, segments.length]).toEqual([3, 2]);
  });
});
