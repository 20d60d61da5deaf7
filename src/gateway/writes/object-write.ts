// One change of an object, as it is to be done: at the local Swift, or on a cluster that holds the object. Knows no cluster.
import type { HeaderList } from '../../http/headers.js';
import { MessageBody } from '../../http/message-body.js';
import type { ObjectName } from '../reads/pointer.js';

export interface ObjectWrite {
  readonly method: 'PUT' | 'POST' | 'DELETE';
  readonly name: ObjectName;
  /** For a Swift that judges the client itself: path and query as the client sent them, or as this gateway means them. */
  readonly target: string;
  /** For a Swift that does what was granted elsewhere: what of the query goes along. */
  readonly query: GrantedQuery;
  /** The client's, or what takes their place; of the body's framing nothing. */
  readonly headers: HeaderList;
  readonly body: MessageBody | Buffer | undefined;
  /** The client waits for `100 Continue`: its own body is what is sent. */
  readonly expectsContinue: boolean;
  /** Swift is at work for long before it answers: it looks at all segments, or unpacks all files. */
  readonly isLong?: boolean;
}

/** A service user's rights pass over everything, so nothing travels but what is known: a manifest whose segments were looked at before. */
export type GrantedQuery = '' | '?multipart-manifest=put';

export function isGrantedQuery(method: string, query: string): query is GrantedQuery {
  return query === '' || (method === 'PUT' && query === '?multipart-manifest=put');
}

/** What of a client's headers belongs to the one request that it sent: its body, its connection, and where its bytes come from. */
const OF_THE_REQUEST = new Set([
  ...['host', 'content-length', 'transfer-encoding', 'trailer', 'te', 'expect', 'connection', 'keep-alive'],
  ...['upgrade', 'proxy-connection', 'accept', 'range', 'if-range'],
  ...['x-copy-from', 'x-copy-from-account', 'destination', 'destination-account', 'x-fresh-metadata'],
]);

/** A client's headers for a request of this gateway's own that takes the place of the client's. */
export function headersForOwn(headers: HeaderList): HeaderList {
  const kept = headers.clone();
  kept.removeWhere((header) => OF_THE_REQUEST.has(header));
  return kept;
}

/** Nobody takes what is left of it. */
export function abandon(body: MessageBody | Buffer | undefined): void {
  if (body instanceof MessageBody && !(body.isComplete && body.hasConsumer)) body.abandon();
}
