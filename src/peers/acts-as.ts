// A client's own headers in a request to a peer: what of them goes along, and on whose rights it is to be done there.
import type { HeaderList } from '../http/headers.js';

/** Of a request whose headers are a client's own: on whose rights it is to be done. */
export const ACTS_AS = 'X-Autosync-Acts-As';
/** The peer's Swift is to judge the client itself. */
export const AS_CLIENT = 'client';
/** Of a change of an object: the Swift of the gateway that sends it has let the client do it. */
export const AS_GRANTED = 'granted';
/** The same of an object that points to others, which the gateway that sends it has looked at as the client. */
export const AS_VERIFIED = 'verified';

/** What is of one connection or of one body, or says how the client came here. */
const NOT_FOR_PEERS = new Set([
  ...[
    'via',
    'x-forwarded-for',
    'host',
    'content-length',
    'transfer-encoding',
    'trailer',
    'te',
    'expect',
    'upgrade',
  ],
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authorization'],
]);

/** A client's headers, to be judged by the peer's Swift. */
export function asClient(headers: HeaderList): HeaderList {
  return forPeer(headers, AS_CLIENT);
}

/** A client's headers of a change that it may make. */
export function asGranted(headers: HeaderList): HeaderList {
  return forPeer(headers, AS_GRANTED);
}

/** The headers of an object that points to others. */
export function asVerified(headers: HeaderList): HeaderList {
  return forPeer(headers, AS_VERIFIED);
}

function forPeer(headers: HeaderList, as: string): HeaderList {
  const asked = headers.clone().set(ACTS_AS, as);
  asked.removeWhere((header) => NOT_FOR_PEERS.has(header));
  return asked;
}
