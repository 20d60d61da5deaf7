// A client's container DELETE. A container may go only when it is empty on every cluster that can be reached: objects that
// a peer still holds and that were deleted here are deleted there too; objects never seen here mean that someone wrote there.
import { eachLimited } from '../../lib/each-limited.js';
import type { Peer } from '../../peers/peer.js';
import { encodeName, swiftTarget } from '../../swift/path.js';
import { isSuccess, type Rights } from '../../swift/swift-client.js';
import { formatTimestamp, parseListingTime, parseTimestamp } from '../../swift/timestamp.js';
import { containerSyncKey } from '../../sync/key.js';
import { probeObject, type ProbeAnswer } from '../../sync/probe.js';
import { relay, textAnswer } from '../answer.js';
import { syncProof } from '../doors/sync-proof.js';
import { audienceOf, rightsFor, type ContainerName, type Site } from '../site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';
import { withToken } from './change-headers.js';
import { followUp, outcomeOf, reasonOf, type Outcome } from './outcome.js';
import { askWhetherClientMay } from './permission.js';

/** An object that a peer lists, with the time of its row. */
interface Leftover {
  readonly peer: Peer;
  readonly name: string;
  /** undefined: the listing does not say in a form we know. */
  readonly ticks: bigint | undefined;
  /** Deleted here: may be deleted there. */
  isDeletedHere: boolean;
}

const CONCURRENCY = 8;
/** Swift's longest listing. */
const MAX_PAGE = 10_000;
const CONFLICT =
  'There was a conflict when trying to complete your request: another cluster holds objects of this container that have not arrived here.';

const NOT_ASKABLE =
  'objects of peers count as not deleted here, as Swift takes no signed question about them: compare the realm key in ' +
  'container-sync-realms.conf here with that of Swift, and the container key';

export async function deleteContainer(
  site: Site,
  exchange: Exchange,
  next: Next,
  name: ContainerName,
): Promise<OutgoingResponse> {
  const audience = audienceOf(site, exchange);
  const rights = rightsFor(site, exchange);
  const [here, ...lists] = await Promise.all([
    readHere(site, rights, name),
    ...audience.peers.map((peer) => listLeftovers(site, peer, name, rights)),
  ]);
  const leftovers = lists.flat();
  if (here.mayBeEmpty && leftovers.length > 0) {
    const mayChange = await askWhetherClientMay(site, exchange.request, name);
    if (!isSuccess(mayChange.status)) return relay(mayChange);
    if (await findNeverSeen(site, name, here.syncKey, leftovers)) return textAnswer(exchange, 409, CONFLICT);
  }
  const response = await next();
  if (!isSuccess(response.status)) return response;
  return followUp(site, exchange, response, audience, () =>
    Promise.all(
      audience.peers.map(async (peer) => {
        const there = leftovers.filter((leftover) => leftover.peer === peer);
        await deleteLeftovers(site, name, rights, there);
        return deleteAt(peer, name, rights);
      }),
    ),
  );
}

interface Here {
  /** Whether Swift may take the DELETE: where it surely refuses, the peers' objects need no looking into. */
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

/** What the peer lists, up to `delete_probe_limit`; nothing where it cannot be asked: then its own DELETE will tell. */
async function listLeftovers(
  site: Site,
  peer: Peer,
  name: ContainerName,
  rights: Rights,
): Promise<Leftover[]> {
  const leftovers: Leftover[] = [];
  const container = swiftTarget(name.account, name.container);
  const deadline = performance.now() + site.options.peerTimeoutMs;
  while (leftovers.length < site.options.deleteProbeLimit && performance.now() < deadline) {
    const limit = Math.min(site.options.deleteProbeLimit - leftovers.length, MAX_PAGE);
    const marker = encodeName(leftovers.at(-1)?.name ?? '');
    const target = `${container}?format=json&limit=${limit}&marker=${marker}`;
    const result = await peer.send({ method: 'GET', target, headers: withToken(rights) });
    if (result.kind === 'unreachable' || result.answer.status !== 200) break;
    const rows = readRows(result.answer.body);
    for (const { name: object, last_modified: date } of rows) {
      leftovers.push({ peer, name: object, ticks: parseListingTime(date), isDeletedHere: false });
    }
    if (rows.length < limit) break;
  }
  return leftovers;
}

interface Row {
  readonly name: string;
  readonly last_modified: string;
}

function readRows(body: Buffer): readonly Row[] {
  try {
    return JSON.parse(body.toString('utf8')) as Row[];
  } catch {
    return [];
  }
}

/** Probes each leftover here, within `peer_timeout`. True as soon as one turns up that was never seen here. */
async function findNeverSeen(
  site: Site,
  name: ContainerName,
  key: string | undefined,
  leftovers: readonly Leftover[],
): Promise<boolean> {
  // Without a key of container sync's there is no asking: what is on a peer counts as written there.
  if (key === undefined) return true;
  const answers = new Set<ProbeAnswer>();
  const isFound = (): boolean => answers.has('never-here') || answers.has('unknown');
  const deadline = performance.now() + site.options.peerTimeoutMs;
  await eachLimited(
    leftovers,
    CONCURRENCY,
    async (leftover) => {
      const target = swiftTarget(name.account, name.container, leftover.name);
      const timestamp = formatTimestamp(leftover.ticks ?? 0n);
      const proof = syncProof(site, { method: 'PUT', target, timestamp }, key);
      const isAskable = proof !== undefined && leftover.ticks !== undefined;
      const answer = isAskable ? await probeObject(site.transport, target, proof) : 'unknown';
      leftover.isDeletedHere = answer === 'newer-here';
      answers.add(answer);
    },
    () => !isFound() && performance.now() < deadline,
  );
  if (answers.has('unknown')) site.log.warn({ ...name }, NOT_ASKABLE);
  return isFound();
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
        headers: withToken(rights),
      });
      if (head.kind === 'unreachable' || !isSuccess(head.answer.status)) return;
      const held = parseTimestamp(head.answer.headers.get('x-timestamp') ?? '');
      if (held === undefined || ticks === undefined || held > ticks) return;
      const headers = withToken(rights).set('X-Timestamp', formatTimestamp(held + 1n));
      await peer.send({ method: 'DELETE', target, headers });
    },
    () => performance.now() < deadline,
  );
}

async function deleteAt(peer: Peer, name: ContainerName, rights: Rights): Promise<Outcome> {
  const target = swiftTarget(name.account, name.container);
  const result = await peer.send({ method: 'DELETE', target, headers: withToken(rights) });
  return outcomeOf(peer.name, result, ({ status }) => isSuccess(status) || status === 404);
}
