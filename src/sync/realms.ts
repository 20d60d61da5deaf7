// container-sync-realms.conf as Swift reads it: realms, their keys, their clusters' endpoints. Knows nothing of requests.
import { readFileSync, statSync } from 'node:fs';
import { parseIni } from '../lib/ini.js';
import type { Ini, IniOption, IniSection, Place, Problem } from '../lib/ini.js';
import { resolveOption } from '../lib/interpolate.js';

export interface RealmCluster {
  /** As it is written in the file, such as `https://host/v1/`; see {@link endpointOrigin}. */
  readonly endpoint: string;
  readonly line: number;
}

export interface Realm {
  /** As it is written in the file. */
  readonly name: string;
  readonly key: string;
  /** Accepted on receipt besides `key`, for rotation. */
  readonly key2: string | undefined;
  /** By upper-case name, in the order of the file. */
  readonly clusters: ReadonlyMap<string, RealmCluster>;
}

/** The realms of one reading of the file. Names do not mind case. */
export class Realms {
  private readonly byName: ReadonlyMap<string, Realm>;

  constructor(realms: Iterable<Realm> = []) {
    this.byName = new Map(Array.from(realms, (realm) => [realm.name.toUpperCase(), realm]));
  }

  realm(name: string): Realm | undefined {
    return this.byName.get(name.toUpperCase());
  }

  all(): readonly Realm[] {
    return [...this.byName.values()];
  }
}

const PREFIX = 'cluster_';

/** Where an endpoint is: its origin, and its path without a slash at the end (`/v1`, or empty). */
export function endpointOrigin(endpoint: string): { readonly origin: string; readonly basePath: string } {
  const { origin, pathname } = new URL(endpoint);
  return { origin, basePath: pathname.replace(/\/+$/, '') };
}

/**
 * Reads container-sync-realms.conf. `[DEFAULT]` is inherited and `%(name)s` replaced as in Swift; options that Swift does
 * not look at are not looked at here. A realm without a key is left out, as Swift lets nobody in with it.
 */
export function parseRealms(
  text: string,
  file: string,
): { readonly realms: Realms; readonly problems: readonly Problem[] } {
  const { ini, problems: found } = parseIni(text, file);
  const problems = [...found];
  const realms = new Map<string, { readonly realm: Realm; readonly line: number }>();
  for (const section of ini.sections.values()) {
    const other = realms.get(section.name.toUpperCase());
    if (other !== undefined) {
      const message = `[${section.name}] is the same realm as on line ${other.line}: names do not mind case.`;
      problems.push(problem(section, message, 'Bring the two together under one header.'));
    }
    const realm = readRealm(ini, section, problems);
    if (realm !== undefined) realms.set(section.name.toUpperCase(), { realm, line: section.line });
  }
  if (ini.sections.size === 0) {
    const fix = 'Add a [realm] with a key and one "cluster_NAME = https://HOST/v1/" for each cluster.';
    problems.push(problem({ file, line: 0 }, 'The file has no realm.', fix));
  }
  return { realms: new Realms(Array.from(realms.values(), ({ realm }) => realm)), problems };
}

function problem({ file, line }: Place, message: string, fix: string): Problem {
  return { file, line, message, fix };
}

function readRealm(ini: Ini, section: IniSection, problems: Problem[]): Realm | undefined {
  const options = new Map([...ini.defaults.options, ...section.options]);
  const textOf = (option: IniOption | undefined): string | undefined => {
    if (option === undefined) return '';
    const resolved = resolveOption(ini, section, option, { isStrict: true });
    if ('value' in resolved) return resolved.value;
    problems.push(resolved.problem);
    return undefined;
  };
  const clusters = new Map<string, RealmCluster>();
  for (const option of options.values()) {
    if (option.isSet) {
      const fix = `Write "${option.name} = …".`;
      problems.push(problem(option, `Swift does not know "set ${option.name}" in this file.`, fix));
    }
    if (!option.name.startsWith(PREFIX)) continue;
    const endpoint = textOf(option);
    if (endpoint === undefined) continue;
    const wrong = endpointProblem(option, endpoint);
    if (wrong !== undefined) problems.push(wrong);
    else clusters.set(option.name.slice(PREFIX.length).toUpperCase(), { endpoint, line: option.line });
  }
  const key = textOf(options.get('key'));
  const key2 = textOf(options.get('key2'));
  if (key === '') {
    const fix = 'Add "key = …", the same in the realms file of every cluster.';
    problems.push(problem(options.get('key') ?? section, `[${section.name}] has no key.`, fix));
  }
  if (key === undefined || key === '') return undefined;
  return { name: section.name, key, key2: key2 === '' ? undefined : key2, clusters };
}

