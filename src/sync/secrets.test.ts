import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  lstatSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findGeneration, newSecrets, readSecrets, rotateSecrets, SecretsFile } from './secrets.js';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'autosync-secrets-'));
  file = join(folder, 'secrets');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const hexOf = (generation: { secret: { export(): Buffer } } | undefined) =>
  generation?.secret.export().toString('hex');

describe('the secret file', () => {
  it('is made private, with generation 1, and reads back as made', () => {
    const made = newSecrets(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(made.current.number).toBe(1);
    expect(made.current.secret.symmetricKeySize).toBe(32);
    expect(made.previous).toBeUndefined();
    expect(hexOf(readSecrets(file).current)).toBe(hexOf(made.current));
    expect(readdirSync(folder)).toEqual(['secrets']);
  });

  it('is never overwritten', () => {
    newSecrets(file);
    const before = readFileSync(file, 'utf8');
    expect(() => newSecrets(file)).toThrow(expect.objectContaining({ code: 'SECRETS_EXIST' }));
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(readdirSync(folder)).toEqual(['secrets']);
  });

  it('keeps the generation before and drops older ones when rotated', () => {
    const first = newSecrets(file);
    const second = rotateSecrets(file);
    expect(second.current.number).toBe(2);
    expect(hexOf(second.previous)).toBe(hexOf(first.current));
    const third = rotateSecrets(file);
    expect([third.current.number, third.previous?.number]).toEqual([3, 2]);
    expect(findGeneration(third, 1)).toBeUndefined();
    expect(findGeneration(third, 2)).toBe(third.previous);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['secrets']);
  });

  it("keeps the operator's comments at its top, and a symbolic link one, when rotated", () => {
    newSecrets(file);
    writeFileSync(file, `# realm: blue\n${readFileSync(file, 'utf8')}`);
    const link = join(folder, 'link');
    symlinkSync(file, link);
    rotateSecrets(link);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(file, 'utf8')).toMatch(/^# realm: blue\n# Swift Autosync/);
    expect(readSecrets(link).current.number).toBe(2);
  });

  it.each([0o640, 0o604, 0o660, 0o602])('is refused with mode %o, and the error says chmod 600', (mode) => {
    newSecrets(file);
    chmodSync(file, mode);
    expect(() => readSecrets(file)).toThrow(/chmod 600/);
    expect(() => rotateSecrets(file)).toThrow(expect.objectContaining({ code: 'SECRETS_EXPOSED' }));
  });

  it.each([
    ['nothing', ''],
    ['only comments', '# x\n'],
    ['a short secret', `1 ${'a'.repeat(63)}\n`],
    ['a number twice', `1 ${'a'.repeat(64)}\n1 ${'b'.repeat(64)}\n`],
    ['number 0', `0 ${'a'.repeat(64)}\n`],
    ['something behind', `1 ${'a'.repeat(64)} x\n`],
  ])('is refused when it holds %s, and the error holds no part of it', (_, text) => {
    writeFileSync(file, text, { mode: 0o600 });
    let message = '';
    try {
      readSecrets(file);
    } catch (error) {
      message = inspect(error);
    }
    expect(message).toContain('SECRETS_INVALID');
    expect(message).not.toMatch(/a{10}|b{10}/);
  });

  it('takes generations in any order, with CRLF and blank lines', () => {
    writeFileSync(file, `# c\r\n\r\n3\t${'a'.repeat(64)}\r\n7 ${'B'.repeat(64)}\r\n5 ${'c'.repeat(64)}`, {
      mode: 0o600,
    });
    const secrets = readSecrets(file);
    expect([secrets.current.number, secrets.previous?.number]).toEqual([7, 5]);
    expect(hexOf(secrets.current)).toBe('b'.repeat(64));
  });

  it('is not shown by inspect or JSON', () => {
    const secrets = newSecrets(file);
    const hex = hexOf(secrets.current) as string;
    expect(inspect(secrets, { depth: 9, showHidden: true }) + JSON.stringify(secrets)).not.toContain(
      hex.slice(0, 8),
    );
  });

  it('says what is wrong when it is missing or a folder', () => {
    expect(() => readSecrets(file)).toThrow(/ENOENT/);
    expect(() => readSecrets(folder)).toThrow(expect.objectContaining({ code: 'SECRETS_UNREADABLE' }));
    expect(() => newSecrets(join(folder, 'no', 'such'))).toThrow(
      expect.objectContaining({ code: 'SECRETS_UNWRITABLE' }),
    );
  });
});

describe('SecretsFile', () => {
  let nowMs = 0;
  const open = () => new SecretsFile(file, { checkIntervalMs: 1000, now: () => nowMs });

  it('sees a rotation at the next check, not before', () => {
    newSecrets(file);
    const secrets = open();
    rotateSecrets(file);
    expect(secrets.get().current.number).toBe(1);
    nowMs += 1000;
    expect(secrets.get().current.number).toBe(2);
  });

  it('keeps the last good secrets while the file is bad or gone, says why, and recovers', () => {
    newSecrets(file);
    const secrets = open();
    chmodSync(file, 0o644);
    nowMs += 1000;
    expect(secrets.get().current.number).toBe(1);
    expect(secrets.problem?.code).toBe('SECRETS_EXPOSED');
    chmodSync(file, 0o600);
    rotateSecrets(file);
    nowMs += 1000;
    expect(secrets.get().current.number).toBe(2);
    expect(secrets.problem).toBeUndefined();
    rmSync(file);
    nowMs += 1000;
    expect(secrets.get().current.number).toBe(2);
    expect(secrets.problem?.code).toBe('SECRETS_UNREADABLE');
  });

  it('goes on checking after the clock was set back', () => {
    newSecrets(file);
    nowMs = 10_000_000;
    const secrets = open();
    rotateSecrets(file);
    nowMs = 0;
    expect(secrets.get().current.number).toBe(2);
  });
});
