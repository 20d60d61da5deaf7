// A change of an object whose container is placed on other clusters only. The local Swift says whether the client may; one of these
// clusters does it. Requests that carry rights which any cluster can judge go there as they are.
import { removeHopByHop } from '../../http/head.js';
import { MessageBody } from '../../http/message-body.js';
import { asClient, asGranted } from '../../peers/acts-as.js';
import type { OpenedPeerRequest, Peer, PeerStream } from '../../peers/peer.js';
import { queryParameter, swiftTarget } from '../../swift/path.js';
import { notKnown, textAnswer } from '../answer.js';
import { outgoingBody } from '../filters/proxy.js';
import { isTempUrl } from '../reads/read.js';
import { ClientRights } from '../reads/client-rights.js';
import { SERVED_BY } from '../reads/find-copy.js';
import type { Site } from '../site.js';
import type { Exchange, OutgoingResponse } from '../station.js';
import type { ObjectWrite } from './object-write.js';
import { withoutStray } from './stray-here.js';

/** For what takes Swift long; peer_timeout else. */
const LONG_SILENCE_MS = 60_000;

export interface Holders {
  /** The best first. */
  readonly peers: readonly Peer[];
  readonly fenced: readonly string[];
}

/**
 * @param granted where it goes once the client may; the object itself if not said
 * @throws AutosyncError of the local Swift; a retry may help
 */
export async function writeElsewhere(
  site: Site,
  exchange: Exchange,
  holders: Holders,
  write: ObjectWrite,
  granted = swiftTarget(write.name.account, write.name.container, write.name.object) + write.query,
): Promise<OutgoingResponse> {
  const { method, name, target, headers } = write;
  if (carriesItsRights(site, exchange))
    return withoutStray(site, exchange, write, () => sendAsClient(site, exchange, holders, write));
  const version = queryParameter(target, 'version-id');
  // Dropped, it would let the object itself be changed in place of one of its versions.
  if (version !== undefined && version !== 'null')
    return textAnswer(exchange, 400, 'version-aware operations require that the container is versioned');
  const refusal = await new ClientRights(site, exchange).refusalOf(method, name);
  if (refusal !== undefined) return refusal;
  return withoutStray(site, exchange, write, () =>
    send(site, exchange, holders, write, { target: granted, headers: asGranted(headers) }),
  );
}

/** The request carries its rights with it: the cluster that it goes to judges them. */
export async function sendAsClient(
  site: Site,
  exchange: Exchange,
  holders: Holders,
  write: Omit<ObjectWrite, 'name' | 'query'>,
): Promise<OutgoingResponse> {
  const { target, headers } = write;
  return send(site, exchange, holders, write, { target, headers: asClient(headers) });
}

/** The client's body as a peer gets it. What came in chunks streams, however little it is: a Buffer goes with its length. */
export function clientsBody(body: MessageBody): MessageBody | Buffer | undefined {
  return body.framing.kind === 'chunked' ? body : outgoingBody(body);
}

/** Whether any cluster's Swift can say what the client may: nobody in particular, a TempURL, or a token that all clusters know. */
export function carriesItsRights(site: Site, exchange: Exchange): boolean {
  const { headers } = exchange.request;
  const hasToken = headers.has('x-auth-token') || headers.has('x-storage-token');
  return !hasToken || site.options.peerAuth === 'token' || isTempUrl(exchange.request.target);
}

/** To the first that can be reached, and whose Swift answers; to no other once it has begun to take a body that streams. Never rejects for a peer's trouble. */
export async function send(
  site: Site,
  exchange: Exchange,
  { peers, fenced }: Holders,
  {
    method,
    body,
    expectsContinue,
    isLong,
  }: Pick<ObjectWrite, 'method' | 'body' | 'expectsContinue' | 'isLong'>,
  asked: Pick<OpenedPeerRequest, 'target' | 'headers'>,
): Promise<OutgoingResponse> {
  const silent = [...fenced];
  for (const peer of peers) {
    const said = await openAt(peer, exchange, {
      ...asked,
      method,
      body,
      expectsContinue,
      silenceMs: isLong === true ? LONG_SILENCE_MS : undefined,
    });
    const mayTryNext = !(body instanceof MessageBody && body.hasConsumer);
    if (said.kind === 'answer' && said.response.status === 503 && mayTryNext && peer !== peers.at(-1)) {
      // Its gateway answers, and its Swift does not.
      said.response.body.abandon();
      silent.push(peer.name);
      continue;
    }
    if (said.kind === 'answer') {
      site.counters.add('writes_to_peers:elsewhere');
      removeHopByHop(said.response.headers);
      said.response.headers.set(SERVED_BY, peer.name);
      return said.response;
    }
    silent.push(peer.name);
    if (!mayTryNext || !said.hasDoneNothing) break;
  }
  return notKnown(exchange, silent);
}

/** One peer is sent it, in the name of the client that waits. Never rejects for a peer's trouble. */
export function openAt(
  peer: Peer,
  { request }: Exchange,
  asked: Omit<OpenedPeerRequest, 'onInformation'>,
): Promise<PeerStream> {
  const { body } = asked;
  return peer.open(
    {
      ...asked,
      onInformation: ({ status, reason, headers }) => {
        if (asked.expectsContinue === true) request.inform(status, reason, headers);
      },
    },
    (abort) => {
      request.onGone = () => abort();
      // What breaks off where it is read is no fault of the peer's.
      const end = (): void => {
        if (body instanceof MessageBody && body.isFailed) abort();
      };
      if (body instanceof MessageBody && body !== request.body) body.watch({ end });
    },
  );
}
