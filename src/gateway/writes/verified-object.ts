// An object that points to others, which some gateway has looked at as the client: what goes along with it, and how Swift stores it without
// looking again, which is as container sync brings it.
import { HeaderList } from '../../http/headers.js';
import { syncProof } from '../../site/sync-proof.js';
import { swiftTarget } from '../../swift/path.js';
import { isSuccess } from '../../swift/swift-client.js';
import { formatTimestamp } from '../../swift/timestamp.js';
import { containerSyncKey } from '../../sync/key.js';
import { SYNC_KEY } from '../../sync/sync-plan.js';
import type { ObjectName } from '../reads/pointer.js';
import type { Site } from '../site.js';

const SERVICE = { kind: 'service' } as const;
const TICKS_PER_MS = 100n;
/** What of a client's headers makes an object. Nothing else goes along: that proof opens more than a client's rights. */
const KEPT =
  /^(content-(type|encoding|disposition|language)|cache-control|expires|x-robots-tag|x-delete-(at|after)|if-none-match|x-object-meta-.+)$/;
/** What makes it point to others, and the ETag of its own bytes. */
const POINTING = /^(etag|x-static-large-object|x-symlink-target(-account|-etag|-bytes)?)$/;

export function metadataIn(headers: HeaderList): HeaderList {
  const kept = headers.clone();
  kept.removeWhere((header) => !KEPT.test(header));
  return kept;
}

/** Of a request that a gateway sends. */
export function verifiedHeaders(headers: HeaderList): HeaderList {
  const kept = headers.clone();
  kept.removeWhere((header) => !KEPT.test(header) && !POINTING.test(header));
  return kept;
}

/**
 * Container sync's proof for a PUT of it, dated now: nothing older takes its place. A container that is placed on one cluster only has no key
 * yet, and is given the one that it would have.
 *
 * @returns undefined where Swift does not take such objects into the container: versioned, or synced by its owner
 * @throws AutosyncError of the local Swift; a retry may help
 */
export async function proofToStore(site: Site, name: ObjectName): Promise<HeaderList | undefined> {
  const known = await site.containerKeys.get(name, SERVICE);
  const key = known?.key ?? (await giveKey(site, name));
  if (key === undefined) return undefined;
  const target = swiftTarget(name.account, name.container, name.object);
  const timestamp = formatTimestamp(BigInt(site.now()) * TICKS_PER_MS);
  return syncProof(site, { method: 'PUT', target, timestamp }, key);
}

async function giveKey(site: Site, { account, container }: ObjectName): Promise<string | undefined> {
  const { state } = await site.swift.readContainer(SERVICE, account, container);
  if (state === undefined || state.isVersioned || state.syncTo !== undefined) return undefined;
  const key = containerSyncKey(site.secrets.get().current, account, container);
  const answer = await site.swift.request(SERVICE, {
    method: 'POST',
    target: swiftTarget(account, container),
    headers: HeaderList.from([[SYNC_KEY, key]]),
  });
  return isSuccess(answer.status) ? key : undefined;
}
