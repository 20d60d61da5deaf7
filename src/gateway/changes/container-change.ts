// A client's container PUT or POST: done here with the client's own rights, then what Swift holds goes to all peers.
import { HeaderList } from '../../http/headers.js';
import type { Peer } from '../../peers/peer.js';
import type { ContainerState } from '../../swift/container-state.js';
import type { ClientAnswer } from '../../http/request-sender.js';
import { EMPTY, type Record } from '../../records/record.js';
import { recordContainer, type ContainerChange } from '../../records/client-change.js';
import type { Version } from '../../records/version.js';
import { namedSettings } from '../../swift/settings.js';
import { isSuccess, type Rights } from '../../swift/swift-client.js';
import { planSync, SYNC_REMOVAL, type SyncPlan, type SyncState } from '../../sync/sync-plan.js';
import { audienceOf, rightsFor, type Site } from '../site.js';
import { syncWish, type Audience, type ContainerName } from '../../site/site.js';
import type { Exchange, IncomingRequest, Next, OutgoingResponse } from '../station.js';
import { CHANGE } from '../../converge/change-headers.js';
import { notePending } from '../../converge/notes.js';
import { tellPeer } from '../../converge/tell-peer.js';
import { noteAccount } from './account-record.js';
import { passChange } from './create-synced.js';
import { takenBySwift } from './dropped.js';
import { askWhoHoldsBack, tellSyncState } from './hold-back.js';
import { followUp, nobodyHeard, outcomeOf, type Outcome } from './outcome.js';
import { startRecording, UNRECORDED } from './recording.js';
import { setSync } from './set-sync.js';
import { concernsVersioning, passVersioning } from './versioning.js';

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
  const { headers } = exchange.request;
  const named = namedSettings('container', headers);
  const audience = audienceOf(site, exchange);
  const rights = rightsFor(site, exchange);
  await site.fence.load();
  const response = concernsVersioning(headers)
    ? await passVersioning(site, exchange, next, name)
    : await passChange(site, exchange, next, name, audience);
  if (!isSuccess(response.status)) return response;
  const isNew = response.status === 201;
  const madeAt = isNew ? (await site.records?.clock())?.next() : undefined;
  const done = { site, request: exchange.request, name, audience, named, rights, isNew, madeAt };
  return followUp(site, exchange, response, audience, () => tellPeers(done, response.headers));
}

/** A change that the local Swift has done. */
interface Done {
  readonly site: Site;
  readonly request: IncomingRequest;
  readonly name: ContainerName;
  readonly audience: Audience;
  /** The container was not here before. */
  readonly isNew: boolean;
  /** See ContainerChange. */
  readonly madeAt?: Version | undefined;
  /** The settings that the client's request names. */
  readonly named: readonly string[];
  readonly rights: Rights;
}

/** A container that came to be here by something else than a PUT of its own. */
export async function followMade(made: Omit<Done, 'isNew' | 'named'>): Promise<void> {
  await tellPeers({ ...made, named: [], isNew: true }, new HeaderList());
}

/** What the local Swift holds after the change. */
interface Held {
  readonly answer: ClientAnswer;
  /** Undefined where Swift does not say, or where the container is gone again. */
  readonly change: (ContainerChange & { readonly plan: SyncPlan }) | undefined;
}

/** Not what the client sent: Swift drops, without a word, what a client may not set. */
async function readBack(done: Done): Promise<Held> {
  const { site, request, name, audience, rights, isNew, madeAt } = done;
  const { state, answer } = await site.swift.readContainer(rights, name.account, name.container);
  if (state === undefined) return { answer, change: undefined };
  const plan = await planHere(done, state);
  const change = {
    plan,
    state,
    createdMs: 1000 * Number(answer.headers.get('x-timestamp') ?? 0),
    ...(await takenBySwift(site, request, name, done.named, state)),
    isNew,
    madeAt,
    placement: audience.placement,
    heldBack: plan.state === 'versioned' || plan.state === 'user' ? plan.state : ('' as const),
  };
  return { answer, change };
}

