// Lets a peer's gateway in by its signature, and by nothing else.
import { HeaderList } from '../../http/headers.js';
import { collectBody } from '../../http/message-body.js';
import { REFUSAL_HEADER } from '../../peers/peer.js';
import {
  bodyMatches,
  keepOnlySigned,
  MAX_DIGESTED_BODY_BYTES,
  UNSIGNED_BODY,
  verifyPeerRequest,
} from '../../peers/signature.js';
import { textAnswer } from '../answer.js';
import { carryOut } from '../changes/receive.js';
import { isObjectChange } from '../changes/receive-object.js';
import { isInfoRequest } from '../info.js';
import { introductionAnswer } from '../introduction.js';
import type { Site } from '../site.js';
import type { OwnWay } from '../writes/receive/clients.js';
import { answerCopy, isCopyRequest } from './copy-door.js';
import { answerLeave, isLeaveRequest } from './leave-door.js';
import { isUpload } from '../writes/receive/upload.js';
import { answerRecords, isRecordsRequest } from './records-door.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';

/** Of all but objects, which stream. */
const MAX_BODY_BYTES = 65_536;

/**
 * Carries a peer's request out when its signature is right; 401 otherwise: what claims to be a peer's is never taken for a client's.
 *
 * @param ownWay what becomes of an account or container change that a client of that peer sends
 */
export async function admitPeer(
  site: Site,
  exchange: Exchange,
  next: Next,
  ownWay: OwnWay,
): Promise<OutgoingResponse> {
  const { request } = exchange;
  const verdict = verifyPeerRequest({
    method: request.method,
    target: request.target,
    headers: request.headers,
    to: site.clusters.signatureName,
    secrets: site.secrets.get(),
    realm: site.clusters.realmName,
    nowMs: Date.now(),
    maxClockSkewSeconds: site.options.maxClockSkewMs / 1000,
    nonces: site.nonces,
  });
  if (!verdict.ok) return refuse(site, exchange, verdict.reason, verdict.detail);
  keepOnlySigned(request.headers, verdict.signedNames);
  const isStreamed = isObjectChange(exchange) || isUpload(exchange);
  const body = isStreamed
    ? await signedBody(exchange, verdict.digest)
    : await collectBody(request.body, MAX_BODY_BYTES);
  if (body === undefined || (!isStreamed && !bodyMatches(verdict.digest, body)))
    return refuse(site, exchange, 'wrong-body', `from ${verdict.from}`);
  request.headers.set('Host', site.transport.authority);
  site.log.debug(
    { txn: exchange.id, peer: verdict.from, method: request.method, path: request.target },
    'peer request',
  );
  if (isInfoRequest(exchange)) return introductionAnswer(site);
  if (isRecordsRequest(exchange)) return answerRecords(site, exchange, body);
  if (isCopyRequest(exchange)) return answerCopy(site, exchange);
  if (isLeaveRequest(exchange)) return answerLeave(site, exchange);
  return carryOut(site, exchange, next, { body, ownWay });
}

/** Of what streams: looked at before where it is small, and so was signed. Undefined where it is another one. */
async function signedBody({ request }: Exchange, digest: string): Promise<Buffer | undefined> {
  if (digest === UNSIGNED_BODY) return Buffer.alloc(0);
  if (request.expectsContinue) request.inform(100, 'Continue', new HeaderList());
  const body = await request.body.gather(MAX_DIGESTED_BODY_BYTES);
  return body !== undefined && bodyMatches(digest, body) ? body : undefined;
}

function refuse(site: Site, exchange: Exchange, reason: string, detail: string): OutgoingResponse {
  site.counters.add(`peer_refused:${reason}`);
  site.log.warn(
    { txn: exchange.id, reason, address: exchange.request.remoteAddress },
    `peer request refused: ${detail}`,
  );
  const response = textAnswer(exchange, 401, `This is not a valid request of a peer: ${reason}.`);
  response.headers.add(REFUSAL_HEADER, reason);
  return response;
}
