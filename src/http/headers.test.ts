// Promises of HeaderList.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeaderList, isSameName } from './headers.js';

describe('a header list', () => {
  it('keeps order, spelling and duplicates', () => {
    const list = HeaderList.from([
      ['X-b', '1'],
      ['x-A', '2'],
      ['X-B', '3'],
    ]);
    expect([...list]).toEqual([
      ['X-b', '1'],
      ['x-A', '2'],
      ['X-B', '3'],
    ]);
    expect(list.get('x-B')).toBe('1');
    expect(list.getAll('X-B')).toEqual(['1', '3']);
  });

  it('sets a value in the place and spelling of the first of that name, and leaves no other', () => {
    const list = HeaderList.from([
      ['vIa', '1'],
      ['Host', 'h'],
      ['Via', '2'],
    ]);
    list.set('VIA', '3').set('New', '4');
    expect(list.raw).toEqual(['vIa', '3', 'Host', 'h', 'New', '4']);
  });

  it('takes _ for -, as Swift does, so that no filter is deceived', () => {
    const list = HeaderList.from([
      ['X_Container_Sync_Key', 'secret'],
      ['x-container_sync-key', 'other'],
    ]);
    expect(list.getAll('X-Container-Sync-Key')).toEqual(['secret', 'other']);
    expect(list.clone().remove('x-container-sync-key')).toBe(true);
    expect(list.removeWhere((name) => name === 'x-container-sync-key')).toBe(true);
    expect(list.raw).toEqual([]);
    expect(list.remove('x-container-sync-key')).toBe(false);
  });

  it('tells names apart as comparing their lower case with _ for - would', () => {
    const name = fc.string({
      unit: fc.constantFrom('a', 'A', '-', '_', 'z', 'Z', '@', '[', '`', '\xe9', '\xc9'),
    });
    const folded = (text: string): string =>
      text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replaceAll('_', '-');
    fc.assert(fc.property(name, name, (a, b) => isSameName(a, b) === (folded(a) === folded(b))));
  });
});
