// The objects of one cluster, seen from another: listed, asked for by name, probed, and deleted as of a date. For this cluster's own Swift,
// and for a peer's through its gateway. Nothing here decides anything.
import { HeaderList } from '../http/headers.js';
import type { ClientAnswer } from '../http/request-sender.js';
import { AutosyncError } from '../lib/errors.js';
import type { Sorted } from '../lib/merge-join.js';
import { compareNames } from '../lib/name-order.js';
import type { Peer } from '../peers/peer.js';
import type { BaseSite, ContainerName } from '../site/site.js';
import { syncProof } from '../site/sync-proof.js';
import { encodeName, swiftTarget } from '../swift/path.js';
import { isSuccess } from '../swift/swift-client.js';
import { formatTimestamp, parseTimestamp } from '../swift/timestamp.js';
import { probeDeletion, probeObject, type DeletionAnswer } from '../sync/probe.js';
import { localSource, peerSource, type Source } from './cluster-listing.js';

export interface ObjectName extends ContainerName {
  readonly object: string;
}

/** All reject with PEER_UNREACHABLE or what Swift's client throws; a retry may help. */
export interface Member extends Source {
  readonly probe: (name: ObjectName, ticks: bigint) => Promise<DeletionAnswer>;
  /** Deletes what is not newer than that; rejects with SWIFT_REFUSED for what is. */
  readonly deleteAsOf: (name: ObjectName, ticks: bigint) => Promise<void>;
}

const PAGE = 10_000;
const SERVICE = { kind: 'service' } as const;

export function localMember(site: BaseSite): Member {
  return {
    ...localSource(site),
    probe: (name, ticks) => probeHere(site, name, ticks),
    async deleteAsOf(name, ticks) {
      if (await isNewerHere(site, name, ticks)) throw refused(site.clusters.mine, 'it is newer here');
      const target = targetOf(name);
      const headers = await proofFor(site, name, { method: 'DELETE', target }, ticks);
      if (headers === undefined) throw refused(site.clusters.mine, 'it takes no part in container sync');
      const rights = { kind: 'token', token: undefined } as const;
      expectDeleted(
        site.clusters.mine,
        await site.swift.request(rights, { method: 'DELETE', target, headers }),
      );
    },
  };
}

/** @throws AutosyncError CONFIG_INVALID where nothing is known of that cluster */
export function memberAt(site: BaseSite, cluster: string): Member {
  if (site.clusters.isMine(cluster)) return localMember(site);
  const peer = site.clusters.peer(cluster);
  if (peer === undefined) throw new AutosyncError('CONFIG_INVALID', `There is no gateway of ${cluster}.`);
  return peerMember(peer);
}

export function peerMember(peer: Peer): Member {
  const send = async (request: Parameters<Peer['send']>[0]): Promise<ClientAnswer> => {
    const result = await peer.send(request);
    if (result.kind === 'answer') return result.answer;
    throw new AutosyncError('PEER_UNREACHABLE', `${peer.name}: ${result.detail}`);
  };
  return {
    ...peerSource(peer),
    async probe({ account, container, object }, ticks) {
      const fields = { account, container, object, timestamp: formatTimestamp(ticks) };
      const query = Object.entries(fields).map(([field, value]) => `${field}=${encodeName(value)}`);
      const answer = await send({ method: 'GET', target: `/autosync/probe?${query.join('&')}` });
      return answer.status === 200 ? (answer.body.toString('utf8').trim() as DeletionAnswer) : 'unknown';
    },
    async deleteAsOf(name, ticks) {
      const headers = HeaderList.from([['X-Timestamp', formatTimestamp(ticks)]]);
      expectDeleted(peer.name, await send({ method: 'DELETE', target: targetOf(name), headers }));
    },
  };
}

/** Asks a peer whether it deleted the object at that date or later; `unknown` where it does not say. */
export async function probeAt(peer: Peer, name: ObjectName, ticks: bigint): Promise<DeletionAnswer> {
  try {
    return await peerMember(peer).probe(name, ticks);
  } catch (error) {
    if (error instanceof AutosyncError) return 'unknown';
    throw error;
  }
}

