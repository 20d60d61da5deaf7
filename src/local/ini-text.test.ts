import { describe, expect, it } from 'vitest';
import { mergeSections, renderIni, setInText } from './ini-text.js';

describe('renderIni', () => {
  it('writes sections and keys in their order', () => {
    expect(renderIni({ DEFAULT: { a: 1, b: true }, x: { c: 'd; e # f' } })).toBe(
      '[DEFAULT]\na = 1\nb = true\n\n[x]\nc = d; e # f\n',
    );
  });
});

describe('mergeSections', () => {
  it('sets, removes and adds, later overrides last', () => {
    const merged = mergeSections(
      { a: { x: 1, y: 2 } },
      { a: { x: null, y: 3 }, b: { z: 4 } },
      { b: { z: 5 } },
    );
    expect(merged).toEqual({ a: { y: 3 }, b: { z: 5 } });
  });
});

describe('setInText', () => {
  const text = '[a]\nkey = 1\nset key = 2\nother = 3\n\n[b]\nkey = 4\n';

  it('replaces a key in its section only', () => {
    expect(setInText(text, 'a', 'key', '9')).toBe('[a]\nkey = 9\nother = 3\n\n[b]\nkey = 4\n');
  });

  it('removes a key', () => {
    expect(setInText(text, 'b', 'key', null)).toBe('[a]\nkey = 1\nset key = 2\nother = 3\n\n[b]\n');
  });

  it('adds a section that is missing', () => {
    expect(setInText('[a]\nx = 1\n', 'filter:c', 'y', '2')).toBe('[a]\nx = 1\n\n[filter:c]\ny = 2\n');
  });
});
