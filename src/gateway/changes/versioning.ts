// Object versioning and container sync exclude each other in Swift. The client gets its versioning; our sync goes first.
import type { HeaderList } from '../../http/headers.js';
import { headerKey } from '../../swift/settings.js';
import { isSuccess } from '../../swift/swift-client.js';
import { SYNC_REMOVAL, type SyncPlan } from '../../sync/sync-plan.js';
import { relay } from '../answer.js';
import { audienceOf, rightsFor, type Site } from '../site.js';
import { syncWish, type ContainerName } from '../../site/site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';
import { tellSyncState } from './hold-back.js';
import { reasonOf } from './outcome.js';
import { askWhetherClientMay } from './permission.js';
import { setSync } from './set-sync.js';

/** Whether a container PUT or POST asks for versions to be kept, or says a word of them that Swift refuses on a synced container. */
export function concernsVersioning(headers: HeaderList): boolean {
  for (const [name, value] of headers) {
    const key = headerKey(name);
    // Swift refuses X-Versions-Enabled on a synced container, be it true or false (versioned_writes/object_versioning.py).
    if (key === 'x-versions-enabled') return true;
    if ((key === 'x-versions-location' || key === 'x-history-location') && value !== '') return true;
  }
  return false;
}

/**
 * Passes such a request on. Before, where the client may change the container at all, our sync-to and key are taken off on
 * all clusters; if Swift then refuses, they are put back.
 */
export async function passVersioning(
  site: Site,
  exchange: Exchange,
  next: Next,
  name: ContainerName,
): Promise<OutgoingResponse> {
  const rights = rightsFor(site, exchange);
  const { peers, ...audience } = audienceOf(site, exchange);
  let back: SyncPlan['change'] | undefined;
  try {
    back = await ourSettings(site, exchange, name);
    // With the client's own rights a refused client sees no sync-to: Swift would answer it 400, for what is ours.
    if (back !== undefined || rights.kind === 'token') {
      const mayChange = await askWhetherClientMay(site, exchange.request, name);
      if (!isSuccess(mayChange.status) && mayChange.status !== 404) return relay(mayChange);
    }
  } catch (error) {
    // Swift itself refuses versioning on a synced container: nothing is lost by asking it.
    site.log.warn({ txn: exchange.id, ...name }, `not readied for versioning: ${reasonOf(error)}`);
    back = undefined;
  }
  if (back === undefined) return next();

  await Promise.all([
    setSync(site, rights, name, SYNC_REMOVAL),
    tellSyncState(peers, audience.placement, name, 'versioned', rights),
  ]);
  let isOn = false;
  try {
    const response = await next();
    isOn = isSuccess(response.status);
    return response;
  } finally {
    if (!isOn) {
      await Promise.all([
        setSync(site, rights, name, back),
        tellSyncState(peers, audience.placement, name, 'synced', rights),
      ]);
    }
  }
}

/** The sync settings of ours that the container has; undefined where there are none. */
async function ourSettings(
  site: Site,
  exchange: Exchange,
  { account, container }: ContainerName,
): Promise<SyncPlan['change'] | undefined> {
  const { state } = await site.swift.readContainer(rightsFor(site, exchange), account, container);
  const syncTo = state?.syncTo;
  if (syncTo === undefined || !site.clusters.isOwnSyncTo(syncTo, account, container)) return undefined;
  const { key } = syncWish(site, audienceOf(site, exchange).placement, { account, container });
  return [
    ['x-container-sync-to', syncTo],
    ['x-container-sync-key', state?.syncKey ?? key],
  ];
}
