// Sets a container's own sync settings in the local Swift, with service rights.
import { HeaderList } from '../../http/headers.js';
import { swiftTarget } from '../../swift/path.js';
import { isSuccess, type Rights } from '../../swift/swift-client.js';
import type { SyncPlan } from '../../sync/sync-plan.js';
import type { Site } from '../site.js';
import { isRefusedAsVersioned } from '../../converge/container.js';
import type { ContainerName } from '../../site/site.js';
import { reasonOf } from './outcome.js';

/** `versioned`: Swift refuses, since the container has, or once had, X-Versions-Enabled on. */
export type SetSyncResult = 'done' | 'versioned' | 'failed';

/** Never rejects: a failure is logged here. */
export async function setSync(
  site: Site,
  rights: Rights,
  name: ContainerName,
  change: SyncPlan['change'],
): Promise<SetSyncResult> {
  if (change.length === 0) return 'done';
  const target = swiftTarget(name.account, name.container);
  const headers = HeaderList.from(change);
  let reason: string;
  try {
    const answer = await site.swift.request(rights, { method: 'POST', target, headers });
    if (isSuccess(answer.status)) return 'done';
    if (isRefusedAsVersioned(answer)) return 'versioned';
    reason = `${answer.status} ${answer.body.toString('utf8', 0, 300).trim()}`;
  } catch (error) {
    reason = reasonOf(error);
  }
  site.log.warn({ ...name }, `container sync could not be set up: ${reason}`);
  return 'failed';
}
