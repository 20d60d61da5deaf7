// What a container's own sync settings are, and what has to be sent to make them right. Pure.
import type { ContainerState } from '../swift/container-state.js';
import { sameSyncTo } from './sync-to.js';

/**
 * How a container takes part in container sync:
 * `synced` by us; `alone`: nothing to sync with; `versioned`: Swift cannot sync versioned containers, its objects stay
 * local; `user`: its owner set a sync-to of their own, which is left alone.
 */
export type SyncState = 'synced' | 'alone' | 'versioned' | 'user';

export interface SyncWish {
  /** Where the ring wants it to sync to; undefined where there is nothing to sync with. */
  readonly syncTo: string | undefined;
  readonly key: string;
  /** Whether a sync-to is one that we would have set, now or before. */
  readonly isOurs: (syncTo: string) => boolean;
  /** Whether a key is one that we derived (of any generation); undefined: any key but the wanted one is replaced. */
  readonly isOurKey?: (key: string) => boolean;
  /** With nowhere to sync to, there is a key all the same: the ring comes back, or objects come and go by other ways. */
  readonly keepsKey: boolean;
  /** Another cluster says that the container is versioned there, or synced by its owner. */
  readonly heldBack?: 'versioned' | 'user' | undefined;
}

export interface SyncPlan {
  readonly state: SyncState;
  /** The key that stays because it is the owner's own; undefined where ours is used. */
  readonly ownersKey?: string;
  /** Headers to set; an empty value removes. None: all is as it should be. */
  readonly change: readonly (readonly [string, string])[];
}

export const SYNC_TO = 'x-container-sync-to';
export const SYNC_KEY = 'x-container-sync-key';

/** An unchanged sync-to is never written again: Swift would check every object anew. */
export function planSync(current: ContainerState | undefined, wish: SyncWish): SyncPlan {
  const syncTo = current?.syncTo;
  if (syncTo !== undefined && !wish.isOurs(syncTo)) return { state: 'user', change: [] };
  if (current?.isVersioned === true) return { state: 'versioned', change: removal(current) };
  if (wish.heldBack !== undefined) return { state: wish.heldBack, change: removal(current) };
  if (wish.syncTo === undefined && !wish.keepsKey) return { state: 'alone', change: removal(current) };
  const state = wish.syncTo === undefined ? 'alone' : 'synced';
  const change: [string, string][] = [];
  if (wish.syncTo === undefined ? syncTo !== undefined : !isSame(syncTo, wish.syncTo))
    change.push([SYNC_TO, wish.syncTo ?? '']);
  const ownersKey = ownersKeyOf(current, wish);
  if (ownersKey !== undefined) return { state, change, ownersKey };
  if (current?.syncKey !== wish.key) change.push([SYNC_KEY, wish.key]);
  return { state, change };
}

function isSame(syncTo: string | undefined, wanted: string): boolean {
  return syncTo !== undefined && sameSyncTo(syncTo, wanted);
}

function ownersKeyOf(current: ContainerState | undefined, { isOurKey }: SyncWish): string | undefined {
  const key = current?.syncKey;
  return key === undefined || isOurKey === undefined || isOurKey(key) ? undefined : key;
}

/** Takes sync-to off, and the key with it. */
export const SYNC_REMOVAL: readonly (readonly [string, string])[] = [
  [SYNC_TO, ''],
  [SYNC_KEY, ''],
];

function removal(current: ContainerState | undefined): SyncPlan['change'] {
  return current?.syncTo === undefined ? [] : SYNC_REMOVAL;
}
