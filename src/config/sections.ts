// THE list of sections, in the order of the sample file. Knows which options stand where, not what they do.
import { DEFAULT_OPTIONS, PIPELINE_OPTIONS, PLACEMENT_OPTIONS, PROXY_OPTIONS } from './gateway-options.js';
import type { Table } from './option.js';
import {
  ADMIN_OPTIONS,
  AUTOSYNC_OPTIONS,
  CLUSTER_OPTIONS,
  DAEMON_OPTIONS,
  SERVICE_OPTIONS,
} from './sync-options.js';

/** The built-in stations of the pipeline: what each is, and its options. */
export const BUILTINS = {
  catch_errors: { kind: 'filter', table: {} },
  healthcheck: { kind: 'filter', table: {} },
  placement: { kind: 'filter', table: PLACEMENT_OPTIONS },
  autosync: { kind: 'filter', table: AUTOSYNC_OPTIONS },
  proxy: { kind: 'app', table: PROXY_OPTIONS },
} as const satisfies Record<string, { readonly kind: 'filter' | 'app'; readonly table: Table }>;

export type BuiltinName = keyof typeof BUILTINS;

export function isBuiltin(name: string): name is BuiltinName {
  return Object.hasOwn(BUILTINS, name);
}

/** One section as the sample file and the reference show it. */
export interface SectionInfo {
  readonly name: string;
  readonly doc: string;
  readonly table: Table;
  /** May be left out; the sample file has its header commented out. */
  readonly isOptional: boolean;
}

function filter(name: BuiltinName, doc: string): SectionInfo {
  const { kind, table } = BUILTINS[name];
  return { name: `${kind}:${name}`, doc, table, isOptional: false };
}

export const SECTIONS: readonly SectionInfo[] = [
  {
    name: 'DEFAULT',
    doc: "The gateway's listener. An option of another section given here is the default of all sections that know it; the options listed here are not handed on.",
    table: DEFAULT_OPTIONS,
    isOptional: false,
  },
  {
    name: 'pipeline:main',
    doc: 'The way of a request.',
    table: PIPELINE_OPTIONS,
    isOptional: false,
  },
  filter('proxy', "The end of the pipeline: hands requests to this cluster's Swift proxy servers."),
  filter('catch_errors', 'Turns what goes wrong inside into an answer and a log line. Has no options.'),
  filter('healthcheck', 'Answers /healthcheck. Has no options.'),
  filter(
    'placement',
    'Decides which clusters hold the objects of a container. For an engine of your own, put "use = ./my-engine.js" in a section [filter:my-engine] and its name in the pipeline.',
  ),
  filter(
    'autosync',
    'Makes account and container changes on every cluster, and one namespace of all of them.',
  ),
  {
    name: 'service',
    doc: 'The user the gateway works as where no client is at hand. It may read and write every account of this cluster, and only of this one.',
    table: SERVICE_OPTIONS,
    isOptional: true,
  },
  {
    name: 'cluster:NAME',
    doc: 'One for each peer whose gateway is not where container-sync-realms.conf says. NAME as there, in any case.',
    table: CLUSTER_OPTIONS,
    isOptional: true,
  },
  {
    name: 'daemon',
    doc: 'The daemon, which brings all clusters to agreement after any failure (autosync daemon).',
    table: DAEMON_OPTIONS,
    isOptional: false,
  },
  { name: 'admin', doc: 'Status and metrics.', table: ADMIN_OPTIONS, isOptional: false },
];
