// A peer's signed request, carried out against the local Swift: changes of accounts and containers, reads, dated object deletes.
import { HeaderList } from '../../http/headers.js';
import type { ClientAnswer } from '../../http/request-sender.js';
import type { ContainerState } from '../../swift/container-state.js';
import { swiftTarget } from '../../swift/path.js';
import type { Rights } from '../../swift/swift-client.js';
import { planSync, type SyncPlan, type SyncState } from '../../sync/sync-plan.js';
import { relay, textAnswer } from '../answer.js';
import { rightsFor, type Site } from '../site.js';
import { syncWish, type ContainerName } from '../../site/site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';
import { ACTS_AS, AS_CLIENT, AS_GRANTED, AS_VERIFIED } from '../../peers/acts-as.js';
import { REFUSAL_HEADER } from '../../peers/peer.js';
import type { ObjectName } from '../reads/pointer.js';
import { changeAsClient, isClientsChange, type OwnWay } from '../writes/receive/clients.js';
import { changeAsGranted } from '../writes/receive/granted.js';
import { isUpload, takeUpload } from '../writes/receive/upload.js';
import { storeVerified } from '../writes/receive/verified.js';
import { stripInternal } from '../doors/headers.js';
import { CHANGE } from '../../converge/change-headers.js';
import { convergeAccount } from '../../converge/account.js';
import { convergeContainer, isRefusedAsVersioned, type Converged } from '../../converge/container.js';
import { settleDeletion } from '../../converge/deletion.js';
import { deletionOf } from '../../records/account-life.js';
import { lifeOf, parseRecord, type Record } from '../../records/record.js';
import { isObjectChange, takeCopy } from './receive-object.js';
import { UNRECORDED } from './recording.js';

/** The request is verified, and holds nothing that was not signed. */
export async function carryOut(
  site: Site,
  exchange: Exchange,
  next: Next,
  { body, ownWay }: { readonly body: Buffer; readonly ownWay: OwnWay },
): Promise<OutgoingResponse> {
  const { path, request } = exchange;
  const rights = rightsFor(site, exchange);
  if (path.kind === 'other' || !site.options.isAccountOurs(path.account)) {
    const refusal = textAnswer(
      exchange,
      403,
      'Peers may work on the accounts of [filter:autosync] accounts only.',
    );
    refusal.headers.set(REFUSAL_HEADER, 'account');
    return refusal;
  }
  if (request.method === 'GET' || request.method === 'HEAD') return readFor(site, exchange, next, rights);
  if (path.kind !== 'account' && isUpload(exchange)) return takeUpload(site, exchange, next, path);
  if (isClientsChange(exchange)) return changeAsClient(site, exchange, next, ownWay);
  const operation = `${path.kind} ${request.method}`;
  if (path.kind === 'container' && operation === 'container PUT')
    return applyChange(site, exchange, rights, path, body);
  if (path.kind === 'container' && operation === 'container POST')
    return applySyncState(site, exchange, rights, path);
  if (path.kind === 'object' && isObjectChange(exchange)) return changeFor(site, exchange, next, path);
  if (operation === 'account POST') return applyAccount(site, exchange, rights, path.account, body);
  return textAnswer(exchange, 405, `Peers do not send ${operation}.`);
}

/** Streams what Swift says, to the client's own rights or to the service user's; a token that Swift no longer takes is renewed once. */
async function readFor(
  site: Site,
  exchange: Exchange,
  next: Next,
  rights: Rights,
): Promise<OutgoingResponse> {
  const { headers } = exchange.request;
  if (headers.get(ACTS_AS) === AS_CLIENT) {
    stripInternal(headers);
    return next();
  }
  if (rights.kind === 'token' || site.serviceToken === undefined) return next();
  const token = await site.serviceToken();
  exchange.request.headers.set('X-Auth-Token', token);
  const response = await next();
  if (response.status !== 401) return response;
  site.dropServiceToken(token);
  exchange.request.headers.set('X-Auth-Token', await site.serviceToken());
  exchange.request.headers.remove('Via');
  return next();
}

/** A copy of what the peer has, or what it has let its client do. */
function changeFor(site: Site, exchange: Exchange, next: Next, name: ObjectName): Promise<OutgoingResponse> {
  const { headers } = exchange.request;
  switch (headers.get(ACTS_AS)) {
    case AS_GRANTED:
      return changeAsGranted(site, exchange, next, name);
    case AS_VERIFIED:
      return storeVerified(site, exchange, next, name);
    default:
      return takeCopy(site, exchange, next, name);
  }
}

