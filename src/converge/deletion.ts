// Finishes the deletion of a container that was deleted here while peers could not be asked, or hold objects of it still.
// Objects that were deleted here are deleted there as well; one that was never seen here makes the container live again.
import { AutosyncError } from '../lib/errors.js';
import { Turns } from '../lib/turns.js';
import { recordLife } from '../records/client-change.js';
import { DESIRED, lifeOf, settingsOf, type Life, type Record } from '../records/record.js';
import { hashOf, newestVersion, register, type Register } from '../records/register.js';
import type { Keeper } from '../records/keeper.js';
import { versionMs } from '../records/version.js';
import type { Peer } from '../peers/peer.js';
import type { BaseSite, ContainerName } from '../site/site.js';
import { audienceFor, audienceForContainer, syncWish } from '../site/site.js';
import { swiftTarget } from '../swift/path.js';
import { isSuccess } from '../swift/swift-client.js';
import { timestampMs } from '../swift/timestamp.js';
import { convergeContainer } from './container.js';
import { deleteLeftovers, findNeverDeleted, judgeHere, listLeftovers, type Leftover } from './leftovers.js';
import { notePending } from './notes.js';
import { makeContainer } from './policy.js';
import { tellPeer, toldDetail, type TellOptions } from './tell-peer.js';
import { placementFor } from '../site/placement.js';

const SERVICE = { kind: 'service' } as const;

const turns = new WeakMap<Keeper, Turns>();

export interface Settled {
  /** `deleted`: gone here, and from every peer that could be asked; `present`: a peer holds objects that were not deleted here; it is made again. */
  readonly life: Life;
  /** Peers that are to be told again. */
  readonly behind: readonly string[];
}

/**
 * The container is not here, and its record says `present` (somebody deleted it past the gateways) or `deleted`.
 *
 * @throws AutosyncError what Swift's client and the keeper throw; a retry helps
 */
export async function settleDeletion(
  site: BaseSite,
  records: Keeper,
  name: ContainerName,
  record: Record,
): Promise<Settled> {
  const own = turns.get(records) ?? new Turns();
  turns.set(records, own);
  // Two at once would take the container away from under each other's probes.
  return own.take(`${name.account}/${name.container}`, async (hasWaited) => {
    const now = hasWaited ? await records.read(name) : record;
    if (isMadeSince(record, now)) return { life: 'present', behind: [] };
    return settle(site, records, name, now);
  });
}

async function settle(
  site: BaseSite,
  records: Keeper,
  name: ContainerName,
  record: Record,
): Promise<Settled> {
  const placement = placementFor(site, name, record);
  const { peers } = audienceForContainer(site, placement);
  const holders = audienceFor(site, placement).peers;
  const belongsHere = placement.some((each) => site.clusters.isMine(each));
  // What was deleted here, and what never was, cannot be told apart any more.
  if (site.fence.isFenced(site.clusters.mine))
    return { life: 'deleted', behind: peers.map((peer) => peer.name) };
  const lists = await Promise.all(peers.map((peer) => listLeftovers(site, peer, name, SERVICE)));
  const leftovers = lists.flatMap((list) => list ?? []);
  // Only the clusters that its objects belong on can tell what was deleted.
  if (leftovers.length > 0 && !belongsHere && lifeOf(record) === 'deleted')
    return { life: 'deleted', behind: await tellAll(site, name, record, holders, { isBlocked: true }) };
  const isAlive =
    (leftovers.length > 0 && (await isAnyNeverSeen(site, records, name, record, leftovers))) ||
    (belongsHere && holders.length === 0 && (await holdsObjects(site, name)));
  if (isAlive) {
    await tellAll(site, name, await setLife(records, name, 'present'), peers);
    await convergeContainer(site, name, { rights: SERVICE });
    return { life: 'present', behind: [] };
  }
  await deleteLeftovers(site, name, SERVICE, leftovers);
  if (leftovers.length > 0 && isMadeSince(record, await records.read(name))) {
    // By a client, while the container was here for our questions only; it has gone with that.
    await convergeContainer(site, name, { rights: SERVICE });
    return { life: 'present', behind: [] };
  }
  const tombstone = lifeOf(record) === 'deleted' ? record : await setLife(records, name, 'deleted');
  return { life: 'deleted', behind: await tellAll(site, name, tombstone, peers) };
}

