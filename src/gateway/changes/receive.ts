// A peer's signed request, carried out against the local Swift: changes of accounts and containers, reads, dated object deletes.
import { HeaderList } from '../../http/headers.js';
import type { ClientAnswer } from '../../http/request-sender.js';
import type { ContainerState } from '../../swift/container-state.js';
import { swiftTarget } from '../../swift/path.js';
import { readSettings, settingsChange, type Settings } from '../../swift/settings.js';
import { isSuccess, type Rights } from '../../swift/swift-client.js';
import { planSync, type SyncPlan, type SyncState } from '../../sync/sync-plan.js';
import { relay, textAnswer } from '../answer.js';
import { syncProof } from '../doors/sync-proof.js';
import { rightsFor, syncWish, type ContainerName, type Site } from '../site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';
import { CHANGE } from './change-headers.js';
import { isRefusedAsVersioned } from './set-sync.js';

/** The request is verified, and holds nothing that was not signed. */
export async function carryOut(site: Site, exchange: Exchange, next: Next): Promise<OutgoingResponse> {
  const { path, request } = exchange;
  const rights = rightsFor(site, exchange);
  if (path.kind === 'other' || !site.options.isAccountOurs(path.account)) {
    return textAnswer(exchange, 403, 'Peers may work on the accounts of [filter:autosync] accounts only.');
  }
  if (request.method === 'GET' || request.method === 'HEAD') return readFor(site, exchange, next, rights);
  const operation = `${path.kind} ${request.method}`;
  if (path.kind === 'container' && (operation === 'container PUT' || operation === 'container POST'))
    return applyContainer(site, exchange, rights, path);
  if (path.kind === 'object' && operation === 'object DELETE') return datedDelete(site, exchange, next, path);
  if (operation === 'account POST') return applyAccount(site, exchange, rights, path.account);
  if (operation === 'container DELETE' || operation === 'account DELETE') {
    return relay(await site.swift.request(rights, { method: 'DELETE', target: request.target }));
  }
  return textAnswer(exchange, 405, `Peers do not send ${operation}.`);
}

/** Streams what Swift says, with the service user's token; a token that Swift no longer takes is renewed once. */
async function readFor(
  site: Site,
  exchange: Exchange,
  next: Next,
  rights: Rights,
): Promise<OutgoingResponse> {
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

/** A PUT makes the container where it is not; a POST, which changes no settings, leaves it at that. */
async function applyContainer(
  site: Site,
  exchange: Exchange,
  rights: Rights,
  name: ContainerName,
): Promise<OutgoingResponse> {
  const { headers, method } = exchange.request;
  const target = swiftTarget(name.account, name.container);
  const { state, answer } = await site.swift.readContainer(rights, name.account, name.container);
  if (state === undefined && (answer.status !== 404 || method === 'POST')) return relay(answer);
  const plan = planFor(site, name, headers, state);
  const wanted = readSettings('container', headers);
  if (state === undefined) {
    const change = HeaderList.from([...wanted, ...plan.change]);
    const policy = headers.get('x-storage-policy');
    if (policy !== undefined) change.add('X-Storage-Policy', policy);
    const made = await site.swift.request(rights, { method: 'PUT', target, headers: change });
    return withState(made, plan.state);
  }
  const settings = settingsChange(state.settings, wanted, splitList(headers.get(CHANGE.named), ' '));
  const post = (change: Iterable<readonly [string, string]>): Promise<ClientAnswer> =>
    site.swift.request(rights, { method: 'POST', target, headers: HeaderList.from(change) });
  const change = [...settings, ...plan.change];
  if (change.length === 0) return done(plan.state, 204);
  const result = await post(change);
  if (!isRefusedAsVersioned(result)) return withState(result, plan.state);
  return settings.length === 0 ? done('versioned', 204) : withState(await post(settings), 'versioned');
}

/** What the change says of container sync, as far as this cluster's own copy of the container lets it. */
function planFor(
  site: Site,
  name: ContainerName,
  headers: HeaderList,
  state: ContainerState | undefined,
): SyncPlan {
  const wish = syncWish(site, splitList(headers.get(CHANGE.placement)), name);
  const sent = headers.get(CHANGE.state);
  // With user_sync = allow the key there is the key here: an owner's own, or none of the owner's.
  const ownersKey = site.options.userSync === 'allow' ? headers.get(CHANGE.syncKey) : undefined;
  return planSync(state, {
    syncTo: wish.syncTo,
    isOurs: wish.isOurs,
    key: ownersKey ?? wish.key,
    heldBack: sent === 'versioned' || sent === 'user' ? sent : undefined,
  });
}

async function applyAccount(
  site: Site,
  exchange: Exchange,
  rights: Rights,
  account: string,
): Promise<OutgoingResponse> {
  const { headers } = exchange.request;
  const target = swiftTarget(account);
  const wanted: Settings = readSettings('account', headers);
  const now = await site.swift.request(rights, { method: 'HEAD', target });
  // Without account_autocreate it has to be made; with it, Swift shows an empty one and makes it at the first POST.
  const isMissing = now.status === 404;
  if (!isSuccess(now.status) && !isMissing) return relay(now);
  const current = isMissing ? new Map<string, string>() : readSettings('account', now.headers);
  const change = settingsChange(current, wanted, splitList(headers.get(CHANGE.named), ' '));
  if (change.length === 0 && !isMissing)
    return { status: 204, reason: 'No Content', headers: new HeaderList(), body: undefined };
  const method = isMissing ? 'PUT' : 'POST';
  return relay(await site.swift.request(rights, { method, target, headers: HeaderList.from(change) }));
}

/** Deletes an object as of the signed X-Timestamp, as container sync would: what is newer here stays. */
async function datedDelete(
  site: Site,
  exchange: Exchange,
  next: Next,
  name: ContainerName,
): Promise<OutgoingResponse> {
  const { request } = exchange;
  const timestamp = request.headers.get('x-timestamp');
  if (timestamp === undefined)
    return textAnswer(exchange, 400, 'An object DELETE of a peer needs X-Timestamp.');
  const { state } = await site.swift.readContainer(rightsFor(site, exchange), name.account, name.container);
  const key = state?.syncKey;
  const proof =
    key === undefined
      ? undefined
      : syncProof(site, { method: 'DELETE', target: request.target, timestamp }, key);
  if (proof === undefined)
    return textAnswer(exchange, 409, 'The container takes no part in container sync here.');
  request.headers.removeWhere((header) => header === 'x-auth-token' || header === 'x-timestamp');
  for (const [header, value] of proof) request.headers.set(header, value);
  return next();
}

function done(state: SyncState, status: number): OutgoingResponse {
  return { status, reason: 'No Content', headers: HeaderList.from([[CHANGE.state, state]]), body: undefined };
}

function withState(answer: ClientAnswer, state: SyncState): OutgoingResponse {
  const response = relay(answer);
  response.headers.set(CHANGE.state, state);
  return response;
}

function splitList(text: string | undefined, separator = ','): string[] {
  return (text ?? '')
    .split(separator)
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
