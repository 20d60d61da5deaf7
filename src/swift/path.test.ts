// Promises of the path reader; that it reads as Swift does is shown by Swift's own code, where that is installed.
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeName, parseSwiftPath, queryParameter, swiftTarget, type SwiftPath } from './path.js';

/** Reads targets (as latin1 text, one JSON list on stdin) with Swift's own server, splitter and checks. */
const SWIFT = `
import json, sys, urllib.parse
from swift.common.swob import Request, wsgi_to_str
from swift.common.utils import split_path
from swift.common.constraints import check_utf8, valid_api_version

def read(target):
    # as eventlet.wsgi's get_environ does
    pq = target.split('?', 1)
    env = {'REQUEST_METHOD': 'GET', 'SCRIPT_NAME': '', 'PATH_INFO': urllib.parse.unquote(pq[0], encoding='latin1'),
           'QUERY_STRING': pq[1] if len(pq) > 1 else '', 'SERVER_NAME': 'h', 'SERVER_PORT': '80'}
    req = Request(env)
    params = {k: v for k, v in req.params.items()}
    try:
        # as swift.proxy.server's handle_request and get_controller do
        if not check_utf8(wsgi_to_str(req.path_info)):
            return ['other'], params
        names = split_path(wsgi_to_str(req.path), 1, 4, True)
    except (UnicodeError, ValueError):
        return ['other'], params
    version, account, container, obj = [urllib.parse.unquote(n) if n else n for n in names]
    if not account or not valid_api_version(version):
        return ['other'], params
    if obj and container:
        return ['object', account, container, obj], params
    if container:
        return ['container', account, container], params
    return (['account', account] if not obj else ['other']), params

print(json.dumps([read(target) for target in json.load(sys.stdin)]))
`;

type FromSwift = [string[], Record<string, string>][];

const hasSwift = spawnSync('/usr/bin/python3', ['-c', 'import swift.common.swob']).status === 0;

function askSwift(targets: readonly string[]): FromSwift {
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', SWIFT], {
    input: JSON.stringify(targets),
    maxBuffer: 1 << 28,
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as FromSwift;
}

function flat(path: SwiftPath): string[] {
  switch (path.kind) {
    case 'account':
      return [path.kind, path.account];
    case 'container':
      return [path.kind, path.account, path.container];
    case 'object':
      return [path.kind, path.account, path.container, path.object];
    case 'other':
      return [path.kind];
  }
}

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

describe('a target is', () => {
  it.each([
    ['/v1/a', 'account a'],
    ['/v1/a/', 'account a'],
    ['/v1/a//', 'account a'],
    ['/v1.0/a?x=/v1/b/c', 'account a'],
    ['/v1/a/c', 'container a c'],
    ['/v1/a/c/', 'container a c'],
    ['/%76%31/a/c?format=json', 'container a c'],
    ['/v1/a%2Fc', 'container a c'],
    ['/v1/a/c%2Fo', 'object a c o'],
    ['/v1/a/c/o', 'object a c o'],
    ['/v1/a/c/o/', 'object a c o/'],
    ['/v1/a/c//', 'object a c /'],
    ['/v1/a/c//o', 'object a c /o'],
    ['/v1/a/c/../o', 'object a c ../o'],
    ['/v1/a/c/o%3Fx', 'object a c o?x'],
    ['/v1/a/c/%zz%', 'object a c %zz%'],
    ['/v1/a/c/a+b', 'object a c a+b'],
    ['/v1/%E2%98%BA/c%c3%a9/o', 'object \u263a c\u00e9 o'],
    [latin1('/v1/\u263a/c\u00e9/o'), 'object \u263a c\u00e9 o'],
    ['/v1/a/c/%EF%BB%BFo', 'object a c \ufeffo'],
    ['/v1/a//o', 'other'],
    ['/v1//c', 'other'],
    ['/v1', 'other'],
    ['/v1/', 'other'],
    ['/', 'other'],
    ['*', 'other'],
    ['//v1/a', 'other'],
    ['/v2/a', 'other'],
    ['/V1/a', 'other'],
    ['/v1.1/a', 'other'],
    ['/info', 'other'],
    ['/auth/v1.0', 'other'],
    ['http://h/v1/a', 'other'],
    ['/v1/a/c/%ff', 'other'],
    ['/v1/a/c/%ed%a0%80', 'other'],
    ['/v1/a/c/%c0%af', 'other'],
    ['/v1/a/c/%00', 'other'],
    ['/v1/a/c/\xff', 'other'],
  ])('%j: %s', (target, expected) => {
    expect(flat(parseSwiftPath(target)).join(' ')).toBe(expected);
  });
});

