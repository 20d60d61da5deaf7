// A client's account PUT, POST or DELETE. Metadata goes to all peers at once; a deletion only after a delay.
import { HeaderList } from '../../http/headers.js';
import type { ClientAnswer } from '../../http/request-sender.js';
import { isSameCluster } from '../../peers/clusters.js';
import { swiftTarget } from '../../swift/path.js';
import { recordAccount } from '../../records/client-change.js';
import { namedSettings, readSettings } from '../../swift/settings.js';
import { isSuccess, type Rights } from '../../swift/swift-client.js';
import { textAnswer } from '../answer.js';
import { audienceOf, rightsFor, type Site } from '../site.js';
import { audienceFor, type Audience } from '../../site/site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';
import { notePending } from '../../converge/notes.js';
import { tellPeer } from '../../converge/tell-peer.js';
import { startRecording, UNRECORDED } from './recording.js';
import { followUp, nobodyHeard, outcomeOf, type Outcome } from './outcome.js';

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
  return followUp(site, exchange, response, audience, () =>
    tellPeers({ site, audience, account, named, rights }, response.headers),
  );
}

/** A change that the local Swift has done. */
interface Done {
  readonly site: Site;
  readonly audience: Audience;
  readonly account: string;
  /** The settings that the client's request names. */
  readonly named: readonly string[];
  readonly rights: Rights;
}

/** Records and sends what Swift now holds of the settings that the request names. */
async function tellPeers(done: Done, answerHeaders: HeaderList): Promise<readonly Outcome[]> {
  const { site, audience, account, named, rights } = done;
  const target = swiftTarget(account);
  const newest = HeaderList.from([['X-Newest', 'true']]);
  const { status, headers } = await site.swift.request(rights, { method: 'HEAD', target, headers: newest });
  if (!isSuccess(status)) {
    answerHeaders.set(UNRECORDED, site.clusters.mine);
    const detail = `the account could not be read back here (${status}): check the service user in [service]`;
    return nobodyHeard(audience, detail);
  }
  const settings = readSettings('account', headers);
  const recording = await startRecording(site, { account }, (current, clock) =>
    recordAccount(current, { settings, named }, clock),
  );
  const [outcomes, isKept] = await Promise.all([
    Promise.all(
      audience.peers.map(async (peer) =>
        outcomeOf(peer.name, await tellPeer(peer, { account }, recording.record, rights)),
      ),
    ),
    recording.isKept,
  ]);
  if (!isKept) answerHeaders.set(UNRECORDED, site.clusters.mine);
  await notePending(site, { account }, recording.record, outcomes);
  return outcomes;
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

/** The peers' part of an account deletion whose time has come. Not done where the account lives again here, or that cannot be told. */
export async function deleteAccountAtPeers(site: Site, account: string): Promise<void> {
  const target = swiftTarget(account);
  const here = await site.swift.request({ kind: 'service' }, { method: 'HEAD', target });
  if (!isGone(here.status)) {
    site.log.warn(
      { account, status: here.status },
      'account deletion does not go to the peers: it is not gone here',
    );
    return;
  }
  const peers = site.clusters.all().map((name) => site.clusters.peer(name));
  await Promise.all(
    peers.map(async (peer) => {
      if (peer === undefined) return;
      const result = await peer.send({ method: 'DELETE', target });
      const isDone = (answer: ClientAnswer): boolean => isSuccess(answer.status) || isGone(answer.status);
      const told = { result, isDone: result.kind === 'answer' && isDone(result.answer), state: undefined };
      const { detail, ...outcome } = outcomeOf(peer.name, told);
      site.log.warn({ account, ...outcome }, `account deletion at a peer: ${detail}`);
    }),
  );
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

/** 410: deleted, and not yet forgotten. */
function isGone(status: number): boolean {
  return status === 404 || status === 410;
}

/** Accounts are everywhere, wherever their containers are placed. */
function accountAudience(site: Site, exchange: Exchange): Audience {
  const placed = audienceOf(site, exchange).placement;
  const others = site.clusters.all().filter((name) => !placed.some((other) => isSameCluster(name, other)));
  return audienceFor(site, [...placed, ...others]);
}
