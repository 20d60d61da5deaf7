// Which stations the pipeline has, and which section each gets its options from. Knows nothing of those options.
import { dirname, resolve } from 'node:path';
import { DEFAULT_PIPELINE, PIPELINE_OPTIONS } from './gateway-options.js';
import { absentSection, readSection, textOf } from './section.js';
import type { Context } from './section.js';
import { BUILTINS, isBuiltin } from './sections.js';
import type { BuiltinName } from './sections.js';
import type { IniOption, IniSection, Place } from '../lib/ini.js';
import { nearest } from '../lib/nearest.js';

/** What stands behind a name in the pipeline. */
export type Definition =
  | { readonly kind: 'builtin'; readonly use: BuiltinName; readonly section: IniSection }
  | {
      readonly kind: 'module';
      /** Its section is [app:…]: it answers, and so stands last. */
      readonly isApp: boolean;
      readonly path: string;
      readonly section: IniSection;
    };

/** One name in the pipeline. Its definition is missing where that is wrong, which is then reported. */
export interface Entry extends Place {
  readonly name: string;
  readonly definition: Definition | undefined;
}

export interface Layout {
  readonly entries: readonly Entry[];
  /** Those of every [filter:NAME] and [app:NAME], also where the pipeline does not have them. */
  readonly definitions: readonly Definition[];
}

const SECTION_NAME = /^(filter|app):(.+)$/s;
const EGG = /^egg:([\w.-]+)#(.+)$/s;
const MODULE = /^(\.{0,2}\/).+$/;
const ABBREVIATION = /^\.\.\.(.+)\.\.\.$/;

/** Reads [pipeline:main] and every [filter:…] and [app:…], and reports what cannot work. */
export function readPipeline(context: Context): Layout {
  const definitions = new Map<string, Definition | undefined>();
  for (const section of context.ini.sections.values()) {
    const [, kind, name] = SECTION_NAME.exec(section.name) ?? [];
    if (kind === undefined || name === undefined) continue;
    definitions.set(name, define(context, section, kind, name));
  }
  const entries = readNames(context).map((entry) => ({
    ...entry,
    definition: definitions.has(entry.name) ? definitions.get(entry.name) : implied(context, entry),
  }));
  checkOrder(context, entries);
  return { entries, definitions: [...definitions.values()].filter((definition) => definition !== undefined) };
}

function readNames(context: Context): readonly (Place & { readonly name: string })[] {
  const fallback = absentSection('pipeline:main', { file: context.ini.defaults.file, line: 0 });
  const section = context.ini.sections.get('pipeline:main') ?? fallback;
  const reading = readSection(context, section, PIPELINE_OPTIONS);
  const { file, line } = reading.placeOf('pipeline');
  const all = DEFAULT_PIPELINE.split(' ');
  const names = (reading.values.pipeline ?? []).flatMap((name) => {
    const inner = ABBREVIATION.exec(name)?.[1];
    if (inner === undefined) return [name];
    if (all.includes(inner)) return all;
    const fix = `Write the whole pipeline, such as "${DEFAULT_PIPELINE.replace('placement', inner)}".`;
    context.problems.report(
      { file, line },
      `"${name}" stands for the default pipeline, which has no ${inner}.`,
      fix,
    );
    return all;
  });
  return names.map((name) => ({ name, file, line }));
}

/** A built-in station that has no section of its own. */
function implied({ problems }: Context, entry: Place & { readonly name: string }): Definition | undefined {
  const { name } = entry;
  if (isBuiltin(name)) {
    return { kind: 'builtin', use: name, section: absentSection(`${BUILTINS[name].kind}:${name}`, entry) };
  }
  const near = nearest(name, Object.keys(BUILTINS));
  const add = `add [filter:${name}] with "use = ./${name}.js" for a module of your own`;
  const fix = near === undefined ? `Take it out, or ${add}.` : `Write "${near}", or ${add}.`;
  problems.report(entry, `The pipeline names "${name}", which is not built in and has no section.`, fix);
  return undefined;
}

