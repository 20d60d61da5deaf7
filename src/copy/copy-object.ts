// Makes a peer's copy of one object what this cluster holds now. Done twice, late, or in any order it does no harm: all that is
// sent is dated, and Swift keeps what is newer.
import { collectBody, type MessageBody } from '../http/message-body.js';
import { HeaderList } from '../http/headers.js';
import { peerMember } from '../converge/object-member.js';
import type { DeletionAnswer } from '../sync/probe.js';
import type { Peer, PeerResult } from '../peers/peer.js';
import type { ByteLimit } from './byte-limit.js';
import { swiftTarget } from '../swift/path.js';
import { isSuccess } from '../swift/swift-client.js';
import { formatTimestamp } from '../swift/timestamp.js';
import { askCopy } from './ask-copy.js';
import { whoseBytesAreNewer } from './newer-bytes.js';
import { slowedBody } from './slowed-body.js';
import {
  RAW,
  readObjectState,
  type LocalObjects,
  type ObjectName,
  type ObjectState,
} from './local-object.js';

/** `copied`: the peer has it now. `there`: it had it, or something newer. `apart`: its container is not kept the same. `later`: the peer is in trouble. `refused`: trying again would not help. */
export type Copied =
  | { readonly kind: 'copied' | 'there'; readonly bytes: number }
  | { readonly kind: 'apart' }
  | { readonly kind: 'later' | 'refused'; readonly detail: string };

/** How often a peer is asked for its newer bytes: they may change meanwhile. */
const MAX_ASKED = 3;
const SYMLINK = 'x-symlink-target';
const THERE: Copied = { kind: 'there', bytes: 0 };
/** Larger ones travel only once the peer has said that it wants them. */
const ASK_FIRST_BYTES = 65_536;

export interface CopyHow {
  /** The peer is asked first what it has: its bytes may be the same, or newer ones, as after a POST here. */
  readonly looksFirst: boolean;
  /** Where it looks first: the date of the bytes is to go there as well, also where they are the same. */
  readonly sendsBytes?: boolean;
  /** Dated so many ticks (10 µs each) later than it is here: it has to replace another one of its date, or a deletion. */
  readonly laterTicks?: number;
  /** For its bytes; as fast as it goes if not said. */
  readonly limit?: ByteLimit | undefined;
}

/**
 * @param key the container's, here
 * @throws AutosyncError what reading here throws, and PEER_UNREACHABLE; a retry may help
 */
export async function copyObject(
  local: LocalObjects,
  peer: Peer,
  name: ObjectName,
  key: string,
  { looksFirst, sendsBytes = false, laterTicks = 0, limit }: CopyHow,
): Promise<Copied> {
  if (looksFirst) {
    const merged = await merge(local, peer, name, key, sendsBytes);
    if (merged !== undefined) return merged;
  }
  const here = await local.get(name, key);
  if (here === undefined) return copyDeletion(local, peer, name, key);
  const { state, body } = here;
  const isLarge = state.length > ASK_FIRST_BYTES;
  const result = await peer.stream({
    method: 'PUT',
    target: swiftTarget(name.account, name.container, name.object),
    headers: dated(state, BigInt(laterTicks)).add('ETag', state.etag),
    body: await (isLarge ? streamed(body, state.length, limit) : whole(body, state.length, limit)),
    length: state.length,
    expectsContinue: isLarge,
  });
  if (result.kind === 'unreachable') return failure(result);
  const { status, headers } = result.answer;
  // 202: what it holds is as new (proxy/controllers/obj.py).
  if (status === 202) return THERE;
  if (!isSuccess(status)) return failure(result);
  const etag = headers.get('etag')?.replace(/^"|"$/g, '');
  return etag === state.etag
    ? { kind: 'copied', bytes: state.length }
    : { kind: 'later', detail: `it says to have stored other bytes: ETag ${etag ?? 'none'}` };
}

function streamed(body: MessageBody, lengthBytes: number, limit: ByteLimit | undefined): MessageBody {
  return limit === undefined ? body : slowedBody(body, limit, lengthBytes);
}

async function whole(body: MessageBody, lengthBytes: number, limit: ByteLimit | undefined): Promise<Buffer> {
  const bytes = await collectBody(body, ASK_FIRST_BYTES);
  await limit?.take(lengthBytes);
  return bytes;
}

/**
 * Sends no bytes, but has both clusters keep the newest, with the newest metadata, as one Swift would. Undefined where this cluster's bytes are
 * to go there.
 */