/**
 * Whether it may be of a time when clusters kept what was written there to themselves (it was versioned on one, or synced by its owner):
 * then a deletion here, though later, was not of that object.
 */
function isOfItsOwn(site: BaseSite, { desired }: Record, { ticks }: Leftover): boolean {
  const heldBack = desired.get(DESIRED.heldBack);
  if (heldBack === undefined || heldBack.value === '') return false;
  if (ticks === undefined) return true;
  return timestampMs(ticks) >= versionMs(heldBack.version) - site.options.maxClockSkewMs;
}

function isMadeSince(then: Record, now: Record): boolean {
  const [before, after] = [then, now].map(({ desired }) => desired.get(DESIRED.life));
  return after?.value === 'present' && after.version > (before?.version ?? '');
}

/** The names of those that did not take it, who are told again. */
async function tellAll(
  site: BaseSite,
  name: ContainerName,
  record: Record,
  peers: readonly Peer[],
  options: TellOptions = {},
): Promise<string[]> {
  const outcomes = await Promise.all(
    peers.map(async (peer) => {
      const told = await tellPeer(peer, name, record, SERVICE, options);
      return { cluster: peer.name, isDone: told.isDone, detail: toldDetail(told) };
    }),
  );
  await notePending(site, name, record, outcomes);
  return outcomes.filter(({ isDone }) => !isDone).map(({ cluster }) => cluster);
}

/** No other cluster can have deleted what the only one of its placement still has. */
async function holdsObjects(site: BaseSite, { account, container }: ContainerName): Promise<boolean> {
  const { state } = await site.swift.readContainer(SERVICE, account, container);
  return state !== undefined && state.objectCount > 0;
}

export async function setLife(records: Keeper, name: ContainerName, life: Life): Promise<Record> {
  const clock = await records.clock();
  return records.change(name, (current) => recordLife(current, life, clock));
}

/** Swift answers the probe only while the container is there: it is made again for that, with the same policy and key. */
async function isAnyNeverSeen(
  site: BaseSite,
  records: Keeper,
  name: ContainerName,
  record: Record,
  leftovers: readonly Leftover[],
): Promise<boolean> {
  const target = swiftTarget(name.account, name.container);
  const { key } = syncWish(site, [], name);
  await noteTemporary(records, name);
  const made = await makeContainer(site, SERVICE, name, record, [['X-Container-Sync-Key', key]]);
  if (!isSuccess(made.status))
    throw new AutosyncError('SWIFT_REFUSED', `PUT of a container, to ask for its objects: ${made.status}.`);
  const judge = judgeHere(site, name, { key, rights: SERVICE });
  const isFound =
    leftovers.some((leftover) => isOfItsOwn(site, record, leftover)) ||
    (await findNeverDeleted(site, name, judge, leftovers));
  if (!isFound) await site.swift.request(SERVICE, { method: 'DELETE', target });
  else if (await isTakenAway(site, name))
    throw new AutosyncError('SWIFT_REFUSED', 'The container was deleted while its objects were asked for.');
  return isFound;
}

/** Another process of this cluster, which asked the same, has deleted it again: what Swift answered since says nothing of the objects. */
async function isTakenAway(site: BaseSite, { account, container }: ContainerName): Promise<boolean> {
  return (await site.swift.readContainer(SERVICE, account, container)).answer.status === 404;
}

/** So that, should we die here, neither the container made for the probe nor its lack of settings is taken for somebody's doing. */
async function noteTemporary(records: Keeper, name: ContainerName): Promise<void> {
  const clock = await records.clock();
  await records.change(name, ({ desired, seen }) => {
    const version = clock.next(newestVersion(desired, seen));
    const bare = [...settingsOf('container', desired).keys()].map(
      (setting) => [setting, register(hashOf(''), version)] as const,
    );
    return {
      seen: new Map<string, Register>([[DESIRED.life, register(hashOf('present'), version)], ...bare]),
    };
  });
}
