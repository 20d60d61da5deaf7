// What a gateway's /metrics says: fetched, held against Prometheus' text format, and looked up.
import { expect } from 'vitest';
import { send } from './swift-client.js';

export interface Metrics {
  /** The sum of all samples of that name that have these labels; undefined for none. */
  get(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const SAMPLE = new RegExp(
  `^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? ([Nn]a[Nn]|[-+]?Inf|-?[0-9.]+(?:e[-+]?\\d+)?)$`,
);

export async function readMetrics(adminUrl: string): Promise<Metrics> {
  const answer = await send(adminUrl, 'GET', '/metrics');
  expect(answer.status, answer.text).toBe(200);
  expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  return parseMetrics(answer.text);
}

/** Each family has its HELP and TYPE once, before its samples, and each sample is well formed and there once. */
export function parseMetrics(text: string): Metrics {
  const types = new Map<string, string>();
  const samples = new Map<string, { name: string; labels: string[]; value: number }>();
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line);
    if (type !== null) {
      expect(types.has(type[1]!), `TYPE of ${type[1]!} twice`).toBe(false);
      types.set(type[1]!, type[2]!);
    }
    if (line.startsWith('#')) continue;
    const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
    expect(name, `not a sample: ${line}`).not.toBe('');
    const family = name.replace(/_(?:bucket|sum|count)$/, '');
    expect(types.has(name) || types.has(family), `no TYPE before ${line}`).toBe(true);
    const id = `${name}{${labels}}`;
    expect(samples.has(id), `twice: ${id}`).toBe(false);
    const pairs = labels.match(new RegExp(LABEL, 'g')) ?? [];
    samples.set(id, { name, labels: [...pairs], value: Number(value.replace('Inf', 'Infinity')) });
  }
  return {
    get(wanted, labels = {}) {
      const found = [...samples.values()].filter(
        (each) =>
          each.name === wanted &&
          Object.entries(labels).every(([name, value]) => each.labels.includes(`${name}="${value}"`)),
      );
      return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
    },
  };
}