async function merge(
  local: LocalObjects,
  peer: Peer,
  name: ObjectName,
  key: string,
  sendsBytes: boolean,
  asked = 0,
): Promise<Copied | undefined> {
  const target = swiftTarget(name.account, name.container, name.object);
  const [here, said] = await Promise.all([local.head(name, key), headAt(peer, target)]);
  if (said.kind === 'unreachable') return failure(said);
  if (here === undefined || said.answer.status === 404) return undefined;
  const there = isSuccess(said.answer.status) ? readObjectState(said.answer) : undefined;
  if (there === undefined) return failure(said);
  if (isSameObject(here, there)) {
    if (there.ticks >= here.ticks) return THERE;
    // Swift takes no POST of a symlink's own.
    return sendsBytes || here.headers.has(SYMLINK) ? undefined : postMetadata(peer, target, here, there);
  }
  const ours = (ticks: bigint): Promise<DeletionAnswer> => local.probe(name, key, ticks);
  const theirs = (ticks: bigint): Promise<DeletionAnswer> => peerMember(peer).probe(name, ticks);
  const upTo = there.ticks > here.ticks ? there.ticks : here.ticks;
  const newer = await whoseBytesAreNewer(ours, theirs, upTo);
  if (newer === 'unknown') return { kind: 'refused', detail: 'nobody can tell whose bytes are newer' };
  if (newer !== 'theirs') return undefined;
  // They come by themselves.
  if (there.ticks > here.ticks) return THERE;
  if (asked === MAX_ASKED) return { kind: 'later', detail: 'its bytes are newer, and do not come' };
  // Swift here takes them, and keeps its newer metadata, which then goes there.
  const brought = await askCopy(peer, { ...name, to: local.cluster, looksFirst: false });
  return 'bytes' in brought ? merge(local, peer, name, key, sendsBytes, asked + 1) : brought;
}

/** All symlinks have the same bytes: none. */
function isSameObject(here: ObjectState, there: ObjectState): boolean {
  const links = [SYMLINK, `${SYMLINK}-account`];
  const isSameLink = links.every((header) => here.headers.get(header) === there.headers.get(header));
  return here.etag === there.etag && here.length === there.length && isSameLink;
}

/** Undefined where it is gone meanwhile. */
async function postMetadata(
  peer: Peer,
  target: string,
  here: ObjectState,
  there: ObjectState,
): Promise<Copied | undefined> {
  const headers = dated(here);
  // With a date of its own it would outlive bytes that are still to come.
  const type = here.headers.get('content-type');
  if (there.headers.get('content-type') === type) headers.removeWhere((header) => header === 'content-type');
  const result = await peer.send({ method: 'POST', target, headers });
  if (result.kind === 'unreachable') return failure(result);
  const { status } = result.answer;
  if (isSuccess(status)) return { kind: 'copied', bytes: 0 };
  // It is newer there.
  if (status === 409) return THERE;
  return status === 404 ? undefined : failure(result);
}

/** What is not here goes there too, but only if it was deleted here after it was written there. */
async function copyDeletion(local: LocalObjects, peer: Peer, name: ObjectName, key: string): Promise<Copied> {
  const target = swiftTarget(name.account, name.container, name.object);
  const asked = await headAt(peer, target);
  if (asked.kind === 'unreachable') return failure(asked);
  if (asked.answer.status === 404) return THERE;
  const there = isSuccess(asked.answer.status) ? readObjectState(asked.answer) : undefined;
  if (there === undefined) return failure(asked);
  const answer = await local.probe(name, key, there.ticks);
  // Here again meanwhile: it has a job of its own.
  if (answer === 'never-here' || answer === 'here') return THERE;
  if (answer === 'unknown') return { kind: 'refused', detail: 'the local Swift takes no question about it' };
  const headers = HeaderList.from([['X-Timestamp', formatTimestamp(there.ticks + 1n)]]);
  const result = await peer.send({ method: 'DELETE', target, headers });
  if (result.kind === 'unreachable') return failure(result);
  const { status } = result.answer;
  if (isSuccess(status)) return { kind: 'copied', bytes: 0 };
  return status === 404 || status === 409 ? THERE : failure(result);
}

function headAt(peer: Peer, target: string): Promise<PeerResult> {
  return peer.send({
    method: 'HEAD',
    target: target + RAW,
    headers: HeaderList.from([['X-Newest', 'true']]),
  });
}

function dated(state: ObjectState, laterTicks = 0n): HeaderList {
  return state.headers.clone().add('X-Timestamp', formatTimestamp(state.ticks + laterTicks));
}

function failure(result: PeerResult): Copied {
  if (result.kind === 'unreachable') return { kind: 'later', detail: result.detail };
  const { status, reason } = result.answer;
  // What the peer's Swift, or its gateway, may think better of; all else is for the audit to name.
  const isPassing = status >= 500 || status === 401 || status === 408 || status === 429 || status === 498;
  return { kind: isPassing ? 'later' : 'refused', detail: `${status} ${reason}` };
}