async function tellPeers(done: Done, answerHeaders: HeaderList): Promise<readonly Outcome[]> {
  const { site, name, audience, rights } = done;
  // The record is read while Swift is asked.
  const holding = readBack(done);
  const [{ answer, change }, recording] = await Promise.all([
    holding,
    startRecording(site, name, async (current, clock, isRead) => {
      const held = await holding;
      if (held.change === undefined) return EMPTY;
      // What it had before may have been recorded as newer elsewhere: undated, it loses to whatever was.
      return recordContainer(current, isRead ? held.change : { ...held.change, createdMs: 0 }, clock);
    }),
  ]);
  // Deleted again meanwhile: whoever did that tells the peers.
  if (answer.status === 404) return [];
  if (change === undefined) {
    answerHeaders.set(UNRECORDED, site.clusters.mine);
    const detail = `the container could not be read back here (${answer.status}): check the service user in [service]`;
    return nobodyHeard(audience, detail);
  }
  const { plan, state } = change;
  const [outcomes, result, isKept] = await Promise.all([
    Promise.all(audience.peers.map((peer) => sendChange(done, peer, recording.record, plan.ownersKey ?? ''))),
    setSync(site, rights, name, plan.change),
    recording.isKept,
    noteAccount(site, name.account),
  ]);
  if (!isKept) answerHeaders.set(UNRECORDED, site.clusters.mine);
  await notePending(site, name, recording.record, outcomes);
  const settled = await followPeers(done, plan, outcomes);
  if (result === 'failed') answerHeaders.add('X-Autosync-Warning', 'container sync is not set up here');
  if (settled === 'versioned' && !state.isVersioned) answerHeaders.add('X-Autosync-Warning', VERSIONED_ONCE);
  if (settled !== 'synced' && settled !== 'alone') answerHeaders.set(CHANGE.state, settled);
  return outcomes;
}

const VERSIONED_ONCE =
  'objects stay where they are written: a cluster keeps versions of this container, or once did by X-Versions-Enabled, ' +
  'after which Swift syncs it only when it is deleted and made again';

/**
 * What is to be done about container sync here. A container that was here before and is not synced may be kept out of
 * container sync by a peer, or by Swift: that is found out before anybody is told to sync it.
 */
async function planHere(
  { site, name, audience, rights, isNew }: Done,
  state: ContainerState,
): Promise<SyncPlan> {
  const wish = syncWish(site, audience.placement, name);
  const plan = planSync(state, wish);
  if (isNew || plan.state !== 'synced' || state.syncTo !== undefined) return plan;
  const heldBack = await askWhoHoldsBack(site, audience, name, rights);
  if (heldBack !== undefined) return planSync(state, { ...wish, heldBack });
  if (!state.hasVersionsHeader) return plan;
  const result = await setSync(site, rights, name, plan.change);
  if (result === 'versioned') return { state: 'versioned', change: [] };
  return result === 'failed' ? plan : { ...plan, change: [] };
}

async function sendChange(
  { name, rights }: Done,
  peer: Peer,
  record: Record,
  ownersKey: string,
): Promise<PeerOutcome> {
  const told = await tellPeer(peer, name, record, rights, { ownersKey });
  return { ...outcomeOf(peer.name, told), state: told.state };
}

/** A peer on which the container is versioned, or synced by its owner, keeps it out of container sync everywhere. */
async function followPeers(
  { site, name, audience, rights }: Done,
  plan: SyncPlan,
  outcomes: readonly PeerOutcome[],
): Promise<SyncState> {
  const heldBack = outcomes
    .map(({ state }) => state)
    .find((state) => state === 'versioned' || state === 'user');
  if (plan.state !== 'synced' || heldBack === undefined) return plan.state;
  const misled = audience.peers.filter((_, index) => outcomes[index]?.state === 'synced');
  await Promise.all([
    setSync(site, rights, name, SYNC_REMOVAL),
    tellSyncState(misled, audience.placement, name, heldBack, rights),
  ]);
  return heldBack;
}
