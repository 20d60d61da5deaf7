import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { main } from './main.js';

let folder: string;
let file: string;
let output: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'autosync-cli-'));
  file = join(folder, 'secrets');
  output = '';
  const collect = (...values: unknown[]) => {
    output += `${values.map(String).join(' ')}\n`;
  };
  vi.spyOn(console, 'log').mockImplementation(collect);
  vi.spyOn(console, 'error').mockImplementation(collect);
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      output += String(text);
      return true;
    });
  }
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  rmSync(folder, { recursive: true, force: true });
});

it('makes and rotates secrets without ever printing one', async () => {
  expect(await main(['secrets', 'new', '--file', file])).toBe(0);
  expect(await main(['secrets', 'rotate', '--file', file])).toBe(0);
  expect(output).toContain('generation 2; generation 1 is still accepted');
  for (const [secret] of readFileSync(file, 'utf8').matchAll(/[0-9a-f]{64}/g))
    expect(output).not.toContain(secret);
});

it('prints JSON when asked', async () => {
  expect(await main(['secrets', 'new', '--json', '--file', file])).toBe(0);
  expect(JSON.parse(output)).toEqual({ file, generation: 1, previous: null });
});

it('says what went wrong and what to try, without a stack, and exits 3', async () => {
  expect(await main(['secrets', 'rotate', '--file', file])).toBe(3);
  expect(output).toContain('ENOENT');
  expect(output).toContain('autosync secrets new');
  expect(output).not.toContain('    at ');
});

it.each([
  [[]],
  [['nonsense']],
  [['secrets']],
  [['secrets', 'new']],
  [['secrets', 'new', '--file']],
  [['secrets', 'new', '--fiel', 'x']],
  [['daemon', '--process', 'x']],
])('exits 2 on the usage error %j', async (args) => {
  expect(await main(args)).toBe(2);
  expect(output).not.toBe('');
});

it.each([[['--help']], [['--version']], [['secrets', '--help']], [['help', 'secrets']]])(
  'exits 0 on %j',
  async (args) => {
    expect(await main(args)).toBe(0);
  },
);
