// A change of an object whose container is placed on other clusters only. The local Swift says whether the client may; one of these
// clusters does it. Requests that carry rights which any cluster can judge go there as they are.
import { removeHopByHop } from '../../http/head.js';
import { MessageBody } from '../../http/message-body.js';
import { asClient, asGranted, type OpenedPeerRequest, type Peer, type PeerStream } from '../../peers/peer.js';
import { isSignable } from '../../peers/signature-header.js';
import { queryParameter, swiftTarget } from '../../swift/path.js';
import { notKnown, textAnswer } from '../answer.js';
import { outgoingBody } from '../filters/proxy.js';
import { ClientRights } from '../reads/client-rights.js';
import { SERVED_BY } from '../reads/find-copy.js';
import type { ObjectName } from '../reads/pointer.js';
import type { Site } from '../site.js';
import type { Exchange, OutgoingResponse } from '../station.js';

interface Holders {
  /** The best first. */
  readonly peers: readonly Peer[];
  readonly fenced: readonly string[];
  /** How long they may say nothing; peer_timeout if not said. */
  readonly silenceMs?: number;
}

/**
 * @param target where it goes if the client may; the object itself if not said
 * @throws AutosyncError of the local Swift; a retry may help
 */
export async function writeElsewhere(
  site: Site,
  exchange: Exchange,
  name: ObjectName,
  holders: Holders,
  target = swiftTarget(name.account, name.container, name.object),
): Promise<OutgoingResponse> {
  if (carriesItsRights(site, exchange)) return sendAsClient(site, exchange, holders);
  const { request } = exchange;
  const odd = refuseUnsignable(exchange);
  if (odd !== undefined) return odd;
  const method = request.method as 'PUT' | 'POST' | 'DELETE';
  const refusal = await new ClientRights(site, exchange).refusalOf(method, name);
  if (refusal !== undefined) return refusal;
  return send(site, exchange, holders, { target, headers: asGranted(request.headers) });
}

/** The request carries its rights with it: the cluster that it goes to judges them. */
export async function sendAsClient(
  site: Site,
  exchange: Exchange,
  holders: Holders,
): Promise<OutgoingResponse> {
  const { target, headers } = exchange.request;
  return refuseUnsignable(exchange) ?? send(site, exchange, holders, { target, headers: asClient(headers) });
}

function refuseUnsignable(exchange: Exchange): OutgoingResponse | undefined {
  const odd = [...exchange.request.headers].find(([header]) => !isSignable(header.toLowerCase()));
  if (odd === undefined) return undefined;
  return textAnswer(exchange, 400, `A header named ${odd[0]} cannot go to the cluster of this container.`);
}

/** Whether any cluster's Swift can say what the client may: nobody in particular, a TempURL, or a token that all clusters know. */
function carriesItsRights(site: Site, { request: { target, headers } }: Exchange): boolean {
  const hasToken = headers.has('x-auth-token') || headers.has('x-storage-token');
  const query = target.slice(target.indexOf('?'));
  return (
    !hasToken || site.options.peerAuth === 'token' || queryParameter(query, 'temp_url_sig') !== undefined
  );
}

/** To the first that can be reached; to no other once one may have done it. */
async function send(
  site: Site,
  exchange: Exchange,
  { peers, fenced, silenceMs }: Holders,
  asked: Pick<OpenedPeerRequest, 'target' | 'headers'>,
): Promise<OutgoingResponse> {
  const { request } = exchange;
  const { method, expectsContinue } = request;
  const body = outgoingBody(request.body);
  const silent = [...fenced];
  for (const peer of peers) {
    const said: PeerStream = await peer.open(
      {
        ...{ ...asked, method, body, expectsContinue, silenceMs },
        onInformation: ({ status, reason, headers }) => request.inform(status, reason, headers),
      },
      (abort) => (request.onGone = () => abort()),
    );
    if (said.kind === 'answer') {
      site.counters.add('writes_to_peers:elsewhere');
      removeHopByHop(said.response.headers);
      said.response.headers.set(SERVED_BY, peer.name);
      return said.response;
    }
    silent.push(peer.name);
    if (body instanceof MessageBody && body.hasConsumer) break;
  }
  return notKnown(exchange, silent);
}