function endpointProblem(option: IniOption, endpoint: string): Problem | undefined {
  const name = option.name.slice(PREFIX.length);
  const fix = `Write "${option.name} = https://HOST/v1/".`;
  if (name === '' || name.includes('/')) {
    return problem(
      option,
      `"${option.name}" does not name a cluster.`,
      'Write "cluster_NAME = https://HOST/v1/".',
    );
  }
  const isUrl = /^https?:\/\/[^\s]+$/i.test(endpoint) && URL.canParse(endpoint);
  // The value is not shown: what stands before an @ may be a password.
  if (!isUrl) return problem(option, `"${option.name}" is no http:// or https:// URL.`, fix);
  const { search, hash } = new URL(endpoint);
  if (search === '' && hash === '') return undefined;
  return problem(option, `"${option.name}" has a query or a fragment.`, fix);
}

interface RealmsFileOptions {
  /** The file is looked at at most once in this time. */
  readonly checkIntervalMs?: number;
  /** Milliseconds on a clock that never goes back. */
  readonly now?: () => number;
  /** Called after each new reading: without problems the new realms are in use, with them the last good ones stay. */
  readonly onReload?: (problems: readonly Problem[]) => void;
}

/** The realms file on disk, read again when it changes. A broken or missing file leaves the last good realms in use. */
export class RealmsFile {
  private readonly path: string;
  private readonly checkIntervalMs: number;
  private readonly now: () => number;
  private readonly onReload: (problems: readonly Problem[]) => void;
  private realms = new Realms();
  private isLoaded = false;
  private problems: readonly Problem[] = [];
  private signature = '';
  private checkAt = Number.NEGATIVE_INFINITY;

  constructor(path: string, options: RealmsFileOptions = {}) {
    this.path = path;
    this.checkIntervalMs = options.checkIntervalMs ?? 1000;
    this.now = options.now ?? (() => performance.now());
    this.onReload = options.onReload ?? (() => undefined);
  }

  /** The realms to work with now. Looks at the file when the interval is over; never throws. */
  get(): Realms {
    const now = this.now();
    if (now >= this.checkAt) {
      this.checkAt = now + this.checkIntervalMs;
      this.check();
    }
    return this.realms;
  }

  /** What was wrong with the file when it was last looked at; empty where it is in use as it stands. */
  get lastProblems(): readonly Problem[] {
    return this.problems;
  }

  private check(): void {
    let signature: string;
    let text: string | undefined;
    try {
      const { mtimeNs, size, ino } = statSync(this.path, { bigint: true });
      signature = `${mtimeNs.toString()} ${size.toString()} ${ino.toString()}`;
      if (signature === this.signature) return;
      text = readFileSync(this.path, 'utf8');
    } catch (cause) {
      signature = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
      if (signature === this.signature) return;
    }
    this.signature = signature;
    if (text === undefined) {
      const fix = 'Put container-sync-realms.conf into swift_dir, readable for the user that runs autosync.';
      this.finish([
        problem({ file: this.path, line: 0 }, `The realms file cannot be read: ${signature}.`, fix),
      ]);
      return;
    }
    const { realms, problems } = parseRealms(text, this.path);
    // Until there was a good file, what can be read of a bad one is better than nothing.
    if (problems.length === 0 || !this.isLoaded) this.realms = realms;
    this.isLoaded ||= problems.length === 0;
    this.finish(problems);
  }

  private finish(problems: readonly Problem[]): void {
    this.problems = problems;
    this.onReload(problems);
  }
}
