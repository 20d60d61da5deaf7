// While a cluster is fenced, no object from before that time comes in from anywhere.
import type { ContainerName } from '../../site/site.js';
import { swiftTarget } from '../../swift/path.js';
import { timestampMs } from '../../swift/timestamp.js';
import { textAnswer } from '../answer.js';
import type { Site } from '../site.js';
import type { Exchange, OutgoingResponse } from '../station.js';

/**
 * Refuses another cluster's object of that date, where it is not here and may have been deleted here so long ago that Swift has
 * forgotten it. Who sends it, its signature does not tell; container sync comes again in its next pass, and is held up by a 5xx. @throws AutosyncError what Swift's client throws
 */
export async function refuseForgotten(
  site: Site,
  exchange: Exchange,
  name: ContainerName & { readonly object: string },
  ticks: bigint | undefined,
): Promise<OutgoingResponse | undefined> {
  if (exchange.request.method !== 'PUT') return undefined;
  await site.fence.load();
  const { untilMs } = site.fence;
  if (untilMs === undefined || ticks === undefined || timestampMs(ticks) > untilMs) return undefined;
  const target = `${swiftTarget(name.account, name.container, name.object)}?symlink=get`;
  const { status } = await site.swift.request({ kind: 'service' }, { method: 'HEAD', target });
  if (status !== 404) return undefined;
  const text = 'FENCED: it may have been deleted here. `autosync cluster rejoin` decides.';
  return textAnswer(exchange, 403, text);
}
