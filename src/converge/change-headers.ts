// Headers of a change on its way to a peer; signed like all of it.
import { HeaderList } from '../http/headers.js';
import type { Rights } from '../swift/swift-client.js';

export const CHANGE = {
  placement: 'X-Autosync-Placement',
  state: 'X-Autosync-State',
  syncKey: 'X-Autosync-Sync-Key',
  /** The sender could not carry this deletion out, for the objects that it holds: the receiver is to look after them. */
  blocked: 'X-Autosync-Blocked',
} as const;

/** New headers, with the client's token where the peer is to act in the client's name. */
export function withToken(rights: Rights): HeaderList {
  const headers = new HeaderList();
  if (rights.kind === 'token' && rights.token !== undefined) headers.set('X-Auth-Token', rights.token);
  return headers;
}
