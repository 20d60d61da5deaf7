// Promises of the ini parser, and that it reads what Python's configparser reads.
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeInis, parseIni } from './ini.js';
import type { Ini, IniSection } from './ini.js';
import { referencedNames, resolveOption } from './interpolate.js';

const FILE = '/etc/swift/x.conf';

function parse(text: string): Ini {
  const { ini, problems } = parseIni(text, FILE);
  expect(problems).toEqual([]);
  return ini;
}

function plain(section: IniSection | undefined): Record<string, string> {
  return Object.fromEntries([...(section?.options ?? [])].map(([name, option]) => [name, option.value]));
}

function problemsOf(text: string): string[] {
  return parseIni(text, FILE).problems.map(({ line, message }) => `${line}: ${message}`);
}

describe('reading', () => {
  it('keys may be written with = and with :, in any case', () => {
    const ini = parse('[app:proxy]\nUse = egg:autosync#proxy\nURL: http://h:80/?a=b\n');
    expect(plain(ini.sections.get('app:proxy'))).toEqual({
      use: 'egg:autosync#proxy',
      url: 'http://h:80/?a=b',
    });
    expect(ini.sections.get('app:proxy')?.options.get('url')?.spelling).toBe('URL');
  });

  it('#, ; and % inside a value are text', () => {
    const ini = parse('[s]\na = egg:x#y ; z # 50%\n');
    const option = ini.sections.get('s')!.options.get('a')!;
    expect(resolveOption(ini, ini.sections.get('s')!, option)).toEqual({ value: 'egg:x#y ; z # 50%' });
  });

  it('lines that begin with #, ; or \\# are comments, also inside a value', () => {
    const ini = parse('[s]\n# no = 1\n  ; no = 2\n\\# no = 3\na = 1\n  # no\n  2\n');
    expect(plain(ini.sections.get('s'))).toEqual({ a: '1\n2' });
  });

  it('a line indented deeper goes on with the value, and a file indented as a whole works', () => {
    const ini = parse('   [DEFAULT]\n\n   hosts = a,\n\n     b\n   port = 1\n\n   [x]\n      y = 2\n');
    expect(plain(ini.defaults)).toEqual({ hosts: 'a,\n\nb', port: '1' });
    expect(plain(ini.sections.get('x'))).toEqual({ y: '2' });
  });

  it('places are remembered', () => {
    const section = parse('\n[s]\n\na = 1\n  2\nb = 3').sections.get('s')!;
    expect(section.line).toBe(2);
    expect([...section.options.values()].map(({ file, line }) => [file, line])).toEqual([
      [FILE, 4],
      [FILE, 6],
    ]);
  });

  it('Windows line ends and a byte order mark do no harm', () => {
    expect(plain(parse('\uFEFF[s]\r\na = 1\r\nb = 2\r\n').sections.get('s'))).toEqual({ a: '1', b: '2' });
  });

  it('"set key" is the key, marked', () => {
    const option = parse('[s]\nset  Log_Level = DEBUG').sections.get('s')!.options.get('log_level')!;
    expect(option).toMatchObject({ value: 'DEBUG', isSet: true, spelling: 'Log_Level' });
    expect(parse('[s]\nsettle = 1').sections.get('s')!.options.get('settle')?.isSet).toBe(false);
  });
});

describe('what is wrong', () => {
  it('is all named at once, with lines', () => {
    expect(problemsOf('early = 1\n[a]\nx = 1\nnonsense\nX = 2\n= 3\n[b]\n[a]\nset x = 4\n')).toEqual([
      '1: This line stands before the first [section].',
      expect.stringContaining('4: This line is no [section]'),
      '5: "x" is given twice in [a]: on line 3 and on line 5.',
      expect.stringContaining('6: This line is no [section]'),
      '8: Section [a] begins twice: on line 2 and on line 8.',
      '9: "x" is given twice in [a]: on line 3 and on line 9.',
    ]);
  });

  it('never shows the text of a line', () => {
    expect(JSON.stringify(parseIni('[s]\nkey = a\ns3cret\n', FILE).problems)).not.toContain('s3cret');
  });
});

describe('files over one another', () => {
  it('a later file overrides options, and that is no duplicate', () => {
    const first = parseIni('[DEFAULT]\nd = 1\n[s]\na = 1\nb = 1\n', '10.conf').ini;
    const later = parseIni('[s]\na = 2\nc = 2\n[t]\n', '20.conf').ini;
    const merged = mergeInis(first, later);
    expect(plain(merged.sections.get('s'))).toEqual({ a: '2', b: '1', c: '2' });
    expect(merged.sections.get('s')?.options.get('a')).toMatchObject({ file: '20.conf', line: 2 });
    expect([...merged.sections.keys()]).toEqual(['s', 't']);
    expect(merged.defaults).toMatchObject({ file: '10.conf' });
  });
});

