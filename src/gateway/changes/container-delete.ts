// A client's container DELETE. A container may go only when it is empty on every cluster that can be reached: objects that
// a peer still holds and that were deleted here are deleted there too; objects never seen here mean that someone wrote there.
import { HeaderList } from '../../http/headers.js';
import { eachLimited } from '../../lib/each-limited.js';
import type { Peer } from '../../peers/peer.js';
import type { ContainerState } from '../../swift/container-state.js';
import { swiftTarget } from '../../swift/path.js';
import { isSuccess, type Rights } from '../../swift/swift-client.js';
import { formatTimestamp, parseListingTime, parseTimestamp } from '../../swift/timestamp.js';
import { probeObject } from '../../sync/probe.js';
import { relay, textAnswer } from '../answer.js';
import { syncProof } from '../doors/sync-proof.js';
import { audienceOf, rightsFor, type ContainerName, type Site } from '../site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';
import { conclude, outcomeOf, unknownOutcomes, type Outcome } from './outcome.js';
import { askWhetherClientMay } from './permission.js';

/** An object that a peer lists, with the time of its row. */
interface Leftover {
  readonly peer: Peer;
  readonly name: string;
  readonly ticks: bigint;
  /** Deleted here: may be deleted there. */
  isDeletedHere: boolean;
}

const CONCURRENCY = 8;
const CONFLICT =
  'There was a conflict when trying to complete your request: another cluster holds objects of this container.';

export async function deleteContainer(
  site: Site,
  exchange: Exchange,
  next: Next,
  name: ContainerName,
): Promise<OutgoingResponse> {
  const audience = audienceOf(site, exchange);
  const rights = rightsFor(site, exchange);
  const [{ state }, ...lists] = await Promise.all([
    site.swift.readContainer(rights, name.account, name.container),
    ...audience.peers.map((peer) => listLeftovers(site, peer, name, rights)),
  ]);
  const leftovers = lists.flat();
  if (state !== undefined && leftovers.length > 0) {
    const isWrittenElsewhere = await findNeverSeen(site, name, state, leftovers);
    if (isWrittenElsewhere) {
      const mayChange = await askWhetherClientMay(site, exchange.request, name);
      return isSuccess(mayChange.status) ? textAnswer(exchange, 409, CONFLICT) : relay(mayChange);
    }
  }
  const response = await next();
  if (!isSuccess(response.status)) return response;
  const outcomes = await Promise.all(
    audience.peers.map(async (peer) => {
      await deleteLeftovers(
        site,
        name,
        rights,
        leftovers.filter((leftover) => leftover.peer === peer),
      );
      return deleteAt(peer, name, rights);
    }),
  );
  return conclude(site, exchange, response, [...outcomes, ...unknownOutcomes(audience)]);
}

/** What the peer lists, up to `delete_probe_limit`; nothing where it cannot be asked: then its own DELETE will tell. */
async function listLeftovers(
  site: Site,
  peer: Peer,
  name: ContainerName,
  rights: Rights,
): Promise<Leftover[]> {
  const leftovers: Leftover[] = [];
  const limit = site.options.deleteProbeLimit;
  const target = `${swiftTarget(name.account, name.container)}?format=json&limit=${Math.min(limit, 10_000)}`;
  const result = await peer.send({ method: 'GET', target, headers: tokenHeader(rights) });
  if (result.kind === 'unreachable' || result.answer.status !== 200) return leftovers;
  const rows = JSON.parse(result.answer.body.toString('utf8')) as { name?: string; last_modified?: string }[];
  for (const row of rows) {
    const ticks = parseListingTime(row.last_modified ?? '');
    if (row.name !== undefined && ticks !== undefined) {
      leftovers.push({ peer, name: row.name, ticks, isDeletedHere: false });
    }
  }
  return leftovers;
}

/** Probes each leftover here, within `peer_timeout`. True as soon as one turns up that was never seen here. */
async function findNeverSeen(
  site: Site,
  name: ContainerName,
  state: ContainerState,
  leftovers: readonly Leftover[],
): Promise<boolean> {
  const key = state.syncKey;
  // Without a key of container sync's there is no asking: what is on a peer counts as written there.
  if (key === undefined) return true;
  let isFound = false;
  const deadline = performance.now() + site.options.peerTimeoutMs;
  await eachLimited(
    leftovers,
    CONCURRENCY,
    async (leftover) => {
      const target = swiftTarget(name.account, name.container, leftover.name);
      const proof = syncProof(
        site,
        { method: 'PUT', target, timestamp: formatTimestamp(leftover.ticks) },
        key,
      );
      const answer = proof === undefined ? 'unknown' : await probeObject(site.transport, target, proof);
      leftover.isDeletedHere = answer === 'newer-here';
      isFound ||= answer !== 'newer-here';
    },
    () => !isFound && performance.now() < deadline,
  );
  return isFound;
}

/** Deletes what was deleted here, dated one tick after the peer's own copy, so that anything newer there stays. */
async function deleteLeftovers(
  site: Site,
  name: ContainerName,
  rights: Rights,
  leftovers: readonly Leftover[],
): Promise<void> {
  const deadline = performance.now() + site.options.peerTimeoutMs;
  await eachLimited(
    leftovers.filter((leftover) => leftover.isDeletedHere),
    CONCURRENCY,
    async ({ peer, name: object, ticks }) => {
      const target = swiftTarget(name.account, name.container, object);
      const head = await peer.send({
        method: 'HEAD',
        target: `${target}?symlink=get`,
        headers: tokenHeader(rights),
      });
      if (head.kind === 'unreachable' || !isSuccess(head.answer.status)) return;
      const held = parseTimestamp(head.answer.headers.get('x-timestamp') ?? '');
      if (held === undefined || held > ticks) return;
      const headers = tokenHeader(rights).set('X-Timestamp', formatTimestamp(held + 1n));
      await peer.send({ method: 'DELETE', target, headers });
    },
    () => performance.now() < deadline,
  );
}

async function deleteAt(peer: Peer, name: ContainerName, rights: Rights): Promise<Outcome> {
  const target = swiftTarget(name.account, name.container);
  const result = await peer.send({ method: 'DELETE', target, headers: tokenHeader(rights) });
  return outcomeOf(peer.name, result, ({ status }) => isSuccess(status) || status === 404);
}

function tokenHeader(rights: Rights): HeaderList {
  const headers = new HeaderList();
  if (rights.kind === 'token' && rights.token !== undefined) headers.set('X-Auth-Token', rights.token);
  return headers;
}
