// The kinds of values that options have: from the text in the file to a value, or to what is wrong. Knows no option.
import type { Parsed, ValueType } from './option.js';
import { normaliseUrl } from './urls.js';

function splitList(text: string): string[] {
  return text
    .split(/[,\n]/)
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function between(min: number, max: number, value: number): boolean {
  return value >= min && value <= max;
}

function wholeNumber(words: string, range: string, min: number, max: number): ValueType<number>['parse'] {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (between(min, max, value)) return { value };
    return {
      wrong: `is no ${words} ${range}: "${text}"`,
      fix: `Write a whole number ${range}, without a unit.`,
    };
  };
}

/** A whole number. */
export function integer(min: number, max: number): ValueType<number> {
  const range = `from ${min} to ${max}`;
  return { words: 'integer', range, suffix: '', parse: wholeNumber('integer', range, min, max) };
}

/** A size in bytes. */
export function bytes(min: number, max: number): ValueType<number, 'Bytes'> {
  const range = `from ${min} to ${max}`;
  return { words: 'bytes', range, suffix: 'Bytes', parse: wholeNumber('number of bytes', range, min, max) };
}

/** A TCP port; 0 takes any free one. */
export const port: ValueType<number> = {
  words: 'port',
  range: 'from 0 to 65535; 0 takes any free port',
  suffix: '',
  parse: wholeNumber('port', 'from 0 to 65535', 0, 65_535),
};

/** Seconds in the file, fractions allowed; milliseconds in the program. */
export function seconds(min: number, max: number): ValueType<number, 'Ms'> {
  const range = `from ${min} to ${max}`;
  const parse = (text: string): Parsed<number> => {
    const value = /^\d{1,12}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
    if (between(min, max, value)) return { value: Math.round(value * 1000) };
    return {
      wrong: `is no number of seconds ${range}: "${text}"`,
      fix: `Write a number ${range}, such as 5 or 0.5, without a unit.`,
    };
  };
  return { words: 'seconds', range, suffix: 'Ms', parse };
}

/** The number of worker processes, or `auto`. */
export const workers: ValueType<number | 'auto'> = {
  words: 'auto or an integer',
  range: 'from 1 to 1024',
  suffix: '',
  parse: (text) => {
    if (text.toLowerCase() === 'auto') return { value: 'auto' };
    return wholeNumber('integer', 'from 1 to 1024', 1, 1024)(text);
  },
};

const TRUE = ['true', 'yes', 'on', '1', 't', 'y'];
const FALSE = ['false', 'no', 'off', '0', 'f', 'n'];

/** Swift's booleans; anything that is neither is wrong, where Swift takes it for false. */
export const boolean: ValueType<boolean> = {
  words: 'boolean',
  range: '',
  suffix: '',
  parse: (text) => {
    const lower = text.toLowerCase();
    if (TRUE.includes(lower)) return { value: true };
    if (FALSE.includes(lower)) return { value: false };
    return { wrong: `is neither true nor false: "${text}"`, fix: 'Write true or false.' };
  },
};

/** One of a few words, in any case. */
export function oneOf<const Word extends string>(...words: readonly Word[]): ValueType<Word> {
  const range = words.join(', ');
  const parse = (text: string): Parsed<Word> => {
    const value = words.find((word) => word.toLowerCase() === text.toLowerCase());
    return value === undefined
      ? { wrong: `is none of ${range}: "${text}"`, fix: `Write one of ${range}.` }
      : { value };
  };
  return { words: 'one of', range, suffix: '', parse };
}

/** Any text of one line. Its value is never shown: it may be a password. */
export const text: ValueType<string> = {
  words: 'text',
  range: '',
  suffix: '',
  parse: (value) =>
    value.includes('\n')
      ? { wrong: 'runs over several lines', fix: 'Write it on one line, and do not indent what follows.' }
      : { value },
};

/** Words with white space between them. */
export const wordList: ValueType<readonly string[]> = {
  words: 'names with spaces between them',
  range: '',
  suffix: '',
  parse: (value) => {
    const words = value.split(/\s+/).filter((word) => word !== '');
    return words.length > 0
      ? { value: words }
      : { wrong: 'is empty', fix: 'Write the names, or leave the option out.' };
  },
};

/** A path; a relative one starts from the folder of its file. */
export const path: ValueType<string> = { ...text, words: 'path', isPath: true };

/** An IP address to listen on. */
export const address: ValueType<string> = {
  words: 'IP address',
  range: '',
  suffix: '',
  parse: (value) =>
    /^[0-9a-z.:%-]+$/i.test(value)
      ? { value }
      : {
          wrong: `is no address: "${value}"`,
          fix: 'Write one IP address, such as 0.0.0.0, 127.0.0.1 or ::.',
        },
};

/** A server's URL. */
export const url: ValueType<string> = {
  words: 'URL',
  range: 'http:// or https://',
  suffix: '',
  parse: (value) => normaliseUrl(value),
};

