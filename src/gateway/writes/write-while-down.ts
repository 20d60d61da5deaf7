// Changes while the local Swift is down (`failover = all`): they go to another cluster as the client sent them, and its Swift judges the
// client. They come here when this Swift is back: objects by copies and container sync, the rest by what that cluster's daemon has pending.
import { AutosyncError } from '../../lib/errors.js';
import { removeHopByHop } from '../../http/head.js';
import type { HeaderList } from '../../http/headers.js';
import { MessageBody } from '../../http/message-body.js';
import { asClient } from '../../peers/acts-as.js';
import type { Peer } from '../../peers/peer.js';
import type { ContainerName } from '../../site/site.js';
import { isSuccess } from '../../swift/swift-client.js';
import { abandon, textAnswer } from '../answer.js';
import { bulkKind } from '../changes/bulk.js';
import { isForm } from '../changes/form.js';
import { changedObject } from '../changes/object-change.js';
import { PENDING } from '../changes/outcome.js';
import { concernsVersioning } from '../changes/versioning.js';
import { hasToken } from '../reads/client-rights.js';
import { handedOn, type FoundCopy } from '../reads/find-copy.js';
import type { Places } from '../reads/where.js';
import type { Site } from '../site.js';
import { isSwiftDown, standIns, whyNot } from '../stand-ins.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';
import { clientsBody, openAt } from './write-elsewhere.js';

/**
 * The change as it is done here, or, where the local Swift cannot be reached, by another cluster.
 *
 * @param change does it with the `next` that it is given
 * @throws AutosyncError UPSTREAM_… where no other cluster may do it; a retry may help
 */
export async function orWhileDown(
  site: Site,
  places: Places,
  exchange: Exchange,
  next: Next,
  change: (next: Next) => Promise<OutgoingResponse>,
): Promise<OutgoingResponse> {
  if (site.options.failover !== 'all' || !mayGoElsewhere(exchange)) return change(next);
  // What is further in edits them.
  const headers = exchange.request.headers.clone();
  removeHopByHop(headers);
  const local = { isDown: false };
  const ask: Next = async () => {
    const response = await next();
    local.isDown = response.status === 503;
    return response;
  };
  let refusal: OutgoingResponse | AutosyncError;
  try {
    refusal = await change(ask);
    if (!local.isDown) return refusal;
  } catch (error) {
    if (!isSwiftDown(error)) throw error;
    refusal = error;
  }
  const elsewhere = await askPeers(site, places, exchange, headers);
  if (elsewhere === undefined) {
    if (refusal instanceof AutosyncError) throw refusal;
    return refusal;
  }
  if (!(refusal instanceof AutosyncError)) abandon(refusal);
  return elsewhere;
}

/** Not what changes many containers by the way, nor an account's end; and versions are kept where they were asked for, on one cluster. */
function mayGoElsewhere({ path, request }: Exchange): boolean {
  const { method, headers } = request;
  if (bulkKind(request) !== undefined || isForm(request)) return false;
  const isChange = method === 'PUT' || method === 'POST' || method === 'DELETE';
  switch (path.kind) {
    case 'object':
      return isChange || method === 'COPY';
    case 'container':
      return isChange && !concernsVersioning(headers);
    case 'account':
      return method === 'POST';
    case 'other':
      return false;
  }
}

/** Undefined where none may be asked. */
async function askPeers(
  site: Site,
  places: Places,
  exchange: Exchange,
  headers: HeaderList,
): Promise<OutgoingResponse | undefined> {
  const { path, request } = exchange;
  if (path.kind === 'other' || path.account === (await site.ownAccount())) return undefined;
  // Swift reads no body of other changes, so none goes along.
  const isOfObject = path.kind === 'object' && request.method !== 'COPY';
  const body = isOfObject ? clientsBody(request.body) : undefined;
  if (isTaken(body)) return undefined;
  const peers = await standIns(site, places, exchange, nameOf(exchange));
  if (peers.length === 0) return undefined;
  return send({ site, exchange, peers, headers, body });
}

/** Of what is to be changed. */
function nameOf(exchange: Exchange): ContainerName | undefined {
  const { path } = exchange;
  if (path.kind === 'object') return changedObject(exchange, path) ?? path;
  return path.kind === 'container' ? path : undefined;
}

interface Sending {
  readonly site: Site;
  readonly exchange: Exchange;
  /** The best first. */
  readonly peers: readonly Peer[];
  readonly headers: HeaderList;
  readonly body: MessageBody | Buffer | undefined;
}

/** To the first that answers, and to no other once one may have done it. */
async function send({ site, exchange, peers, headers, body }: Sending): Promise<OutgoingResponse> {
  const { method, target, expectsContinue } = exchange.request;
  const isSomebody = hasToken(headers);
  const without: string[] = [];
  const unknown: string[] = [];
  for (const peer of peers) {
    const asked = { method, target, headers: asClient(headers), body };
    const said = await openAt(peer, exchange, {
      ...asked,
      expectsContinue: expectsContinue && body !== undefined,
    });
    if (said.kind === 'answer') {
      const { response } = said;
      const isUnknownToken = response.status === 401 && isSomebody;
      if (response.status !== 404 && !isUnknownToken) return done(site, { peer, response });
      response.body.abandon();
      (isUnknownToken ? unknown : without).push(peer.name);
    } else if (said.hasDoneNothing) {
      unknown.push(peer.name);
    } else {
      const text = `The local Swift is down. No answer from ${peer.name}, which may have done it.`;
      return textAnswer(exchange, 503, text);
    }
    if (isTaken(body)) break;
  }
  return textAnswer(exchange, 503, whyNot({ without, unknown, isSomebody, what: 'written' }));
}

/** A body that streams can be sent once. */
function isTaken(body: Sending['body']): boolean {
  return body instanceof MessageBody && (body.hasConsumer || body.isFailed);
}

function done(site: Site, said: FoundCopy): OutgoingResponse {
  site.counters.add('writes_to_peers:down');
  const response = handedOn(said);
  const { status, headers } = response;
  const behind = (headers.get(PENDING) ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !site.clusters.isMine(name));
  if (isSuccess(status) || headers.has(PENDING))
    headers.set(PENDING, [...behind, site.clusters.mine].join(', '));
  return response;
}
