// A client's account PUT, POST or DELETE. All peers hear of it at once; a deletion they only note, as Swift's reaper has no mercy:
// the daemon of each cluster carries it out there after account_delete_delay (daemon/account-deletion.ts).
import { HeaderList } from '../../http/headers.js';
import { deletionOf, recordGone, recordKept } from '../../records/account-life.js';
import { isSameCluster } from '../../peers/clusters.js';
import { swiftTarget } from '../../swift/path.js';
import { recordAccount } from '../../records/client-change.js';
import { EMPTY, type Record } from '../../records/record.js';
import type { VersionClock } from '../../records/version.js';
import { namedSettings, readSettings } from '../../swift/settings.js';
import { isSuccess, type Rights } from '../../swift/swift-client.js';
import { textAnswer } from '../answer.js';
import { audienceOf, rightsFor, type Site } from '../site.js';
import { audienceFor, type Audience } from '../../site/site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';
import { notePending } from '../../converge/notes.js';
import { tellPeer } from '../../converge/tell-peer.js';
import { noteAccountAhead } from './account-record.js';
import { startRecording, UNRECORDED } from './recording.js';
import { followUp, nobodyHeard, outcomeOf, PENDING, type Outcome } from './outcome.js';

/** A client's header on an account POST: take back a deletion, wherever it is not carried out yet. */
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
  await noteAccountAhead(site, exchange.request, account);
  const response = await next();
  if (!isSuccess(response.status)) return response;
  return followUp(site, exchange, response, audience, () =>
    tellPeers({ site, audience, account, named, isNew: response.status === 201, rights }, response.headers),
  );
}

/** A change that the local Swift has done. */
interface Done {
  readonly site: Site;
  readonly audience: Audience;
  readonly account: string;
  /** The settings that the client's request names. */
  readonly named: readonly string[];
  /** The account was not here before. */
  readonly isNew: boolean;
  readonly rights: Rights;
}

/** Records and sends what Swift now holds of the settings that the request names. */
async function tellPeers(done: Done, answerHeaders: HeaderList): Promise<readonly Outcome[]> {
  const { site, audience, account, named, isNew, rights } = done;
  const target = swiftTarget(account);
  const newest = HeaderList.from([['X-Newest', 'true']]);
  const { status, headers } = await site.swift.request(rights, { method: 'HEAD', target, headers: newest });
  if (!isSuccess(status)) {
    answerHeaders.set(UNRECORDED, site.clusters.mine);
    const detail = `the account could not be read back here (${status}): check the service user in [service]`;
    return nobodyHeard(audience, detail);
  }
  const settings = readSettings('account', headers);
  return recordAndTell({ ...done, answerHeaders }, (current, clock) =>
    recordAccount(current, { settings, named, isNew }, clock),
  );
}

/** Records what the local Swift did, and tells the peers. */
async function recordAndTell(
  to: Pick<Done, 'site' | 'audience' | 'account' | 'rights'> & { readonly answerHeaders: HeaderList },
  change: (current: Record, clock: VersionClock) => Record,
): Promise<readonly Outcome[]> {
  const { site, audience, account, rights, answerHeaders } = to;
  const recording = await startRecording(site, { account }, change);
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

/** Done here at once, by whoever Swift lets. The peers note it, and are behind until they carry it out. */
export async function deleteAccount(
  site: Site,
  exchange: Exchange,
  next: Next,
  account: string,
): Promise<OutgoingResponse> {
  const audience = accountAudience(site, exchange);
  const response = await next();
  const { status, headers } = response;
  // Deleted before, past the gateways or by one that died over it: the same request once more makes it known.
  if (!isSuccess(status) && !(status === 404 && (await isGoneHere(site, account)))) return response;
  const names = audience.peers.map(({ name }) => name);
  if (names.length > 0) headers.set(PENDING, names.join(', '));
  const to = { site, audience, account, rights: rightsFor(site, exchange), answerHeaders: headers };
  const gone = { cluster: site.clusters.mine, isMeant: true };
  try {
    await recordAndTell(to, (current, clock) => recordGone(current, gone, clock));
    if (site.records === undefined) headers.set(UNRECORDED, site.clusters.mine);
  } catch (error) {
    headers.set(UNRECORDED, site.clusters.mine);
    site.log.error({ txn: exchange.id, account, err: error }, 'the peers could not be told of a deletion');
  }
  site.log.warn({ txn: exchange.id, account, peers: names }, 'account deleted here; the peers follow later');
  return response;
}

async function isGoneHere(site: Site, account: string): Promise<boolean> {
  const target = swiftTarget(account);
  const { status } = await site.swift.request({ kind: 'service' }, { method: 'HEAD', target });
  return status === 410;
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
  const record = (await site.records?.read({ account })) ?? EMPTY;
  if (deletionOf(record) === undefined)
    return textAnswer(exchange, 404, 'No deletion of this account waits.');
  const response = textAnswer(exchange, 200, 'The deletion of this account goes no further.');
  const audience = accountAudience(site, exchange);
  site.log.warn({ txn: exchange.id, account }, 'account deletion taken back');
  return followUp(site, exchange, response, audience, () =>
    recordAndTell(
      { site, audience, account, rights: rightsFor(site, exchange), answerHeaders: response.headers },
      recordKept,
    ),
  );
}

/** Accounts are everywhere, wherever their containers are placed. */
function accountAudience(site: Site, exchange: Exchange): Audience {
  const placed = audienceOf(site, exchange).placement;
  const others = site.clusters.all().filter((name) => !placed.some((other) => isSameCluster(name, other)));
  return audienceFor(site, [...placed, ...others]);
}