/** A change comes as a record, which is merged into ours; whatever that asks for here is done. */
async function applyChange(
  site: Site,
  exchange: Exchange,
  rights: Rights,
  name: ContainerName,
  body: Buffer,
): Promise<OutgoingResponse> {
  const { headers } = exchange.request;
  const converged = await convergeContainer(site, name, {
    rights,
    incoming: parseRecord(body).desired,
    placement: splitList(headers.get(CHANGE.placement)),
    ownersKey: site.options.userSync === 'allow' ? headers.get(CHANGE.syncKey) : undefined,
  });
  if (headers.has(CHANGE.blocked)) settleAfterwards(site, name, converged.record);
  const response = answerFor(exchange, converged);
  if (converged.isUnrecorded) response.headers.set(UNRECORDED, site.clusters.mine);
  return response;
}

/** The peer holds objects of a container that is deleted: they go as well, or the container lives again. It may take long. */
function settleAfterwards(site: Site, name: ContainerName, record: Record): void {
  const { records } = site;
  if (records === undefined || lifeOf(record) !== 'deleted') return;
  const { account, container } = name;
  site.afterwards.run({ account, work: `what is left of ${container} on a peer` }, async () => {
    await settleDeletion(site, records, name, record);
  });
}

function answerFor(exchange: Exchange, { life, answer, state }: Converged): OutgoingResponse {
  if (life === 'deleted-here')
    return textAnswer(exchange, 409, 'DELETED_HERE: it was deleted here past the gateways.');
  if (answer === undefined || (life === 'delete' && answer.status === 404)) return done(state, 204);
  return withState(answer, state);
}

/** How a container takes part in container sync from now on, where it is here; its settings stay as they are. */
async function applySyncState(
  site: Site,
  exchange: Exchange,
  rights: Rights,
  name: ContainerName,
): Promise<OutgoingResponse> {
  const target = swiftTarget(name.account, name.container);
  await site.fence.load();
  const { state, answer } = await site.swift.readContainer(rights, name.account, name.container);
  if (state === undefined) return relay(answer);
  const plan = planFor(site, name, exchange.request.headers, state);
  if (plan.change.length === 0) return done(plan.state, 204);
  const headers = HeaderList.from(plan.change);
  const result = await site.swift.request(rights, { method: 'POST', target, headers });
  return isRefusedAsVersioned(result) ? done('versioned', 204) : withState(result, plan.state);
}

/** What a peer says of container sync, as far as this cluster's own copy of the container lets it. */
function planFor(site: Site, name: ContainerName, headers: HeaderList, state: ContainerState): SyncPlan {
  const { syncTo, isOurs, keepsKey, key } = syncWish(site, splitList(headers.get(CHANGE.placement)), name);
  const sent = headers.get(CHANGE.state);
  return planSync(state, {
    syncTo,
    isOurs,
    keepsKey,
    key,
    heldBack: sent === 'versioned' || sent === 'user' ? sent : undefined,
  });
}

async function applyAccount(
  site: Site,
  exchange: Exchange,
  rights: Rights,
  account: string,
  body: Buffer,
): Promise<OutgoingResponse> {
  const incoming = parseRecord(body).desired;
  const converged = await convergeAccount(site, account, { rights, incoming });
  const { answer, isUnrecorded, isGone, record } = converged;
  if (isGone && deletionOf(record) === undefined)
    return textAnswer(
      exchange,
      410,
      'ACCOUNT_GONE: it was deleted here, and Swift does not make it again yet.',
    );
  const response: OutgoingResponse =
    answer === undefined
      ? { status: 204, reason: 'No Content', headers: new HeaderList(), body: undefined }
      : relay(answer);
  if (isUnrecorded) response.headers.set(UNRECORDED, site.clusters.mine);
  return response;
}

function done(state: SyncState, status: number): OutgoingResponse {
  return { status, reason: 'No Content', headers: HeaderList.from([[CHANGE.state, state]]), body: undefined };
}

function withState(answer: ClientAnswer, state: SyncState): OutgoingResponse {
  const response = relay(answer);
  response.headers.set(CHANGE.state, state);
  return response;
}

function splitList(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
