// The sample file and the reference are what the option tables say. `UPDATE=1 npx vitest run src/config` rewrites both.
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildConfig } from './load.js';
import { formatProblems } from './problems.js';
import { renderReference, renderSample } from './sample.js';
import { SECTIONS } from './sections.js';

const FILES = [
  ['etc/autosync.conf-sample', renderSample],
  ['docs/reference/options.md', renderReference],
] as const;

function load(text: string): ReturnType<typeof buildConfig> {
  return buildConfig('/etc/swift/autosync.conf', [{ file: '/etc/swift/autosync.conf', text }], () => true);
}

describe('the sample file and the reference', () => {
  it.each(FILES)('%s is what the tables say', (path, render) => {
    const file = new URL(`../../${path}`, import.meta.url);
    if (process.env['UPDATE'] === '1') writeFileSync(file, render());
    expect(readFileSync(file, 'utf8'), `run UPDATE=1 npx vitest run src/config`).toBe(render());
  });

  it('the sample loads as it stands', () => {
    expect(formatProblems(load(renderSample()).problems)).toBe('');
  });

  it('every default in the sample is the one taken without it', () => {
    const none = load(renderSample()).config;
    const defaults = SECTIONS.filter(({ isOptional }) => !isOptional).flatMap(({ table }) =>
      Object.entries(table).flatMap(([name, option]) => (option.defaultText === undefined ? [] : [name])),
    );
    const text = renderSample().replaceAll(/^# (\w+) = /gm, (line, name: string) =>
      defaults.includes(name) ? `${name} = ` : line,
    );
    expect(text).not.toBe(renderSample());
    const { config, problems } = load(text.replace(/^(# \[service\][^]*?)(?=^\[daemon\])/m, ''));
    expect(formatProblems(problems)).toBe('');
    const bare = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value, (key, inner: unknown) => (key === 'line' ? undefined : inner)));
    expect(bare(config)).toEqual(bare(none));
  });

  it('every option says what it does, in a sentence', () => {
    for (const { name, table } of SECTIONS) {
      for (const [option, { doc, defaultText, example, parse }] of Object.entries(table)) {
        expect(doc, `${name} ${option}`).toMatch(/^["\w].*[.]$/s);
        expect(defaultText ?? example, `${name} ${option} has neither default nor example`).toBeDefined();
        expect(parse(defaultText ?? example ?? ''), `${name} ${option}`).toHaveProperty('value');
      }
    }
  });
});
