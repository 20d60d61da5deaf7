// Makes a cluster's copy of an object the newest one. This cluster sends what it has; what only a peer has, that peer is asked to send.
import { askCopy } from '../copy/ask-copy.js';
import { copyObject, type Copied } from '../copy/copy-object.js';
import { LocalObjects } from '../copy/local-object.js';
import type { ObjectName } from '../converge/object-member.js';
import { AutosyncError } from '../lib/errors.js';
import type { BaseSite } from '../site/site.js';

export interface CopyWish {
  /** Clusters that have the newest. */
  readonly from: readonly string[];
  readonly to: string;
  /** As in `CopyHow`. */
  readonly looksFirst: boolean;
  /** Dated so many ticks later than it is (`CopyHow`). */
  readonly laterTicks?: number;
}

/** Says '' where it is done, else why it is not. Never rejects for a cluster's trouble. */
export async function copyTo(site: BaseSite, name: ObjectName, wish: CopyWish): Promise<string> {
  try {
    const copied = await send(site, name, wish);
    return 'detail' in copied ? copied.detail : '';
  } catch (error) {
    if (!(error instanceof AutosyncError)) throw error;
    return error.message;
  }
}

async function send(
  site: BaseSite,
  { account, container, object }: ObjectName,
  { from, to, ...how }: CopyWish,
): Promise<Copied> {
  const name = { account, container, object };
  const target = site.clusters.peer(to);
  if (target !== undefined && from.some((each) => site.clusters.isMine(each))) {
    const known = await site.containerKeys.get(name, { kind: 'service' });
    if (known === undefined) return { kind: 'refused', detail: 'the container has no sync key here' };
    return copyObject(new LocalObjects(site), target, name, known.key, how);
  }
  const [source] = from.flatMap((each) => site.clusters.peer(each) ?? []);
  if (source === undefined) return { kind: 'refused', detail: 'no cluster has a copy to send' };
  return askCopy(source, { ...name, to, ...how });
}
