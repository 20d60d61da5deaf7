// From the configuration file to one frozen Config, or to everything that is wrong with it. Calls the sections' own files.
import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { autosyncConfig, readAutosync } from './autosync.js';
import { checkClusterNames, readClusters } from './clusters.js';
import type { Config } from './config.js';
import { freeze } from './freeze.js';
import { DEFAULT_OPTIONS, PROXY_OPTIONS } from './gateway-options.js';
import { readDaemon } from './daemon.js';
import { checkListeners, checkSyncHosts } from './listeners.js';
import { isApp, readPipeline } from './pipeline.js';
import type { Layout } from './pipeline.js';
import { placementConfig, readPlacement } from './placement.js';
import { ProblemList } from './problems.js';
import { readSources } from './read.js';
import type { Source } from './read.js';
import { absentSection, readSection } from './section.js';
import type { Context } from './section.js';
import { BUILTINS } from './sections.js';
import type { BuiltinName } from './sections.js';
import { readService, serviceConfig } from './service.js';
import { buildStations, readModuleOptions } from './stations.js';
import { ADMIN_OPTIONS } from './sync-options.js';
import { checkDefaults, checkSectionNames } from './unknown.js';
import { mergeInis, parseIni } from '../lib/ini.js';
import type { IniSection, Problem } from '../lib/ini.js';

/** A configuration that can be used, or the reasons why it cannot. */
export interface Loaded {
  /** Only where there are no problems. */
  readonly config?: Config;
  readonly problems: readonly Problem[];
}

/**
 * Loads a configuration file, or a conf.d folder. Never throws for what is in it, nor when it is not there.
 *
 * @param file path of the file or folder; problems name it as it is given here
 */
export function loadConfig(file: string): Loaded {
  const { sources, problems } = readSources(file);
  if (sources.length === 0) return { problems };
  const loaded = buildConfig(file, sources, isFile);
  return problems.length === 0 ? loaded : { problems: [...problems, ...loaded.problems] };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** {@link loadConfig} without a disk: what the files say, and which files there are. */
export function buildConfig(
  file: string,
  sources: readonly Source[],
  fileExists: (path: string) => boolean,
): Loaded {
  const problems = new ProblemList();
  const parsed = sources.map((source) => parseIni(source.text, source.file));
  for (const problem of parsed.flatMap((one) => one.problems)) problems.add(problem);
  const empty = parseIni('', sources[0]?.file ?? file).ini;
  const path = resolve(file);
  const isFolder = sources.some((source) => resolve(source.file) !== path);
  const context: Context = {
    ini: parsed.map(({ ini }) => ini).reduce((all, ini) => mergeInis(all, ini), empty),
    variables: { here: isFolder ? path : dirname(path), __file__: path },
    problems,
    isFile: fileExists,
  };
  const config = readAll(context, path);
  const found = problems.sorted(sources.map((source) => source.file));
  if (found.length > 0 || config === undefined) return { problems: found };
  return { config: freeze(config), problems: [] };
}

/** Reads everything, whatever is wrong; what it returns counts only where nothing was reported. */
function readAll(context: Context, file: string): Config | undefined {
  const { ini, problems } = context;
  const server = readSection(context, ini.defaults, DEFAULT_OPTIONS, () => true);
  const layout = readPipeline(context);
  checkSectionNames(context);
  checkDefaults(context, layout);
  const read = readSections(context, layout);
  const { proxy, placement, autosync, service, clusters, admin, daemon } = read;
  checkListeners(context, { server, admin, proxy });
  if (autosync?.identity !== undefined) {
    checkClusterNames(context, autosync.identity, placement, clusters);
    checkSyncHosts(context, autosync.identity, server, autosync);
  }
  if (!problems.isEmpty || proxy === undefined) return undefined;
  const swiftDir = server.values.swiftDir ?? dirname(file);
  const views = {
    proxy: proxy.whole,
    placement: placementConfig(placement),
    autosync: autosync && autosyncConfig(autosync, { swiftDir, hasService: service !== undefined }),
  };
  return {
    file,
    server: { ...server.whole, swiftDir },
    realmsFile: join(swiftDir, 'container-sync-realms.conf'),
    stations: buildStations(layout, views, read.modules),
    ...views,
    service: service && serviceConfig(service),
    clusters,
    admin: admin.whole,
    daemon: daemon.whole,
  };
}

function readSections(context: Context, layout: Layout) {
  const { defaults, sections } = context.ini;
  const of = (use: BuiltinName): IniSection => sectionOf(layout, use, defaults.file);
  const find = (name: string): IniSection =>
    sections.get(name) ?? absentSection(name, { file: defaults.file, line: 0 });
  const isInPipeline = (use: BuiltinName): boolean => usesOf(layout).includes(use);
  // A header with nothing under it is no service user.
  const hasService = (sections.get('service')?.options.size ?? 0) > 0;
  readOthers(context, layout);
  return {
    service: hasService ? readService(context, find('service')) : undefined,
    proxy: hasApp(layout) ? readSection(context, of('proxy'), PROXY_OPTIONS, isUse) : undefined,
    placement: readPlacement(context, of('placement')),
    autosync: isInPipeline('autosync') ? readAutosync(context, of('autosync'), hasService) : undefined,
    admin: readSection(context, find('admin'), ADMIN_OPTIONS),
    daemon: readDaemon(context, find('daemon')),
    clusters: readClusters(context),
    modules: readModuleOptions(context, layout),
  };
}

function isUse(name: string): boolean {
  return name === 'use';
}

/** Where an app of the user's own stands last, the gateway's own requests still go to the Swift that [app:proxy] names. */
function hasApp({ entries }: Layout): boolean {
  return entries.some(({ definition }) => definition !== undefined && isApp(definition));
}

function usesOf({ entries }: Layout): readonly BuiltinName[] {
  return entries.flatMap(({ definition }) => (definition?.kind === 'builtin' ? [definition.use] : []));
}

/** The section of a built-in station: that of the pipeline's, else any, else none with everything at its default. */
function sectionOf({ entries, definitions }: Layout, use: BuiltinName, file: string): IniSection {
  const inPipeline = entries.map(({ definition }) => definition);
  const found = [...inPipeline, ...definitions].find((one) => one?.kind === 'builtin' && one.use === use);
  return found?.section ?? absentSection(`${BUILTINS[use].kind}:${use}`, { file, line: 0 });
}

/** Sections of built-in stations that nothing else reads: those without options, and those the pipeline does not have. */
function readOthers(context: Context, layout: Layout): void {
  for (const definition of layout.definitions) {
    if (definition.kind !== 'builtin') continue;
    const { use, section } = definition;
    const isRead =
      use === 'placement' ||
      (use === 'proxy' && hasApp(layout)) ||
      (usesOf(layout).includes(use) && Object.keys(BUILTINS[use].table).length > 0);
    if (isRead && section === sectionOf(layout, use, section.file)) continue;
    readSection(context, section, BUILTINS[use].table, (name) => isUse(name) || name.startsWith('rule_'));
  }
}
