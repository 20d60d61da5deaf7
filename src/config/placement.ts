// [filter:placement]: its options, and the rules with their patterns. Knows nothing of who asks.
import type { PlacementConfig, PlacementRule } from './config.js';
import { PLACEMENT_OPTIONS, RULE_PREFIX } from './gateway-options.js';
import { readSection, textOf } from './section.js';
import type { Context, Reading } from './section.js';
import { clusters, objective } from './types.js';
import type { Parsed } from './option.js';
import type { IniSection, Place } from '../lib/ini.js';

const ARROW = '->';
const EXTRAS =
  'Write such as "; object_ack = all; replication_objective = 99.9 % in 60 s" there, or nothing.';
const EXAMPLE = 'Write "ACCOUNT/CONTAINER -> CLUSTER, CLUSTER", such as "AUTH_*/archive-* -> secondary".';

type Rule = Omit<PlacementRule, 'name' | keyof Place>;
type Extras = Pick<Rule, 'objectAck' | 'replicationObjective'>;

/** What a rule says: `ACCOUNT/CONTAINER -> CLUSTER, CLUSTER; object_ack = all`, the first two patterns; what stands behind `;` in any order, or not at all. */
export function parseRule(whole: string): Parsed<Rule> {
  const [text = '', ...more] = whole.split(';');
  const rule = parsePlaces(text);
  if ('wrong' in rule || more.length === 0) return rule;
  let extras: Extras = {};
  for (const extra of more) {
    const parsed = parseExtra(extra);
    if ('wrong' in parsed) return parsed;
    if (Object.keys(parsed.value).some((name) => name in extras))
      return { wrong: `says twice what stands behind its ";": "${extra.trim()}"`, fix: 'Leave one of them.' };
    extras = { ...extras, ...parsed.value };
  }
  return { value: { ...rule.value, ...extras } };
}

/** `NAME = VALUE`, as the option of that name in [filter:autosync]. */
function parseExtra(text: string): Parsed<Extras> {
  const [, name, value = ''] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(text) ?? [];
  if (name === 'object_ack' && (value === 'local' || value === 'all')) return { value: { objectAck: value } };
  if (name === 'replication_objective') {
    const parsed = objective.parse(value);
    return 'wrong' in parsed ? parsed : { value: { replicationObjective: parsed.value } };
  }
  return { wrong: `has something else behind its ";": "${text.trim()}"`, fix: EXTRAS };
}

function parsePlaces(text: string): Parsed<Rule> {
  const arrow = text.lastIndexOf(ARROW);
  if (arrow < 0) return { wrong: 'has no "->" between the pattern and the clusters', fix: EXAMPLE };
  const pattern = text.slice(0, arrow).trim();
  const [account, container, ...more] = pattern.split('/');
  if (
    account === undefined ||
    account === '' ||
    container === undefined ||
    container === '' ||
    more.length > 0
  ) {
    return { wrong: `has a pattern that is not ACCOUNT/CONTAINER: "${pattern}"`, fix: EXAMPLE };
  }
  const parsed = clusters.parse(text.slice(arrow + ARROW.length).trim());
  if ('value' in parsed) return { value: { account, container, clusters: parsed.value } };
  return parsed.wrong === 'is empty' ? { wrong: 'has no clusters behind its "->"', fix: EXAMPLE } : parsed;
}

/** [filter:placement] read: the options' reading, and the rules in the file's order. */
export interface PlacementReading extends Reading<typeof PLACEMENT_OPTIONS> {
  readonly rules: readonly PlacementRule[];
}

export function readPlacement(context: Context, section: IniSection): PlacementReading {
  const isRule = (name: string): boolean => name.startsWith(RULE_PREFIX);
  const reading = readSection(context, section, PLACEMENT_OPTIONS, (name) => name === 'use' || isRule(name));
  const rules: PlacementRule[] = [];
  for (const option of section.options.values()) {
    if (!isRule(option.name)) continue;
    const text = textOf(context, section, option);
    if (text === undefined) continue;
    const name = option.name.slice(RULE_PREFIX.length);
    const parsed = name === '' ? { wrong: 'has no name', fix: 'Write rule_NAME.' } : parseRule(text);
    const { file, line } = option;
    if ('value' in parsed) rules.push({ name, file, line, ...parsed.value });
    else
      context.problems.report(option, `"${option.name}" in [${section.name}] ${parsed.wrong}.`, parsed.fix);
  }
  return { ...reading, rules };
}

/** The finished configuration; only where nothing was reported. */
export function placementConfig(reading: PlacementReading): PlacementConfig {
  return { ...reading.whole, rules: reading.rules };
}
