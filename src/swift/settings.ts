// The settings of an account or container: the headers that are to be the same on all clusters.
// An allow-list: what is not named here stays with the cluster it was set on. Pure.
import type { HeaderList } from '../http/headers.js';

/** Lower-case header name to value, as Swift shows it. */
export type Settings = ReadonlyMap<string, string>;

export type SettingsKind = 'account' | 'container';

const SINGLE: Readonly<Record<SettingsKind, ReadonlySet<string>>> = {
  account: new Set(['x-account-access-control']),
  container: new Set(['x-container-read', 'x-container-write']),
};
const PREFIX: Readonly<Record<SettingsKind, string>> = {
  account: 'x-account-meta-',
  container: 'x-container-meta-',
};

/** ACLs, and all metadata: CORS, static web, quotas and TempURL keys are metadata to Swift. */
export function isSetting(kind: SettingsKind, lowerName: string): boolean {
  return lowerName.startsWith(PREFIX[kind]) || SINGLE[kind].has(lowerName);
}

/** The settings among the headers of a HEAD's answer. */
export function readSettings(kind: SettingsKind, headers: HeaderList): Settings {
  const settings = new Map<string, string>();
  for (const [name, value] of headers) {
    const lower = headerKey(name);
    if (isSetting(kind, lower) && value !== '') settings.set(lower, value);
  }
  return settings;
}

/**
 * The names of the settings that a request wants to change, removals included (an empty value, or `X-Remove-…`: Swift's
 * proxy/controllers/base.py, transfer_headers).
 */
export function namedSettings(kind: SettingsKind, headers: HeaderList): string[] {
  const names = new Set<string>();
  for (const [name] of headers) {
    const lower = headerKey(name).replace(/^x-remove-/, 'x-');
    if (isSetting(kind, lower)) names.add(lower);
  }
  return [...names];
}

/**
 * A header name as Swift tells names apart: without case, and with `_` as `-` (WSGI). Bytes above ASCII are left alone,
 * as they are parts of UTF-8 letters.
 */
export function headerKey(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replaceAll('_', '-');
}
