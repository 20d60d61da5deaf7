// A client's account PUT, POST or DELETE. Metadata goes to all peers at once; a deletion only after a delay.
import { HeaderList } from '../../http/headers.js';
import { isSameCluster } from '../../peers/clusters.js';
import type { Peer } from '../../peers/peer.js';
import { swiftTarget } from '../../swift/path.js';
import { namedSettings, readSettings } from '../../swift/settings.js';
import { isSuccess } from '../../swift/swift-client.js';
import { textAnswer } from '../answer.js';
import { audienceFor, audienceOf, rightsFor, type Audience, type Site } from '../site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';
import { CHANGE } from './container-change.js';
import { conclude, outcomeOf, unknownOutcomes } from './outcome.js';

/** A client's header on an account POST: take back a deletion that has not gone to the peers yet. */
export const CANCEL_DELETE = 'X-Autosync-Cancel-Delete';

export async function changeAccount(
  site: Site,
  exchange: Exchange,
  next: Next,
  account: string,
): Promise<OutgoingResponse> {
  const { headers } = exchange.request;
  if (headers.remove(CANCEL_DELETE)) return cancelDeletion(site, exchange, next, account);
  const named = namedSettings('account', headers);
  const audience = accountAudience(site, exchange);
  const rights = rightsFor(site, exchange);
  const response = await next();
  if (!isSuccess(response.status)) return response;
  const answer = await site.swift.request(rights, {
    method: 'HEAD',
    target: swiftTarget(account),
    headers: HeaderList.from([['X-Newest', 'true']]),
  });
  const change = HeaderList.from([...readSettings('account', answer.headers)]);
  change.add(CHANGE.named, named.join(' '));
  if (rights.kind === 'token' && rights.token !== undefined) change.set('X-Auth-Token', rights.token);
  const outcomes = await Promise.all(
    audience.peers.map(async (peer) => {
      if (!isSuccess(answer.status)) {
        const detail = `the account could not be read back here (${answer.status})`;
        return { cluster: peer.name, isDone: false, status: undefined, detail };
      }
      const result = await peer.send({ method: 'POST', target: swiftTarget(account), headers: change });
      return outcomeOf(peer.name, result, ({ status }) => isSuccess(status));
    }),
  );
  return conclude(site, exchange, response, [...outcomes, ...unknownOutcomes(audience)]);
}

/** Done here at once, by whoever Swift lets; on the peers after `account_delete_delay`. */
export async function deleteAccount(
  site: Site,
  exchange: Exchange,
  next: Next,
  account: string,
): Promise<OutgoingResponse> {
  const audience = accountAudience(site, exchange);
  const response = await next();
  if (!isSuccess(response.status)) return response;
  site.accountDeletions.schedule(account);
  const names = audience.peers.map(({ name }) => name);
  if (names.length > 0) response.headers.set('X-Autosync-Pending', names.join(', '));
  site.log.warn(
    { txn: exchange.id, account, peers: names },
    'account deleted here; the peers follow after account_delete_delay',
  );
  return response;
}

/** The peers' part of an account deletion whose time has come. */
export async function deleteAccountAtPeers(site: Site, account: string): Promise<void> {
  const peers = site.clusters
    .all()
    .map((name) => site.clusters.peer(name))
    .filter((peer): peer is Peer => peer !== undefined);
  for (const peer of peers) {
    const result = await peer.send({ method: 'DELETE', target: swiftTarget(account) });
    const { isDone, status, detail } = outcomeOf(
      peer.name,
      result,
      (answer) => isSuccess(answer.status) || answer.status === 404,
    );
    site.log.warn({ account, cluster: peer.name, status, isDone }, `account deletion at a peer: ${detail}`);
  }
}

/** Whoever Swift lets ask for the account may take its deletion back. */
async function cancelDeletion(
  site: Site,
  exchange: Exchange,
  next: Next,
  account: string,
): Promise<OutgoingResponse> {
  const token =
    exchange.request.headers.get('x-auth-token') ?? exchange.request.headers.get('x-storage-token');
  const own = await site.swift.request(
    { kind: 'token', token },
    { method: 'HEAD', target: swiftTarget(account) },
  );
  if (own.status === 401 || own.status === 403) return next();
  const isCancelled = await site.accountDeletions.cancel(account);
  site.log.warn({ txn: exchange.id, account, isCancelled }, 'account deletion: cancellation asked for');
  return isCancelled
    ? textAnswer(exchange, 200, 'The deletion of this account will not go to the other clusters.')
    : textAnswer(exchange, 404, 'No deletion of this account waits at this gateway.');
}

/** Accounts are everywhere, wherever their containers are placed. */
function accountAudience(site: Site, exchange: Exchange): Audience {
  const placed = audienceOf(site, exchange).placement;
  const others = site.clusters.all().filter((name) => !placed.some((other) => isSameCluster(name, other)));
  return audienceFor(site, [...placed, ...others]);
}
