// Asks a cluster for one object by name: as it is kept there, on all replicas, with what clients set on it.
import type { Member, ObjectName } from '../converge/object-member.js';
import { HeaderList } from '../http/headers.js';
import { AutosyncError } from '../lib/errors.js';
import { swiftTarget } from '../swift/path.js';
import { isSuccess } from '../swift/swift-client.js';
import { parseTimestamp } from '../swift/timestamp.js';
import type { Copy, Said } from './compare.js';

/** What is to be equal. What servers in between add is not here. */
const METADATA =
  /^(?:x-object-meta-.*|x-symlink-target.*|x-delete-at|x-object-manifest|x-static-large-object|x-robots-tag|content-(?:type|encoding|disposition|language)|cache-control|expires)$/;
const SLO = 'x-static-large-object';

/** Never rejects for what the cluster says, or does not. */
export async function look(
  member: Member,
  name: ObjectName,
): Promise<{ readonly said: Said; readonly detail: string }> {
  try {
    const said = await readCopy(member, name);
    return { said: said ?? 'absent', detail: '' };
  } catch (error) {
    if (!(error instanceof AutosyncError)) throw error;
    return { said: 'unclear', detail: error.message };
  }
}

async function readCopy(member: Member, name: ObjectName): Promise<Copy | undefined> {
  const raw = await head(member, name, '?symlink=get&multipart-manifest=get');
  if (raw === undefined) return undefined;
  const ticks = parseTimestamp(raw.get('x-timestamp') ?? '');
  const length = Number(raw.get('content-length') ?? NaN);
  const etag = raw.get('etag')?.replace(/^"|"$/g, '');
  if (ticks === undefined || etag === undefined || Number.isNaN(length))
    throw new AutosyncError('SWIFT_REFUSED', `${member.cluster}: HEAD without X-Timestamp, ETag or length.`);
  const metadata = metadataIn(raw);
  // Of a manifest that is asked for as itself Swift says that it is JSON (common/middleware/slo.py).
  if (metadata.has(SLO)) {
    const type = (await head(member, name, '?symlink=get'))?.get('content-type');
    metadata.set('content-type', type ?? '');
  }
  return { ticks, etag, length, metadata };
}

async function head(member: Member, name: ObjectName, query: string): Promise<HeaderList | undefined> {
  const target = swiftTarget(name.account, name.container, name.object) + query;
  const answer = await member.ask('HEAD', target, HeaderList.from([['X-Newest', 'true']]));
  if (answer.status === 404) return undefined;
  if (isSuccess(answer.status)) return answer.headers;
  throw new AutosyncError('SWIFT_REFUSED', `${member.cluster}: HEAD: ${answer.status} ${answer.reason}.`);
}

function metadataIn(headers: HeaderList): Map<string, string> {
  const metadata = new Map<string, string>();
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (METADATA.test(lower)) metadata.set(lower, value);
  }
  return metadata;
}

export function isManifest({ metadata }: Copy): boolean {
  return metadata.get(SLO)?.toLowerCase() === 'true';
}
