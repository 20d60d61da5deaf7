// Why Swift, or a peer, did not do what was asked: from its status and words. Pure.
import type { ClientAnswer } from '../http/request-sender.js';
import type { ReasonCode } from '../lib/reasons.js';
import { REFUSAL_HEADER, type PeerResult } from '../peers/peer.js';

/** @param text of the answer's body */
export function reasonOfRefusal(status: number, text: string): ReasonCode {
  if (status === 507) return 'DISK_FULL';
  if (status === 413 || (status === 403 && /container limit|quota/i.test(text))) return 'QUOTA';
  if (status === 409) return 'DELETE_BLOCKED';
  if (status === 400 && /storage.policy|policy_index/i.test(text)) return 'POLICY_MISSING';
  // check_metadata and validate_metadata: swift/common/constraints.py, db.py
  if (status === 400 && /metadata|header value too long/i.test(text)) return 'METADATA_LIMIT';
  return 'SWIFT_TROUBLE';
}

/** Of the local Swift. */
export function reasonOfAnswer({ status, body }: ClientAnswer): ReasonCode {
  return reasonOfRefusal(status, body.toString('utf8', 0, 1_000));
}

export function reasonOfPeer(result: PeerResult): ReasonCode {
  if (result.kind === 'unreachable') return 'PEER_DOWN';
  const { status, headers, body } = result.answer;
  const text = body.toString('utf8', 0, 1_000);
  if (headers.get(REFUSAL_HEADER) === 'clock') return 'CLOCK_SKEW';
  if (status === 409 && text.includes('max_clock_skew')) return 'CLOCK_SKEW';
  const reason = reasonOfRefusal(status, text);
  if (reason !== 'SWIFT_TROUBLE') return reason;
  const isAuth = status === 401 || status === 403 || text.includes('service user');
  return isAuth ? 'PEER_AUTH' : 'PEER_REFUSED';
}
