// One section read by its table: defaults, inheritance, types, unknown options. Knows no particular section.
import { dirname, resolve } from 'node:path';
import { DEFAULT_OPTIONS } from './gateway-options.js';
import { valueName } from './option.js';
import type { Option, Table, Values } from './option.js';
import type { ProblemList } from './problems.js';
import { SECTIONS } from './sections.js';
import type { Ini, IniOption, IniSection, Place } from '../lib/ini.js';
import { resolveOption } from '../lib/interpolate.js';
import { nearest } from '../lib/nearest.js';

/** What reading needs besides a section. */
export interface Context {
  readonly ini: Ini;
  /** paste.deploy's `here` and `__file__`. */
  readonly variables: Readonly<Record<string, string>>;
  readonly problems: ProblemList;
  readonly isFile: (path: string) => boolean;
}

/** What a section says. A value is missing where it is not given and has no default, or where it is wrong. */
export interface Reading<T extends Table> {
  readonly values: Partial<Values<T>>;
  /** The same, to be read only where nothing was reported: then each has what its table says. */
  readonly whole: Values<T>;
  readonly isGiven: (name: keyof T & string) => boolean;
  /** Where the option stands; where it is not given, its section. */
  readonly placeOf: (name: keyof T & string) => Place;
}

/** A section that the file does not have: everything at its default, its place where it is wanted from. */
export function absentSection(name: string, place: Place): IniSection {
  return { name, file: place.file, line: place.line, options: new Map() };
}

/** The text of an option with its `%(name)s` replaced; undefined, and reported, where that cannot be. */
export function textOf(context: Context, section: IniSection, option: IniOption): string | undefined {
  const resolved = resolveOption(context.ini, section, option, { variables: context.variables });
  if ('value' in resolved) return resolved.value;
  context.problems.add(resolved.problem);
  return undefined;
}

/** An option of the section, or what [DEFAULT] hands on; its own options [DEFAULT] keeps (no admin at bind_ip 0.0.0.0). */
function find({ ini }: Context, section: IniSection, name: string): IniOption | undefined {
  const isKept = section === ini.defaults || Object.hasOwn(DEFAULT_OPTIONS, name);
  return section.options.get(name) ?? (isKept ? undefined : ini.defaults.options.get(name));
}

/**
 * Reads a section by its table and reports all that is wrong with it.
 *
 * @param others names that are right although the table does not have them
 */
export function readSection<T extends Table>(
  context: Context,
  section: IniSection,
  table: T,
  others: (name: string) => boolean = () => false,
): Reading<T> {
  const values: Record<string, unknown> = {};
  const given = new Map<string, IniOption>();
  for (const [name, option] of Object.entries(table)) {
    const found = find(context, section, name);
    const text = found === undefined ? '' : textOf(context, section, found);
    if (text === undefined) continue;
    // "name =" is the same as no line at all, but where the default is something and empty means something else.
    if (found === undefined || (text === '' && option.defaultText === undefined)) {
      if (option.isRequired) reportMissing(context, section, name, option);
      else if (option.default !== undefined) values[valueName(name, option)] = option.default;
      continue;
    }
    given.set(name, found);
    const value = parse(context, section, found, option, text);
    if (value !== undefined) values[valueName(name, option)] = value;
  }
  for (const option of section.options.values()) {
    if (!Object.hasOwn(table, option.name) && !others(option.name))
      reportUnknown(context, section, option, table);
  }
  return {
    // Keys and values were made from the table above, which is what Values says of them.
    values: values as Partial<Values<T>>,
    whole: values as Values<T>,
    isGiven: (name) => given.has(name),
    placeOf: (name) => given.get(name) ?? section,
  };
}

function parse(
  { problems }: Context,
  section: IniSection,
  given: IniOption,
  option: Option<unknown>,
  text: string,
): unknown {
  const parsed = option.parse(text);
  if ('value' in parsed) {
    return option.isPath === true ? resolve(dirname(given.file), String(parsed.value)) : parsed.value;
  }
  const more = given.value.includes('\n')
    ? ' The lines below it belong to it, because they are indented deeper.'
    : '';
  problems.report(given, `"${given.name}" in [${section.name}] ${parsed.wrong}.`, parsed.fix + more);
  return undefined;
}

function reportMissing(
  { problems }: Context,
  section: IniSection,
  name: string,
  option: Option<unknown>,
): void {
  const fix = `Add "${name} = ${option.example ?? '…'}". ${option.doc}`;
  problems.report(section, `"${name}" is missing in [${section.name}].`, fix);
}

/** Sections that know an option of that name, as they are written in a file. */
export function sectionsKnowing(name: string): readonly string[] {
  return SECTIONS.filter(({ table }) => Object.hasOwn(table, name)).map((section) => `[${section.name}]`);
}

function reportUnknown({ problems }: Context, section: IniSection, option: IniOption, table: Table): void {
  const known = Object.keys(table);
  const elsewhere = sectionsKnowing(option.name);
  const near = nearest(option.name, known) ?? nearest(option.name, allNames());
  let fix = 'Take it out; etc/autosync.conf-sample has every option.';
  if (elsewhere.length > 0) fix = `It belongs in ${elsewhere.join(' or ')}.`;
  else if (near !== undefined && known.includes(near)) fix = `Write "${near}".`;
  else if (near !== undefined) fix = `Did you mean "${near}" of ${sectionsKnowing(near).join(' or ')}?`;
  else if (known.length === 0) fix = 'Take it out; this section has no options.';
  problems.report(option, `[${section.name}] has no option "${option.name}".`, fix);
}

/** Every option of every section. */
export function allNames(): readonly string[] {
  return SECTIONS.flatMap(({ table }) => Object.keys(table));
}
