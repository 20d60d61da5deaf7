// How our objects are named. Account and container names hold no `/`, so names need no quoting. Pure.
import type { RecordName } from './record.js';
import type { Version } from './version.js';

/** `c/WRITER/ACCOUNT/CONTAINER`, `a/WRITER/ACCOUNT`, `r/WRITER` (the realm's): one writer's record. In front the writer, so that names sort as in Swift's listings. */
export function recordObject(writer: string, { account, container }: RecordName): string {
  if (account === '') return `r/${writer}`;
  return container === undefined ? `a/${writer}/${account}` : `c/${writer}/${account}/${container}`;
}

/** The name of such an object; undefined for others. */
export function parseRecordObject(object: string): RecordName | undefined {
  const [kind, , account = '', container] = object.split('/');
  if (kind === 'r') return { account: '' };
  if (kind === 'a') return { account };
  return kind === 'c' && container !== undefined ? { account, container } : undefined;
}

/** All records of one writer for an account's containers. */
export function containersPrefix(writer: string, account = ''): string {
  return account === '' ? `c/${writer}/` : `c/${writer}/${account}/`;
}

export function accountsPrefix(writer: string): string {
  return `a/${writer}/`;
}

export const WRITERS_PREFIX = 'w/';

/** `p/PEER/ACCOUNT/CONTAINER/VERSION`: the peer did not take a change, and is to be told again. An account's own has no container. */
export function pendingObject(
  peer: string,
  { account, container = '' }: RecordName,
  version: Version,
): string {
  return `${pendingPrefix(peer)}${account}/${container}/${version}`;
}

/** @param of only of that account, or container */
export function pendingPrefix(peer: string, of?: RecordName): string {
  const all = `p/${clusterLabel(peer)}/`;
  if (of === undefined) return all;
  return of.container === undefined ? `${all}${of.account}/` : `${all}${of.account}/${of.container}/`;
}

export interface Pending {
  readonly object: string;
  readonly name: RecordName;
  readonly version: Version;
}

export function parsePending(object: string): Pending | undefined {
  const [kind, , account, container, version] = object.split('/');
  if (kind !== 'p' || account === undefined || version === undefined) return undefined;
  return { object, name: container === '' ? { account } : { account, container }, version };
}

/** `l/CLUSTER/COPIER`: how far objects are behind by one gateway's copier. */
export function lagPrefix(cluster: string): string {
  return `l/${clusterLabel(cluster)}/`;
}

/** `k/CLUSTER`: the canary that this cluster sends, or that cluster's as it came here. */
export function canaryObject(cluster: string): string {
  return `k/${clusterLabel(cluster)}`;
}

/** Whether an object of the store's container is one that we put there. */
export function isOurObject(object: string): boolean {
  return /^(?:[acklprsw]\/|(?:pause|m)$)/.test(object);
}

/** A cluster's name where `/` cannot be: clusters may be named by URL. */
export function clusterLabel(cluster: string): string {
  return cluster.toLowerCase().replace(/[^a-z0-9_-]+/g, '-');
}

/** What a row of a listing says of a record, without reading it. */
export function contentTypeOf(mark: string): string {
  return `application/json; mark=${mark}`;
}

/** '' where it does not say. */
export function markIn(contentType: string): string {
  return /mark=([0-9a-z-]+)/.exec(contentType)?.[1] ?? '';
}
