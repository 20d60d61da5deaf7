// The stations of the pipeline with their options. Knows nothing of what a station does.
import type { BuiltinStation, Config, ModuleStation, Station } from './config.js';
import { DEFAULT_OPTIONS } from './gateway-options.js';
import type { Entry, Layout } from './pipeline.js';
import { textOf } from './section.js';
import type { Context } from './section.js';
import type { BuiltinName } from './sections.js';
import type { IniSection, Place } from '../lib/ini.js';

type Options = Readonly<Record<string, string>>;

/** The options of every module, by its section. */
export type ModuleOptions = ReadonlyMap<IniSection, Options>;

/**
 * What is handed to the user's own modules: all of their section but `use`, by the names as written there, and what
 * [DEFAULT] has beyond the gateway's own options.
 */
export function readModuleOptions(context: Context, layout: Layout): ModuleOptions {
  const all = new Map<IniSection, Options>();
  for (const definition of layout.definitions) {
    if (definition.kind !== 'module') continue;
    const { section } = definition;
    const inherited = [...context.ini.defaults.options.values()].filter(
      ({ name }) => !Object.hasOwn(DEFAULT_OPTIONS, name) && !section.options.has(name),
    );
    const own = [...section.options.values()].filter(({ name }) => name !== 'use');
    const pairs = [...inherited, ...own].map((option) => [
      option.spelling,
      textOf(context, section, option) ?? '',
    ]);
    all.set(section, Object.fromEntries(pairs) as Options);
  }
  return all;
}

/** The pipeline with everything filled in; only where nothing was reported. */
export function buildStations(
  { entries }: Layout,
  views: Pick<Config, 'proxy' | 'placement' | 'autosync'>,
  modules: ModuleOptions,
): readonly Station[] {
  return entries.flatMap((entry) => {
    const station = buildStation(entry, views, modules);
    return station === undefined ? [] : [station];
  });
}

function buildStation(
  { name, definition, ...entry }: Entry,
  views: Pick<Config, 'proxy' | 'placement' | 'autosync'>,
  modules: ModuleOptions,
): Station | undefined {
  if (definition === undefined) return undefined;
  const { section } = definition;
  const { file, line } = section.line > 0 ? section : entry;
  if (definition.kind === 'builtin') return builtinStation(definition.use, { name, file, line }, views);
  const options = modules.get(section) ?? {};
  return { kind: 'module', name, path: definition.path, options, file, line } satisfies ModuleStation;
}

function builtinStation(
  use: BuiltinName,
  named: Place & { readonly name: string },
  { proxy, placement, autosync }: Pick<Config, 'proxy' | 'placement' | 'autosync'>,
): BuiltinStation | undefined {
  const base = { kind: 'builtin', ...named } as const;
  switch (use) {
    case 'catch_errors':
    case 'healthcheck':
      return { ...base, use, options: {} };
    case 'placement':
      return { ...base, use, options: placement };
    case 'autosync':
      return autosync && { ...base, use, options: autosync };
    case 'proxy':
      return { ...base, use, options: proxy };
  }
}