describe('a query parameter', () => {
  it.each([
    ['/a?x=1', '1'],
    ['/a?x', ''],
    ['/a?x=', ''],
    ['/a?y=1', undefined],
    ['/a', undefined],
    ['/a?X=1', undefined],
    ['/a?x=1&x=2', '2'],
    ['/a?%78=a%2Fb+c%20d', 'a/b c d'],
    ['/a?x=%E2%98%BA', '\u263a'],
    ['/a?&&x=1&', '1'],
    ['/a?x=1=2', '1=2'],
    ['/a??x=1', undefined],
    ['/a?y=1;x=2', undefined],
    ['/a?x=%zz', '%zz'],
  ])('x of %s is %j', (target, expected) => {
    expect(queryParameter(target, 'x')).toBe(expected);
  });
});

describe.skipIf(!hasSwift)('compared with Swift itself', () => {
  const piece = fc.constantFrom(
    ...[
      '/',
      '/',
      '/',
      'v1',
      'v1.0',
      'a',
      'c',
      '.',
      '..',
      '%2F',
      '%2f',
      '%',
      '%25',
      '%00',
      '%C3%A9',
      '%c3',
      '\xe2\x98\xba',
    ],
    ...[
      '\xff',
      '+',
      '%20',
      ';',
      '=',
      '&',
      '#',
      '%ED%A0%80',
      '%EF%BB%BF',
      '%F0%9F%A5%94',
      '\x85',
      '\xa0',
      ':',
      '@',
    ],
  );
  const path = fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join(''));
  const queryPiece = fc.constantFrom(
    'x',
    'y',
    '=',
    '&',
    '+',
    '%78',
    '%3D',
    '%26',
    '%2',
    ';',
    '?',
    '',
    '%C3%A9',
    '#',
  );
  const query = fc.array(queryPiece, { maxLength: 8 }).map((pieces) => `?${pieces.join('')}`);
  const target = fc.tuple(
    fc.constantFrom('', '/', '/v1/', '/v1/a/', '/v1/a/c', '/v1/a/c/'),
    path,
    fc.option(query, { nil: '' }),
  );

  const name = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 8 })
    .filter((text) => !text.includes('\0'));
  const part = name.filter((text) => !text.includes('/'));

  it('the same names and parameters are found in any target', { timeout: 60_000 }, () => {
    const names = fc.sample(fc.tuple(part, part, name), 2_000);
    const made = names.map(([account, container, object]) => swiftTarget(account, container, object));
    const targets = [...made, ...fc.sample(target, 5_000).map((parts) => parts.join(''))];
    const found = askSwift(targets);
    const read = targets.map((each) => [each, flat(parseSwiftPath(each)), queryParameter(each, 'x')]);
    const expected = found.map(([path, { x }], i) => {
      const value = x === undefined ? undefined : Buffer.from(x, 'latin1').toString('utf8');
      return [targets[i], path, value];
    });
    expect(read).toEqual(expected);
    expect(found.slice(0, names.length).map(([path]) => path)).toEqual(
      names.map((each) => ['object', ...each]),
    );
    expect(made.every((each) => /^[!-~]+$/.test(each))).toBe(true);
  });
});

describe('a target made here', () => {
  it('is quoted as Python quotes, but for the slashes of an object', () => {
    expect(swiftTarget('AUTH_a')).toBe('/v1/AUTH_a');
    expect(swiftTarget('a/b', "c!'()*~")).toBe('/v1/a%2Fb/c%21%27%28%29%2A~');
    expect(swiftTarget('a', 'c', '/x/../y\u00e9?')).toBe('/v1/a/c//x/../y%C3%A9%3F');
    expect(encodeName('a/b+c')).toBe('a%2Fb%2Bc');
  });
});