/** Asks this cluster's Swift whether it deleted the object at that date or later. @throws AutosyncError what Swift's client throws */
export async function probeHere(site: BaseSite, name: ObjectName, ticks: bigint): Promise<DeletionAnswer> {
  const target = targetOf(name);
  const proof = await proofFor(site, name, { method: 'PUT', target }, ticks);
  if (proof === undefined) return 'unknown';
  return probeDeletion(
    () => probeObject(site.transport, target, proof),
    async () => {
      const headers = HeaderList.from([['X-Newest', 'true']]);
      const asked = { method: 'HEAD', target: `${target}?symlink=get`, headers };
      return (await site.swift.request(SERVICE, asked)).status !== 404;
    },
  );
}

/**
 * Whether a deletion of that date comes too late. Swift itself holds it against the date of the bytes only (obj/server.py, DELETE), and would
 * take what was dated later by a POST along, though the newest date is to win.
 *
 * @throws AutosyncError what Swift's client throws
 */
export async function isNewerHere(site: BaseSite, name: ObjectName, ticks: bigint): Promise<boolean> {
  const headers = HeaderList.from([['X-Newest', 'true']]);
  const asked = { method: 'HEAD', target: `${targetOf(name)}?symlink=get`, headers };
  const { headers: said } = await site.swift.request(SERVICE, asked);
  const here = parseTimestamp(said.get('x-timestamp') ?? '');
  return here !== undefined && here > ticks;
}

/** Undefined where the container is not here, or has no key. */
async function proofFor(
  site: BaseSite,
  { account, container }: ContainerName,
  request: { readonly method: string; readonly target: string },
  ticks: bigint,
): Promise<HeaderList | undefined> {
  const { state } = await site.swift.readContainer(SERVICE, account, container);
  if (state?.syncKey === undefined) return undefined;
  return syncProof(site, { ...request, timestamp: formatTimestamp(ticks) }, state.syncKey);
}

/** An object's row in a listing. */
export interface ListedObject {
  /** When it was written, or its metadata, as the listing has it: text that sorts by date. */
  readonly date: string;
  readonly bytes: number;
  /** Equal rows have equal ones. */
  readonly mark: string;
}

/**
 * A container's objects as its listing has them; none where it is not there.
 *
 * @throws AutosyncError SWIFT_REFUSED and what the member throws
 */
export async function* listObjects(
  { cluster, ask }: Member,
  { account, container }: ContainerName,
  { page = PAGE, onMissing }: { readonly page?: number; readonly onMissing?: () => void } = {},
): Sorted<ListedObject> {
  for (let marker = ''; ;) {
    const query = `?format=json&limit=${page}&marker=${encodeName(marker)}`;
    const answer = await ask('GET', swiftTarget(account, container) + query);
    if (answer.status === 404) onMissing?.();
    if (answer.status === 404 || answer.status === 204) return;
    if (answer.status !== 200) throw refused(cluster, `a listing: ${answer.status} ${answer.reason}`);
    const rows = JSON.parse(answer.body.toString('utf8')) as Row[];
    rows.sort((a, b) => compareNames(a.name, b.name));
    for (const { name, hash, bytes, content_type: type, last_modified: date } of rows)
      yield [name, { date, bytes, mark: `${date} ${bytes} ${hash} ${type}` }];
    const last = rows.at(-1)?.name;
    if (last === undefined || rows.length < page) return;
    marker = last;
  }
}

interface Row {
  readonly name: string;
  readonly hash: string;
  readonly bytes: number;
  readonly content_type: string;
  readonly last_modified: string;
}

/** The date of an object; undefined where it is not there. @throws AutosyncError SWIFT_REFUSED and what the member throws */
export async function dateOf({ cluster, ask }: Member, name: ObjectName): Promise<bigint | undefined> {
  const { status, reason, headers } = await ask('HEAD', `${targetOf(name)}?symlink=get`);
  if (status === 404) return undefined;
  const ticks = parseTimestamp(headers.get('x-timestamp') ?? '');
  if (!isSuccess(status) || ticks === undefined) throw refused(cluster, `HEAD: ${status} ${reason}`);
  return ticks;
}

function targetOf({ account, container, object }: ObjectName): string {
  return swiftTarget(account, container, object);
}

/** 404: it is gone already. */
function expectDeleted(cluster: string, { status, reason }: ClientAnswer): void {
  if (!isSuccess(status) && status !== 404) throw refused(cluster, `DELETE: ${status} ${reason}`);
}

function refused(cluster: string, what: string): AutosyncError {
  return new AutosyncError('SWIFT_REFUSED', `${cluster}: ${what}.`);
}
