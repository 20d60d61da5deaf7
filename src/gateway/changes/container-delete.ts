// A client's container DELETE. A container may go only when it is empty on every cluster that can be reached: objects that
// a peer still holds and that were deleted here are deleted there too; objects never seen here mean that someone wrote there.
import {
  deleteLeftovers,
  findNeverDeleted,
  judgeElsewhere,
  judgeHere,
  listLeftovers,
} from '../../converge/leftovers.js';
import { notePending } from '../../converge/notes.js';
import { tellPeer } from '../../converge/tell-peer.js';
import { AutosyncError } from '../../lib/errors.js';
import { recordLife } from '../../records/client-change.js';
import { EMPTY, lifeBeforeIntent, lifeOf, type Life } from '../../records/record.js';
import { audienceFor, type Audience, type ContainerName } from '../../site/site.js';
import { isSuccess, type Rights } from '../../swift/swift-client.js';
import { containerSyncKey } from '../../sync/key.js';
import { errorAnswer, notKnown, relay, textAnswer } from '../answer.js';
import { audienceOf, rightsFor, type Site } from '../site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';
import { followUp, outcomeOf, reasonOf } from './outcome.js';
import { askWhetherClientMay } from './permission.js';
import { startRecording, UNRECORDED, type Recording } from './recording.js';

const CONFLICT =
  'There was a conflict when trying to complete your request: another cluster holds objects of this container that have not arrived here.';

export async function deleteContainer(
  site: Site,
  exchange: Exchange,
  next: Next,
  name: ContainerName,
): Promise<OutgoingResponse> {
  const audience = audienceOf(site, exchange);
  const rights = rightsFor(site, exchange);
  await site.fence.load();
  const [here, ...lists] = await Promise.all([
    readHere(site, rights, name),
    ...audience.peers.map((peer) => listLeftovers(site, peer, name, rights)),
  ]);
  const leftovers = lists.flatMap((list) => list ?? []);
  const holders = audienceFor(site, audience.placement).peers;
  const belongsHere = audience.placement.some((each) => site.clusters.isMine(each));
  if (here.mayBeEmpty) {
    if (leftovers.length > 0 || site.records !== undefined) {
      const mayChange = await askWhetherClientMay(site, exchange.request, name).catch(asSwiftsTrouble);
      if (!isSuccess(mayChange.status)) return relay(mayChange);
    }
    if (!belongsHere && !holders.some((peer) => lists[audience.peers.indexOf(peer)] !== undefined))
      return notKnown(
        exchange,
        holders.map((peer) => peer.name),
      );
    const judge = belongsHere
      ? judgeHere(site, name, { key: here.syncKey, rights })
      : judgeElsewhere(name, holders);
    if (leftovers.length > 0 && (await findNeverDeleted(site, name, judge, leftovers)))
      return textAnswer(exchange, 409, CONFLICT);
    if (!(await recordIntent(site, name, audience, rights))) return errorAnswer(exchange, NOWHERE_KEPT);
  }
  const response = await next();
  if (!isSuccess(response.status)) {
    if (here.mayBeEmpty && response.status !== 404) await withdraw(site, name);
    return response;
  }
  return followUp(site, exchange, response, audience, async () => {
    const tombstone = await startLife(site, name, 'deleted');
    const outcomes = await Promise.all(
      audience.peers.map(async (peer) => {
        const there = leftovers.filter((leftover) => leftover.peer === peer);
        await deleteLeftovers(site, name, rights, there);
        return outcomeOf(peer.name, await tellPeer(peer, name, tombstone.record, rights));
      }),
    );
    if (!(await tombstone.isKept)) response.headers.set(UNRECORDED, site.clusters.mine);
    await notePending(site, name, tombstone.record, outcomes);
    return outcomes;
  });
}

const NOWHERE_KEPT = new AutosyncError(
  'RECORDS_UNAVAILABLE',
  'No cluster could keep that the container is to be deleted, so nothing was deleted.',
);

interface Here {
  /** Whether Swift may take the DELETE: where it surely refuses, nothing has to be looked into. */
  readonly mayBeEmpty: boolean;
  /** The container's key, with which objects can be asked for. */
  readonly syncKey: string | undefined;
}

/** Where the container cannot be read, it is taken to be empty, with the key that it should have. */
async function readHere(site: Site, rights: Rights, name: ContainerName): Promise<Here> {
  const ourKey = containerSyncKey(site.secrets.get().current, name.account, name.container);
  try {
    const { state, answer } = await site.swift.readContainer(rights, name.account, name.container);
    if (state !== undefined) return { mayBeEmpty: state.objectCount === 0, syncKey: state.syncKey };
    return { mayBeEmpty: answer.status !== 404, syncKey: ourKey };
  } catch (error) {
    site.log.warn({ ...name }, `a container to be deleted could not be read: ${reasonOf(error)}`);
    return { mayBeEmpty: true, syncKey: ourKey };
  }
}

/** Nothing was deleted, and nothing may be unrecorded: the local Swift is down, as it is for whatever goes there as it came. */
function asSwiftsTrouble(error: unknown): never {
  if (!(error instanceof AutosyncError)) throw error;
  const { code, detail } = error;
  if (code !== 'TIMEOUT' && code !== 'CONNECTION_FAILED') throw error;
  throw new AutosyncError(code === 'TIMEOUT' ? 'UPSTREAM_TIMEOUT' : 'UPSTREAM_DOWN', detail, {
    cause: error,
  });
}

function startLife(site: Site, name: ContainerName, life: Life): Promise<Recording> {
  return startRecording(site, name, (current, clock) => recordLife(current, life, clock));
}

/**
 * Keeps the intent before anything is deleted: here, or where that fails with a peer. Else a deletion might happen that no
 * cluster knows of, and the container would come back. Where a tombstone stands it says so already, and an intent that is newer
 * than a PUT on another cluster would take that one's word away.
 *
 * @returns whether anybody keeps it
 */
async function recordIntent(
  site: Site,
  name: ContainerName,
  audience: Audience,
  rights: Rights,
): Promise<boolean> {
  if (site.records === undefined) return true;
  const intent = await startRecording(site, name, (current, clock) =>
    lifeOf(current) === 'deleted' ? EMPTY : recordLife(current, 'deleting', clock),
  );
  if (await intent.isKept) return true;
  const elsewhere = await Promise.all(
    audience.peers.map(async (peer) => {
      const { result } = await tellPeer(peer, name, intent.record, rights);
      return (
        result.kind === 'answer' && isSuccess(result.answer.status) && !result.answer.headers.has(UNRECORDED)
      );
    }),
  );
  return elsewhere.includes(true);
}

/** Swift did not delete it: what was meant is no longer, unless somebody has said something newer. */
async function withdraw(site: Site, name: ContainerName): Promise<void> {
  if (site.records === undefined) return;
  const withdrawal = await startRecording(site, name, (current, clock) =>
    lifeOf(current) === 'deleting' ? recordLife(current, lifeBeforeIntent(current), clock) : EMPTY,
  );
  await withdrawal.isKept;
}
