// What is wrong with a container as Swift has it, beyond its settings: of its part in container sync, and what keeps its copies
// apart for good. Pure but for the site's rules.
import type { ReasonCode } from '../lib/reasons.js';
import { DESIRED, lifeOf, type Record } from '../records/record.js';
import { derivedKeys, type BaseSite, type ContainerName } from '../site/site.js';
import type { ContainerState } from '../swift/container-state.js';
import type { SyncPlan } from '../sync/sync-plan.js';
import { policyConflict } from './policy.js';

export interface Fault {
  readonly code: ReasonCode;
  /** In a few words, for people. */
  readonly detail: string;
}

/** @param ours the keys that we would give the container */
export function syncFault(
  { change }: SyncPlan,
  state: ContainerState | undefined,
  ours: ReadonlySet<string>,
): Fault | undefined {
  if (change.length === 0) return undefined;
  if (change.some(([header]) => header === 'x-container-sync-to'))
    return { code: 'SYNC_TO_WRONG', detail: `sync-to was ${state?.syncTo ?? 'not set'}` };
  const key = state?.syncKey;
  if (key === undefined) return { code: 'KEY_MISMATCH', detail: 'it had no key' };
  return ours.has(key)
    ? { code: 'SYNC_TO_WRONG', detail: 'its key was of the secrets before the last rotation' }
    : { code: 'KEY_MISMATCH', detail: 'it had a key that is none of ours' };
}

/** With user_sync = allow: the key that the owner chose for a container that we sync; undefined where it has one of ours. */
export function ownersKeyIn(
  site: BaseSite,
  name: ContainerName,
  state: ContainerState | undefined,
): string | undefined {
  if (site.options.userSync === 'deny' || state?.syncTo === undefined) return undefined;
  const { syncTo, syncKey } = state;
  if (syncKey === undefined || !site.clusters.isOwnSyncTo(syncTo, name.account, name.container))
    return undefined;
  return derivedKeys(site, name).has(syncKey) ? undefined : syncKey;
}

/** Nothing that is to be mended; a person has to take the cause away. */
export function whatKeepsApart(
  site: BaseSite,
  record: Record,
  state: ContainerState | undefined,
  isVersioned = state?.isVersioned === true || record.desired.get(DESIRED.heldBack)?.value === 'versioned',
): Fault[] {
  if (lifeOf(record) !== 'present' || state === undefined) return [];
  const faults: Fault[] = [];
  if (isVersioned) faults.push({ code: 'VERSIONED', detail: 'its objects stay where they are written' });
  if (state.isSharded) faults.push({ code: 'SHARDED', detail: 'Swift does not sync it from here any more' });
  const conflict = policyConflict(site, record, state.policy);
  if (conflict !== undefined) faults.push({ code: 'POLICY_CONFLICT', detail: conflict });
  return faults;
}
