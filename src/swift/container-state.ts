// What one cluster's Swift says of a container in a HEAD. Pure.
import type { HeaderList } from '../http/headers.js';
import { readSettings, type Settings } from './settings.js';

export interface ContainerState {
  readonly settings: Settings;
  readonly syncTo: string | undefined;
  readonly syncKey: string | undefined;
  /** Name of the storage policy. */
  readonly policy: string | undefined;
  /** Any of Swift's kinds of object versioning. */
  readonly isVersioned: boolean;
  /** X-Versions-Enabled was set once, to whatever. */
  readonly hasVersionsHeader: boolean;
  /** Swift shards it, or is about to: only a reseller admin is told. */
  readonly isSharded: boolean;
  readonly objectCount: number;
}

/** Reads the headers of an owner's HEAD; others are not shown ACLs, sync settings and keys. */
export function readContainerState(headers: HeaderList): ContainerState {
  return {
    settings: readSettings('container', headers),
    syncTo: nonEmpty(headers.get('x-container-sync-to')),
    syncKey: nonEmpty(headers.get('x-container-sync-key')),
    policy: nonEmpty(headers.get('x-storage-policy')),
    isVersioned: isVersioned(headers),
    hasVersionsHeader: headers.has('x-versions-enabled'),
    isSharded: headers.get('x-container-sharding')?.toLowerCase() === 'true',
    objectCount: Number(headers.get('x-container-object-count') ?? 0),
  };
}

function isVersioned(headers: HeaderList): boolean {
  return (
    headers.get('x-versions-enabled')?.toLowerCase() === 'true' ||
    nonEmpty(headers.get('x-versions-location')) !== undefined ||
    nonEmpty(headers.get('x-history-location')) !== undefined
  );
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
