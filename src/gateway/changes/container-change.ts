// A client's container PUT or POST: done here with the client's own rights, then what Swift holds goes to all peers.
import { HeaderList } from '../../http/headers.js';
import type { Peer } from '../../peers/peer.js';
import type { ContainerState } from '../../swift/container-state.js';
import { swiftTarget } from '../../swift/path.js';
import { namedSettings } from '../../swift/settings.js';
import { isSuccess } from '../../swift/swift-client.js';
import { planSync, type SyncPlan, type SyncState } from '../../sync/sync-plan.js';
import { audienceOf, rightsFor, syncWish, type Audience, type ContainerName, type Site } from '../site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';
import { conclude, outcomeOf, unknownOutcomes, type Outcome } from './outcome.js';
import { turnVersioningOn, wantsVersioning } from './versioning.js';

/** Headers of a change on its way to a peer; signed like all of it. */
export const CHANGE = {
  placement: 'X-Autosync-Placement',
  named: 'X-Autosync-Named',
  state: 'X-Autosync-State',
  syncKey: 'X-Autosync-Sync-Key',
} as const;

interface PeerOutcome extends Outcome {
  /** How the container takes part in container sync there. */
  readonly state: SyncState | undefined;
}

export async function changeContainer(
  site: Site,
  exchange: Exchange,
  next: Next,
  name: ContainerName,
): Promise<OutgoingResponse> {
  const named = namedSettings('container', exchange.request.headers);
  const audience = audienceOf(site, exchange);
  const rights = rightsFor(site, exchange);
  const response = wantsVersioning(exchange.request.headers)
    ? await turnVersioningOn(site, exchange, next, name)
    : await next();
  if (!isSuccess(response.status)) return response;

  // What Swift now holds, not what the client sent: Swift drops, without a word, what a client may not set.
  const { state, answer } = await site.swift.readContainer(rights, name.account, name.container);
  if (state === undefined) return unread(site, exchange, response, audience, answer.status);

  const plan = planSync(state, syncWish(site, audience.placement, name));
  const change = changeHeaders(site, audience, named, state, plan);
  const [outcomes, warning] = await Promise.all([
    Promise.all(audience.peers.map((peer) => sendChange(peer, name, change, rights))),
    setSync(site, exchange, name, plan),
  ]);
  const settled = await followPeers(site, exchange, name, state, plan, outcomes);
  if (warning !== undefined) response.headers.add('X-Autosync-Warning', warning);
  if (settled !== 'synced' && settled !== 'alone') response.headers.set(CHANGE.state, settled);
  return conclude(site, exchange, response, [...outcomes, ...unknownOutcomes(audience)]);
}

/** Reading back failed: the client has its success, the peers know nothing of it. */
function unread(
  site: Site,
  exchange: Exchange,
  response: OutgoingResponse,
  audience: Audience,
  status: number,
): OutgoingResponse {
  const detail = `the container could not be read back here (${status}): check the service user in [service]`;
  const outcomes = audience.peers.map(({ name }) => ({
    cluster: name,
    isDone: false,
    status: undefined,
    detail,
  }));
  return conclude(site, exchange, response, [...outcomes, ...unknownOutcomes(audience)]);
}

function changeHeaders(
  site: Site,
  audience: Audience,
  named: readonly string[],
  state: ContainerState,
  plan: SyncPlan,
): HeaderList {
  const headers = HeaderList.from([
    [CHANGE.placement, audience.placement.join(', ')],
    [CHANGE.state, plan.state],
    ...state.settings,
  ]);
  if (named.length > 0) headers.add(CHANGE.named, named.join(' '));
  if (state.policy !== undefined) headers.add('X-Storage-Policy', state.policy);
  const isOwnersKey =
    plan.state === 'synced' && !plan.change.some(([header]) => header === 'x-container-sync-key');
  if (site.options.userSync === 'allow' && isOwnersKey && state.syncKey !== undefined) {
    headers.add(CHANGE.syncKey, state.syncKey);
  }
  return headers;
}

async function sendChange(
  peer: Peer,
  name: ContainerName,
  change: HeaderList,
  rights: { kind: 'service' } | { kind: 'token'; token: string | undefined },
): Promise<PeerOutcome> {
  const headers = change.clone();
  if (rights.kind === 'token' && rights.token !== undefined) headers.set('X-Auth-Token', rights.token);
  const target = swiftTarget(name.account, name.container);
  const result = await peer.send({ method: 'PUT', target, headers });
  const outcome = outcomeOf(peer.name, result, (answer) => isSuccess(answer.status));
  const state =
    result.kind === 'answer' ? (result.answer.headers.get(CHANGE.state) as SyncState | undefined) : undefined;
  return { ...outcome, state };
}

/** Sets what the plan says, with service rights. Resolves with a warning for the client where that failed. */
async function setSync(
  site: Site,
  exchange: Exchange,
  name: ContainerName,
  plan: SyncPlan,
): Promise<string | undefined> {
  if (plan.change.length === 0) return undefined;
  const answer = await site.swift.request(rightsFor(site, exchange), {
    method: 'POST',
    target: swiftTarget(name.account, name.container),
    headers: HeaderList.from(plan.change),
  });
  if (isSuccess(answer.status)) return undefined;
  const reason = answer.body.toString('utf8', 0, 300).trim();
  site.log.warn(
    { txn: exchange.id, ...name, status: answer.status },
    `container sync could not be set up: ${reason}`,
  );
  return 'container sync is not set up here';
}

/** A peer on which the container is versioned, or synced by its owner, keeps it out of container sync everywhere. */
async function followPeers(
  site: Site,
  exchange: Exchange,
  name: ContainerName,
  before: ContainerState,
  plan: SyncPlan,
  outcomes: readonly PeerOutcome[],
): Promise<SyncState> {
  const heldBack = outcomes
    .map(({ state }) => state)
    .find((state) => state === 'versioned' || state === 'user');
  if (plan.state !== 'synced' || heldBack === undefined) return plan.state;
  const wish = syncWish(site, [], name);
  const now: ContainerState = {
    ...before,
    syncTo: before.syncTo ?? plan.change.find(([h]) => h === 'x-container-sync-to')?.[1],
  };
  await setSync(site, exchange, name, planSync(now, { ...wish, isOurs: () => true, heldBack }));
  return heldBack;
}