describe('%(name)s', () => {
  const TEXT = '[DEFAULT]\nroot = /srv\nloop = %(loop)s\n[s]\nroot = /home\na = %(root)s/100%%/%(HERE)s%\n';
  const resolve = (text: string, isStrict = false): unknown => {
    const ini = parse(text);
    const section = ini.sections.get('s')!;
    return resolveOption(ini, section, section.options.get('a')!, { variables: { here: '/h' }, isStrict });
  };

  it('is looked up in the section, in [DEFAULT] and in the variables', () => {
    expect(resolve(TEXT)).toEqual({ value: '/home/100%//h%' });
    expect([...referencedNames(parse(TEXT))]).toEqual(['loop', 'root', 'here']);
  });

  it('a value without one is left alone, %% included', () => {
    expect(resolve('[s]\na = 5%%')).toEqual({ value: '5%%' });
    expect(resolve('[s]\na = 5%%', true)).toEqual({ value: '5%' });
  });

  it.each([
    ['[s]\na = %(none)s', 'refers to %(none)s, which is given nowhere.', false],
    ['[s]\na = %(a)s', 'refers to itself.', false],
    ['[s]\na = %(constructor)s', 'refers to %(constructor)s, which is given nowhere.', false],
    ['[s]\na = x%(y', 'has a "%(" that begins no %(name)s.', false],
    ['[s]\na = 5%', 'has a "%" that begins no %(name)s.', true],
  ])('%j is wrong', (text, message, isStrict) => {
    expect(resolve(text, isStrict)).toMatchObject({ problem: { line: 2, message: `"a" ${message}` } });
  });
});

const PYTHON = `
import configparser, io, json, sys
answers = []
for text in json.load(sys.stdin):
    parser = configparser.RawConfigParser()
    try:
        parser.read_file(io.StringIO(text, newline=None))
    except configparser.Error as error:
        answers.append(type(error).__name__)
    else:
        answers.append([dict(parser._defaults), {name: dict(parser._sections[name]) for name in parser.sections()}])
json.dump(answers, sys.stdout)
`;

describe("Python's configparser", () => {
  const name = fc.constantFrom('a', 'B', 'key', 'Key', 'ключ', 'É', 'a b', 'x.y', 'rule_1', 'c]', '[c');
  const space = fc.constantFrom(
    '',
    '',
    ' ',
    '  ',
    '    ',
    '\t',
    ' \t ',
    '\f',
    '\u00a0',
    '\x1c',
    '\x85',
    '\ufeff',
  );
  const word = fc.constantFrom(
    'v',
    '1',
    '#no',
    ';no',
    'a;b',
    'a # b',
    '50%',
    '%(a)s',
    '[x]',
    'http://h:1',
    '',
    '=',
  );
  const section = fc.constantFrom('DEFAULT', 'default', 's', 'filter:x', 'a]b', 'é', ' s ', 's', 't', 'u');
  const option = fc
    .tuple(space, name, space, fc.constantFrom('=', ':'), space, word, space)
    .map((parts) => parts.join(''));
  const line = fc.oneof(
    { arbitrary: option, weight: 10 },
    { arbitrary: fc.tuple(space, section, space).map(([a, b, c]) => `${a}[${b}]${c}`), weight: 3 },
    { arbitrary: fc.tuple(space, word, space).map((parts) => parts.join('')), weight: 3 },
    { arbitrary: space, weight: 2 },
    {
      arbitrary: fc.tuple(space, fc.constantFrom('# c', ';c', '#')).map((parts) => parts.join('')),
      weight: 1,
    },
  );
  // Distinct options first, so that many files are without a mistake; then anything goes.
  const tidy = fc
    .uniqueArray(
      fc.tuple(space, fc.nat(30), space, word, fc.array(fc.tuple(space, word), { maxLength: 2 })),
      {
        selector: ([, number]) => number,
        maxLength: 12,
      },
    )
    .map((options) =>
      options.map(([indent, number, gap, value, rest]) => {
        const head = number % 7 === 0 ? [`[s${number}]`] : [];
        const more = rest.map(([deeper, text]) => `${indent}  ${deeper}${text}`);
        return [...head, `${indent}o${number}${gap}=${gap}${value}`, ...more].join('\n');
      }),
    );
  const file = fc
    .tuple(fc.oneof(tidy, fc.array(line, { maxLength: 12 })), fc.constantFrom('\n', '\r\n', '\r'), section)
    .map(([lines, newline, first]) => [`[${first}]`, ...lines].join(newline))
    .filter((text) => !text.startsWith('\ufeff'));

  it('reads the same, and refuses the same', () => {
    const texts = fc.sample(file, { numRuns: 300, seed: 20261105 });
    const answers = JSON.parse(
      execFileSync('/usr/bin/python3', ['-c', PYTHON], { input: JSON.stringify(texts), encoding: 'utf8' }),
    ) as readonly (string | readonly [Record<string, string>, Record<string, Record<string, string>>])[];
    const read = answers.filter((answer) => typeof answer !== 'string').length;
    expect(read).toBeGreaterThan(80);
    expect(read).toBeLessThan(280);
    texts.forEach((text, index) => {
      const { ini, problems } = parseIni(text, FILE);
      const answer = answers[index];
      if (typeof answer === 'string') {
        expect(problems, `${answer} for ${JSON.stringify(text)}`).not.toEqual([]);
        return;
      }
      const sections = Object.fromEntries([...ini.sections].map(([key, value]) => [key, plain(value)]));
      expect([plain(ini.defaults), sections, problems], JSON.stringify(text)).toEqual([...answer!, []]);
    });
  });
});
