// A copy here of an object whose container is placed on other clusters only (OBJECTS_STRAY): what a client does there has replaced it, so it
// goes at once, and is not read in its place until the object audit has come by.
import { HeaderList } from '../../http/headers.js';
import { AutosyncError } from '../../lib/errors.js';
import { localMember } from '../../converge/object-member.js';
import { isHeldBack, recordedPlacement } from '../../records/record.js';
import type { ContainerName } from '../../site/site.js';
import { swiftTarget } from '../../swift/path.js';
import { isSuccess } from '../../swift/swift-client.js';
import { parseTimestamp } from '../../swift/timestamp.js';
import { hasToken } from '../reads/client-rights.js';
import type { ObjectName } from '../reads/pointer.js';
import type { Site } from '../site.js';
import type { Exchange, OutgoingResponse } from '../station.js';
import { abandon, type ObjectWrite } from './object-write.js';

/**
 * The change as another cluster does it, and then without the copy that was here before. Its DELETE is done where only this one was there. What
 * cannot be looked at or deleted here is left to the object audit.
 *
 * @param change has the other cluster do it; its errors are passed on
 */
export async function withoutStray(
  site: Site,
  exchange: Exchange,
  { method, name, headers }: Pick<ObjectWrite, 'method' | 'name' | 'headers'>,
  change: () => Promise<OutgoingResponse>,
): Promise<OutgoingResponse> {
  // Looked at before: what is written here meanwhile may be newer.
  const ticks = method === 'POST' ? undefined : orNothing(() => ticksHere(site, name));
  const answer = await change();
  // Any other success says in its body what came of it (middleware/slo.py, bulk.py). Nobody in particular may not have been allowed to ask here.
  const isDone = answer.status === (method === 'DELETE' ? 204 : 201);
  const isGone = method === 'DELETE' && answer.status === 404 && hasToken(headers);
  const here = isDone || isGone ? await ticks : undefined;
  if (here === undefined) return answer;
  const isDropped = await orNothing(async () => {
    if (!(await isPlacedElsewhere(site, name))) return false;
    await localMember(site).deleteAsOf(name, here + 1n);
    return true;
  });
  if (!isGone || isDropped !== true) return answer;
  abandon(answer.body);
  return {
    ...{ status: 204, reason: 'No Content', body: undefined },
    headers: HeaderList.from({
      'Content-Type': 'text/html; charset=UTF-8',
      'Content-Length': '0',
      'X-Trans-Id': exchange.id,
      'Date': new Date().toUTCString(),
    }),
  };
}

/** By its record: where that cannot be read, what is here may belong here. */
async function isPlacedElsewhere({ clusters, records }: Site, name: ContainerName): Promise<boolean> {
  const record = await records?.read({ account: name.account, container: name.container });
  const placement = record === undefined || isHeldBack(record) ? undefined : recordedPlacement(record);
  return placement?.some((each) => clusters.isMine(each)) === false;
}

async function ticksHere(
  site: Site,
  { account, container, object }: ObjectName,
): Promise<bigint | undefined> {
  if (site.serviceToken === undefined) return undefined;
  const target = `${swiftTarget(account, container, object)}?symlink=get`;
  const { status, headers } = await site.swift.request({ kind: 'service' }, { method: 'HEAD', target });
  return isSuccess(status) ? parseTimestamp(headers.get('x-timestamp') ?? '') : undefined;
}

async function orNothing<T>(what: () => Promise<T>): Promise<T | undefined> {
  try {
    return await what();
  } catch (error) {
    if (error instanceof AutosyncError) return undefined;
    throw error;
  }
}