function list<T>(
  words: string,
  range: string,
  parseItem: (item: string) => Parsed<T>,
  keyOf: (item: T) => string,
): ValueType<readonly T[]> {
  const parse = (value: string): Parsed<readonly T[]> => {
    const items: T[] = [];
    for (const item of splitList(value)) {
      const parsed = parseItem(item);
      if ('wrong' in parsed) return parsed;
      if (items.some((other) => keyOf(other) === keyOf(parsed.value))) {
        return { wrong: `names "${item}" twice`, fix: 'Name each once.' };
      }
      items.push(parsed.value);
    }
    return items.length === 0
      ? { wrong: 'is empty', fix: 'Write at least one, or leave the option out.' }
      : { value: items };
  };
  return { words: `list of ${words}`, range, suffix: '', parse };
}

function sameText(item: string): string {
  return item;
}

/** Host names and addresses, in small letters as they compare in URLs. */
export const hosts: ValueType<readonly string[]> = list(
  'hosts',
  'names or addresses, without port',
  (item) =>
    /^(?:[\w.-]+|[0-9a-f:.%]+)$/i.test(item)
      ? { value: item.toLowerCase() }
      : {
          wrong: `has what is no host: "${item}"`,
          fix: 'Write host names or addresses, without scheme and port.',
        },
  sameText,
);

/** Clusters' URLs. */
export const urls: ValueType<readonly string[]> = list(
  'URLs',
  'http:// or https://',
  (item) => normaliseUrl(item),
  sameText,
);

/** Servers behind http:// URLs that have no path. */
export const httpServers: ValueType<readonly string[]> = list(
  'URLs',
  'http://HOST:PORT',
  (item) => {
    const parsed = normaliseUrl(item, 'http');
    if ('wrong' in parsed || new URL(parsed.value).pathname === '/') return parsed;
    return { wrong: `has a path in its URL: "${item}"`, fix: 'Write http://HOST:PORT.' };
  },
  sameText,
);

/** Patterns for account names. */
export const patterns: ValueType<readonly string[]> = list(
  'patterns',
  'account names; * is any text, ? any one character, ! in front takes out',
  (item) =>
    /[/\s]/.test(item)
      ? {
          wrong: `has what is no account pattern: "${item}"`,
          fix: 'Write patterns such as AUTH_*, with commas between.',
        }
      : { value: item },
  sameText,
);

/** Pairs of names, the left ones in small letters: they compare without case. */
export const policyMap: ValueType<ReadonlyMap<string, string>> = {
  words: 'list of pairs',
  range: 'NAME THERE: NAME HERE',
  suffix: '',
  parse: (value) => {
    const pairs = new Map<string, string>();
    for (const item of splitList(value)) {
      const [, there, here] = /^(\*|[\w.-]+)\s*:\s*([\w.-]+)$/.exec(item) ?? [];
      if (there === undefined || here === undefined)
        return { wrong: `has what is no pair: "${item}"`, fix: 'Write NAME THERE: NAME HERE.' };
      if (pairs.has(there.toLowerCase()))
        return { wrong: `names "${there}" twice on the left`, fix: 'Name each once.' };
      pairs.set(there.toLowerCase(), here);
    }
    return { value: pairs };
  },
};

/** One cluster by its name in the realm, or by URL (then normalised). Names are kept as they are written. */
export function parseClusterName(item: string): Parsed<string> {
  if (item.includes('://')) return normaliseUrl(item);
  if (/^[^\s/,=:]+$/.test(item)) return { value: item };
  return {
    wrong: `has what is no name of a cluster: "${item}"`,
    fix: 'Write NAME as in cluster_NAME of the realms file.',
  };
}

/** By what clusters compare: names do not mind case, URLs are normalised already. */
export function clusterKey(name: string): string {
  return name.includes('://') ? name : name.toUpperCase();
}

/** Clusters by name or URL. */
export const clusters: ValueType<readonly string[]> = list('clusters', '', parseClusterName, clusterKey);

/** So large a part of the copies is to take so long at most. */
export interface Objective {
  /** Of 1. */
  readonly share: number;
  readonly withinSeconds: number;
}

/** `99.9 % in 60 s` */
export const objective: ValueType<Objective> = {
  words: 'SHARE % in SECONDS s',
  range: 'from 1 to 99.999 %, from 1 to 86400 s',
  suffix: '',
  parse: (value) => {
    const [, percent, seconds] = /^(\d{1,2}(?:\.\d{1,3})?) ?% in (\d{1,5}) ?s$/.exec(value) ?? [];
    const [share, withinSeconds] = [Number(percent ?? NaN) / 100, Number(seconds ?? NaN)];
    if (between(0.01, 0.99999, share) && between(1, 86_400, withinSeconds))
      return { value: { share, withinSeconds } };
    return { wrong: `is not SHARE % in SECONDS s: "${value}"`, fix: 'Write it such as 99.9 % in 60 s.' };
  },
};
