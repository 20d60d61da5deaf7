// A container that one cluster keeps out of container sync (it is versioned there, or its owner syncs it) is kept out on all.
import type { Peer } from '../../peers/peer.js';
import { readContainerState, type ContainerState } from '../../swift/container-state.js';
import { swiftTarget } from '../../swift/path.js';
import { isSuccess, type Rights } from '../../swift/swift-client.js';
import type { SyncState } from '../../sync/sync-plan.js';
import type { Site } from '../site.js';
import type { Audience, ContainerName } from '../../site/site.js';
import { CHANGE, withToken } from '../../converge/change-headers.js';

export type HeldBack = Extract<SyncState, 'versioned' | 'user'>;

/** Whether the peers keep the container out of container sync; a peer that cannot be asked has no say. Changes nothing. */
export async function askWhoHoldsBack(
  site: Site,
  audience: Audience,
  name: ContainerName,
  rights: Rights,
): Promise<HeldBack | undefined> {
  const answers = await Promise.all(
    audience.peers.map(async (peer) => {
      const target = swiftTarget(name.account, name.container);
      const result = await peer.send({ method: 'HEAD', target, headers: withToken(rights) });
      if (result.kind === 'unreachable' || !isSuccess(result.answer.status)) return undefined;
      return heldBackBy(site, name, readContainerState(result.answer.headers));
    }),
  );
  return answers.find((answer) => answer !== undefined);
}

function heldBackBy(site: Site, name: ContainerName, state: ContainerState): HeldBack | undefined {
  if (state.syncTo !== undefined)
    return site.clusters.isOwnSyncTo(state.syncTo, name.account, name.container) ? undefined : 'user';
  return state.isVersioned || state.hasVersionsHeader ? 'versioned' : undefined;
}

/** Tells peers how the container takes part in container sync from now on, where they have it; settings stay as they are. */
export async function tellSyncState(
  peers: readonly Peer[],
  placement: readonly string[],
  name: ContainerName,
  state: SyncState,
  rights: Rights,
): Promise<void> {
  const headers = withToken(rights);
  headers.add(CHANGE.placement, placement.join(', ')).add(CHANGE.state, state);
  const target = swiftTarget(name.account, name.container);
  await Promise.all(peers.map((peer) => peer.send({ method: 'POST', target, headers })));
}
