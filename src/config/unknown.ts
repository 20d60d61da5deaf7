// Names of sections, and of options in [DEFAULT], that nobody knows. Knows nothing of their values.
import { DEFAULT_OPTIONS, RULE_PREFIX } from './gateway-options.js';
import type { Layout } from './pipeline.js';
import { allNames } from './section.js';
import type { Context } from './section.js';
import { BUILTINS, SECTIONS } from './sections.js';
import { referencedNames } from '../lib/interpolate.js';
import { nearest } from '../lib/nearest.js';

const KNOWN = new Set(SECTIONS.map(({ name }) => name));
const WITH_NAME = /^(?:filter|app|cluster):./s;

/** Reports sections that there are not, with the one that was meant. */
export function checkSectionNames({ ini, problems }: Context): void {
  for (const section of ini.sections.values()) {
    const { name } = section;
    if (KNOWN.has(name) || WITH_NAME.test(name)) continue;
    problems.report(section, `There is no section [${name}].`, sectionFix(name));
  }
}

function sectionFix(name: string): string {
  // [autosync] for [filter:autosync], [Default] for [DEFAULT], [clusters:x] for [cluster:x].
  const bare = Object.entries(BUILTINS).map(([use, { kind }]) => [use, `${kind}:${use}`] as const);
  const wholes = new Map([...KNOWN].map((known) => [known, known] as const).concat(bare));
  const near = nearest(name, wholes.keys());
  if (near !== undefined) return `Write [${wholes.get(near) ?? near}].`;
  const [kind, ...rest] = name.split(':');
  const nearKind = rest.length > 0 ? nearest(kind ?? '', ['filter', 'app', 'cluster']) : undefined;
  if (nearKind !== undefined) return `Write [${nearKind}:${rest.join(':')}].`;
  return `Sections are ${[...KNOWN].map((known) => `[${known}]`).join(', ')}, and [filter:NAME] of your own.`;
}

/**
 * Reports options in [DEFAULT] that no section knows, no `%(name)s` refers to and no module of the user's can want.
 */
export function checkDefaults({ ini, problems }: Context, { definitions }: Layout): void {
  const own = Object.keys(DEFAULT_OPTIONS);
  const known = allNames();
  const referenced = referencedNames(ini);
  const hasModule = definitions.some(({ kind }) => kind === 'module');
  for (const option of ini.defaults.options.values()) {
    const { name } = option;
    if (known.includes(name) || referenced.has(name)) continue;
    const isRule = name.startsWith(RULE_PREFIX);
    const near = nearest(name, own) ?? nearest(name, known);
    if (hasModule && near === undefined && !isRule) continue;
    let fix = 'Take it out; etc/autosync.conf-sample has every option.';
    if (isRule) fix = 'It belongs in [filter:placement].';
    else if (near !== undefined) fix = `Write "${near}".`;
    problems.report(option, `[DEFAULT] has no option "${name}".`, fix);
  }
}