function define(context: Context, section: IniSection, kind: string, name: string): Definition | undefined {
  const option = section.options.get('use');
  if (option === undefined) {
    if (isBuiltin(name)) return builtin(context, section, section, kind, name);
    const near = nearest(name, Object.keys(BUILTINS));
    const meant =
      near === undefined ? '' : ` Or did you mean [${BUILTINS[near as BuiltinName].kind}:${near}]?`;
    context.problems.report(section, `[${section.name}] has no "use".`, `Add "use = ./${name}.js".${meant}`);
    return undefined;
  }
  const use = textOf(context, section, option);
  if (use === undefined) return undefined;
  const [, egg, entryPoint] = EGG.exec(use) ?? [];
  if (egg !== undefined && entryPoint !== undefined) {
    const isOurs = egg === 'autosync' || (egg === 'swift' && entryPoint === 'autosync');
    if (isOurs && isBuiltin(entryPoint)) return builtin(context, section, option, kind, entryPoint);
  }
  if (MODULE.test(use)) return userModule(context, section, option, kind, use);
  const near = nearest(entryPoint ?? use, Object.keys(BUILTINS)) ?? name;
  const wanted = isBuiltin(near) ? `egg:autosync#${near}` : `./${near}.js`;
  const message = `[${section.name}] uses what there is not: "${use}".`;
  context.problems.report(
    option,
    message,
    `Write "use = ${wanted}"; a module of your own begins with ./ or /.`,
  );
  return undefined;
}

function builtin(
  { problems }: Context,
  section: IniSection,
  place: Place,
  kind: string,
  use: BuiltinName,
): Definition {
  const right = BUILTINS[use].kind;
  if (kind !== right) {
    const fix = `Name the section [${right}:${section.name.slice(kind.length + 1)}].`;
    problems.report(place, `[${section.name}] is for a ${kind}, but ${use} is a ${right}.`, fix);
  }
  return { kind: 'builtin', use, section };
}

function userModule(
  { problems, isFile }: Context,
  section: IniSection,
  option: IniOption,
  kind: string,
  use: string,
): Definition {
  const path = resolve(dirname(option.file), use);
  if (!isFile(path)) {
    const fix = `Put the module there, or mend "use"; a relative path starts at the folder of ${option.file}.`;
    problems.report(option, `[${section.name}] uses ${path}, which is no file.`, fix);
  }
  return { kind: 'module', isApp: kind === 'app', path, section };
}

function checkOrder({ problems }: Context, entries: readonly Entry[]): void {
  const seen = new Map<string, string>();
  const first = entries[0];
  if (first === undefined) return;
  for (const { definition, name, file, line } of entries) {
    const key = definition?.kind === 'builtin' ? definition.use : `:${name}`;
    if (seen.has(key)) {
      const what =
        seen.get(key) === name
          ? `"${name}" stands twice`
          : `"${seen.get(key) ?? ''}" and "${name}" are the same`;
      problems.report({ file, line }, `In the pipeline, ${what}.`, 'Keep one of the two.');
    }
    seen.set(key, name);
  }
  const uses = entries.map(({ definition }) => (definition?.kind === 'builtin' ? definition.use : undefined));
  const end = entries.findIndex(({ definition }) => definition !== undefined && isApp(definition));
  if (end < 0) {
    problems.report(first, 'The pipeline has no proxy.', 'Put "proxy" at its end.');
  } else if (end < uses.length - 1) {
    const after = entries.slice(end + 1).map(({ name }) => `"${name}"`);
    const fix = `Put ${entries[end]?.name === 'proxy' ? 'the proxy' : `"${entries[end]?.name ?? ''}"`} at the end.`;
    problems.report(first, `In the pipeline, ${after.join(', ')} would never be reached.`, fix);
  }
  const autosync = uses.indexOf('autosync');
  if (autosync >= 0 && uses.indexOf('placement') > autosync) {
    const fix = 'Put placement before autosync.';
    problems.report(first, 'In the pipeline, placement stands after autosync, which needs its answer.', fix);
  }
}

/** Whether it answers itself, so that nothing behind it is reached. */
export function isApp(definition: Definition): boolean {
  return definition.kind === 'builtin' ? BUILTINS[definition.use].kind === 'app' : definition.isApp;
}
