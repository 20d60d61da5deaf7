// Tells an owner who asks where an object is: `X-Autosync-Status: ask` on a HEAD. Each cluster is asked at that moment; nothing is kept.
import { dateOf, localMember, peerMember, type ObjectName } from '../../converge/object-member.js';
import { AutosyncError } from '../../lib/errors.js';
import { recordedPlacement } from '../../records/record.js';
import { swiftTarget } from '../../swift/path.js';
import { isSuccess } from '../../swift/swift-client.js';
import { audienceOf, type Site } from '../site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';

const HEADER = 'X-Autosync-Status';

/** Takes the question off: it is not Swift's. */
export function asksForStatus({ request: { method, headers } }: Exchange): boolean {
  const question = headers.get(HEADER);
  if (question === undefined) return false;
  headers.remove(HEADER);
  return method === 'HEAD' && question.trim().toLowerCase() === 'ask';
}

/** The local Swift's answer; for an owner with the status of each cluster. */
export async function addObjectStatus(
  site: Site,
  exchange: Exchange,
  next: Next,
  name: ObjectName,
): Promise<OutgoingResponse> {
  const { headers } = exchange.request;
  const token = headers.get('x-auth-token') ?? headers.get('x-storage-token');
  const response = await next();
  if (!isSuccess(response.status) || token === undefined) return response;
  if (!(await isOwner(site, token, name))) return response;
  response.headers.add(HEADER, renderStatus(await datesOf(site, exchange, name)));
  return response;
}

/** Swift shows a container's sync key to its owners only, whatever its ACL allows to others (swift_owner_headers). */
async function isOwner({ swift }: Site, token: string, { account, container }: ObjectName): Promise<boolean> {
  const target = swiftTarget(account, container);
  const answer = await swift
    .request({ kind: 'token', token }, { method: 'HEAD', target })
    .catch(ignoreTrouble);
  return answer !== undefined && isSuccess(answer.status) && answer.headers.has('x-container-sync-key');
}

type Dated = readonly [cluster: string, date: bigint | 'missing' | 'unknown'];

async function datesOf(site: Site, exchange: Exchange, name: ObjectName): Promise<Dated[]> {
  const record = await site.records?.read(name).catch(ignoreTrouble);
  const placement = record && recordedPlacement(record);
  return Promise.all(
    (placement ?? audienceOf(site, exchange).placement).map(async (cluster): Promise<Dated> => {
      const peer = site.clusters.peer(cluster);
      const member = site.clusters.isMine(cluster) ? localMember(site) : peer && peerMember(peer);
      if (member === undefined) return [cluster, 'unknown'];
      const date = await dateOf(member, name).then((found) => found ?? 'missing', ignoreTrouble);
      return [cluster, date ?? 'unknown'];
    }),
  );
}

function renderStatus(found: readonly Dated[]): string {
  const dates = found.flatMap(([, date]) => (typeof date === 'bigint' ? date : []));
  const newest = dates.reduce((latest, date) => (date > latest ? date : latest), 0n);
  const wordFor = (date: Dated[1]): string => {
    if (typeof date !== 'bigint') return date;
    return date === newest ? 'present' : 'behind';
  };
  return found.map(([cluster, date]) => `${cluster}=${wordFor(date)}`).join(', ');
}

function ignoreTrouble(error: unknown): undefined {
  if (error instanceof AutosyncError) return undefined;
  throw error;
}
