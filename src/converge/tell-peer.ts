// Sends a record to a peer, whose gateway merges it and makes its own cluster so.
import type { ClientAnswer } from '../http/request-sender.js';
import type { Peer, PeerResult } from '../peers/peer.js';
import { DESIRED, lifeOf, renderChange, type Record, type RecordName } from '../records/record.js';
import { swiftTarget } from '../swift/path.js';
import { isSuccess, type Rights } from '../swift/swift-client.js';
import type { SyncState } from '../sync/sync-plan.js';
import { CHANGE, withToken } from './change-headers.js';

export interface Told {
  readonly result: PeerResult;
  /** The peer has it now. */
  readonly isDone: boolean;
  /** How the container takes part in container sync there. */
  readonly state: SyncState | undefined;
}

export interface TellOptions {
  /** With user_sync = allow: the key that the container has, where it is not ours; '' where it is; unsaid, the peer's stays. */
  readonly ownersKey?: string | undefined;
  /** This cluster cannot carry the deletion out: the peer is to look after the objects that are here. */
  readonly isBlocked?: boolean;
}

/** Never rejects for a peer's trouble. */
export async function tellPeer(
  peer: Peer,
  name: RecordName,
  record: Record,
  rights: Rights,
  { ownersKey, isBlocked = false }: TellOptions = {},
): Promise<Told> {
  const headers = withToken(rights);
  const placement = record.desired.get(DESIRED.placement)?.value;
  if (placement !== undefined) headers.add(CHANGE.placement, placement);
  if (ownersKey !== undefined) headers.add(CHANGE.syncKey, ownersKey);
  if (isBlocked) headers.add(CHANGE.blocked, 'true');
  const { account, container } = name;
  const result = await peer.send({
    method: container === undefined ? 'POST' : 'PUT',
    target: swiftTarget(account, container),
    headers,
    body: renderChange(record.desired),
  });
  if (result.kind === 'unreachable') return { result, isDone: false, state: undefined };
  const { status, headers: answered } = result.answer;
  const isGone = status === 404 && lifeOf(record) === 'deleted';
  const state = answered.get(CHANGE.state) as SyncState | undefined;
  return { result, isDone: isSuccess(status) || isGone, state };
}

/** What came of it at a peer, in a few words, for people. */
export function toldDetail({ isDone, result }: Told): string {
  if (result.kind === 'unreachable') return result.detail;
  return isDone ? result.answer.reason : detailOf(result.answer);
}

/** What Swift, or a peer, said to a request that it refused. */
export function refusalOf(answer: ClientAnswer): string {
  return `${answer.status} ${detailOf(answer)}`;
}

const MAX_DETAIL = 300;

/** What a peer said, in a few words, for people. */
export function detailOf({ body, reason }: ClientAnswer): string {
  const text = body
    .toString('utf8', 0, MAX_DETAIL)
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return text === '' ? reason : text;
}
