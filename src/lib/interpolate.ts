// `%(name)s` in the values of an ini file. Knows no option.
import type { Ini, IniOption, IniSection, Problem } from './ini.js';

/** How `%(name)s` is replaced. */
export interface Interpolation {
  /** Names known everywhere, behind the section's and [DEFAULT]'s own: paste.deploy's `here` and `__file__`. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Python's own rule: `%%` is always one `%`, and any other lone `%` is wrong. Otherwise a lone `%` is text. */
  readonly isStrict?: boolean;
}

const MAX_DEPTH = 10;
const REFERENCE = /%%|%\(([^)]+)\)s|%\(|%/g;

/** The value of an option with every `%(name)s` replaced from its section, [DEFAULT] and the variables, in this order. */
export function resolveOption(
  ini: Ini,
  section: IniSection,
  option: IniOption,
  { variables = {}, isStrict = false }: Interpolation = {},
): { readonly value: string } | { readonly problem: Problem } {
  if (!isStrict && !option.value.includes('%(')) return { value: option.value };
  let problem: Problem | undefined;
  const fail = (message: string, fix: string): string => {
    problem ??= { file: option.file, line: option.line, message: `"${option.name}" ${message}`, fix };
    return '';
  };
  const expand = (text: string, depth: number): string =>
    text.replace(REFERENCE, (found: string, reference: string | undefined) => {
      if (found === '%%') return '%';
      if (reference === undefined) {
        if (found === '%' && !isStrict) return found;
        return fail(`has a "${found}" that begins no %(name)s.`, 'Write %% for a % that is text.');
      }
      const name = reference.toLowerCase();
      const value =
        section.options.get(name)?.value ??
        ini.defaults.options.get(name)?.value ??
        (Object.hasOwn(variables, name) ? variables[name] : undefined);
      if (value === undefined) {
        return fail(
          `refers to %(${name})s, which is given nowhere.`,
          `Give "${name}" in [DEFAULT], or write %%(.`,
        );
      }
      if (!value.includes('%')) return value;
      if (depth >= MAX_DEPTH) return fail('refers to itself.', 'Take one %(name)s out of the circle.');
      return problem === undefined ? expand(value, depth + 1) : '';
    });
  const value = expand(option.value, 1);
  return problem === undefined ? { value } : { problem };
}

/** Every name that a `%(name)s` of these files refers to. */
export function referencedNames(ini: Ini): ReadonlySet<string> {
  const names = new Set<string>();
  for (const section of [ini.defaults, ...ini.sections.values()]) {
    for (const { value } of section.options.values()) {
      for (const [, name] of value.matchAll(REFERENCE)) if (name !== undefined) names.add(name.toLowerCase());
    }
  }
  return names;
}
