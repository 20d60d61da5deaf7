// Renders etc/autosync.conf-sample and docs/reference/options.md from the option tables. Writes no file.
import type { Option } from './option.js';
import { BUILTINS, SECTIONS } from './sections.js';
import type { SectionInfo } from './sections.js';
import { DEFAULT_PIPELINE, RULE_PREFIX } from './gateway-options.js';

const WIDTH = 78;
const HEAD = [
  'Sample configuration of Swift Autosync: every option, at its default, or with an example where it has none. Lines without # in front have to be given.',
  'Made from the option tables of the program.',
].join(' ');

const RULE = {
  name: `${RULE_PREFIX}NAME`,
  doc: 'Containers that fit the pattern ACCOUNT/CONTAINER (* is any text, ? any one character) are on these clusters instead. Any number of rules; the first that fits, in the order of the file, is taken. NAME_segments and NAME+segments also go where NAME fits. With "; object_ack = all" (or local), "; replication_objective = 99.9 % in 60 s", or both at its end, a rule says that for its containers as well.',
  example: 'AUTH_*/archive-* -> secondary',
};

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function comment(text: string): string[] {
  return wrap(text, WIDTH - 2).map((line) => `# ${line}`);
}

function typeWords({ words, range }: Option<unknown>): string {
  if (range === '') return words;
  return words === 'one of' ? `one of ${range}` : `${words}, ${range}`;
}

function sampleOption(name: string, option: Option<unknown>): string[] {
  const notes = [option.doc, `${capital(typeWords(option))}.`];
  if (option.defaultWords !== undefined) notes.push(`Default: ${option.defaultWords}.`);
  const value = option.defaultText ?? option.example ?? '';
  const mark = isStart(name, option) ? '' : '# ';
  return [...comment(notes.join(' ')), `${mark}${name} = ${value}`];
}

/** Whether a working file cannot do without it; these lines are not commented out. */
function isStart(name: string, option: Option<unknown>): boolean {
  return option.isRequired || name === 'my_cluster' || name === 'accounts' || name === 'pipeline';
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function useOf({ name }: SectionInfo): string | undefined {
  const builtin = name.split(':')[1];
  return builtin !== undefined && Object.hasOwn(BUILTINS, builtin) ? `egg:autosync#${builtin}` : undefined;
}

function sampleSection(section: SectionInfo): string[] {
  const { name, doc, table, isOptional } = section;
  const header = isOptional ? `# [${name}]` : `[${name}]`;
  const use = useOf(section);
  const parts = Object.entries(table).map(([option, info]) => {
    const lines = sampleOption(option, info);
    return isOptional ? lines.map((line) => (line.startsWith('#') ? line : `# ${line}`)) : lines;
  });
  if (name === 'filter:placement')
    parts.splice(1, 0, [...comment(RULE.doc), `# ${RULE.name} = ${RULE.example}`]);
  const head = [header, ...comment(doc), ...(use === undefined ? [] : [`use = ${use}`])];
  return [head, ...parts].flatMap((lines, index) => (index === 0 ? lines : ['#', ...lines]));
}

/** The text of etc/autosync.conf-sample. It loads as it stands. */
export function renderSample(): string {
  const sections = SECTIONS.map((section) => sampleSection(section).join('\n'));
  return `${comment(HEAD).join('\n')}\n\n${sections.join('\n\n')}\n`;
}

function referenceOption(name: string, option: Option<unknown>): string {
  const facts = [capital(typeWords(option))];
  if (option.isRequired) facts.push('has to be given');
  else if (option.defaultText !== undefined) facts.push(`default \`${option.defaultText}\``);
  else
    facts.push(option.defaultWords === undefined ? 'no default' : `default: ${plain(option.defaultWords)}`);
  return referenceEntry(
    name,
    `${plain(facts[0] ?? '')}; ${facts.slice(1).join('; ')}.`,
    option.doc,
    option.example,
  );
}

function referenceEntry(name: string, facts: string, doc: string, example: string | undefined): string {
  const shown = example === undefined ? '' : `\n\nExample: \`${name} = ${example}\``;
  return `### \`${name}\`\n\n${facts}\n\n${plain(doc)}${shown}`;
}

/** Text that Markdown shows as it is. */
function plain(text: string): string {
  return text.replaceAll(/[*]/g, '\\$&').replaceAll(/(?<![\w/])(\[[^\]]+\])/g, '`$1`');
}

function referenceSection({ name, doc, table }: SectionInfo): string {
  const entries = Object.entries(table).map(([option, info]) => referenceOption(option, info));
  if (name === 'filter:placement') {
    const facts = 'ACCOUNT/CONTAINER -> list of clusters; no default.';
    entries.splice(1, 0, referenceEntry(RULE.name, facts, RULE.doc, RULE.example));
  }
  return [`## \`[${name}]\``, plain(doc), ...entries].join('\n\n');
}

const INTRODUCTION = `# Options

The configuration is one file in the style of Swift's own, \`/etc/swift/autosync.conf\`, or a folder whose \`*.conf\` files
are laid over one another in the order of their names. This page is made from the option tables of the program.

- \`name = value\` or \`name: value\`. A line indented deeper goes on with the value above it. Names do not mind case.
- Lines that begin with \`#\` or \`;\` are comments. Inside a value, \`#\`, \`;\` and \`%\` are text.
- \`%(name)s\` is replaced by another option of the section or of \`[DEFAULT]\`, or by \`%(here)s\`, the folder of the file. In
  such a value \`%%\` is one \`%\`.
- An option in \`[DEFAULT]\` is the default of every section that knows it, but for those that \`[DEFAULT]\` has itself.
  A section's own line wins, written \`name = value\` or, as in paste.deploy, \`set name = value\`.
- Relative paths start at the folder of their file. Seconds may have a fraction. Units are never written.
- Everything wrong is reported at once, with file, line and the fix. An option or section that there is not is an error.
- The pipeline is \`${DEFAULT_PIPELINE}\` where the file does not say otherwise.`;

/** The text of docs/reference/options.md. */
export function renderReference(): string {
  return `${[INTRODUCTION, ...SECTIONS.map(referenceSection)].join('\n\n')}\n`;
}
