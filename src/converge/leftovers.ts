// What peers still hold of a container that is to go: objects that were deleted here go there too, and those never seen here
// mean that someone wrote there. A tombstone never deletes an object by itself.
import { eachLimited } from '../lib/each-limited.js';
import { HeaderList } from '../http/headers.js';
import { HttpClient } from '../http/http-client.js';
import { AutosyncError } from '../lib/errors.js';
import type { Peer } from '../peers/peer.js';
import type { BaseSite, ContainerName } from '../site/site.js';
import { syncProof } from '../site/sync-proof.js';
import { encodeName, swiftTarget } from '../swift/path.js';
import { isSuccess, type Rights } from '../swift/swift-client.js';
import { formatTimestamp, parseListingTime, parseTimestamp } from '../swift/timestamp.js';
import { withToken } from './change-headers.js';
import { probeDeletion, probeObject, type DeletionAnswer } from '../sync/probe.js';
import { probeAt } from './object-member.js';

/** An object that a peer lists, with the time of its row. */
export interface Leftover {
  readonly peer: Peer;
  readonly name: string;
  /** undefined: the listing does not say in a form we know. */
  readonly ticks: bigint | undefined;
  /** Deleted on another of its clusters: may be deleted there. */
  isDeleted: boolean;
}

const CONCURRENCY = 8;
/** Swift's longest listing. */
const MAX_PAGE = 10_000;
const NOT_ASKABLE =
  'objects of peers count as not deleted here, as Swift takes no signed question about them: compare the realm key in ' +
  'container-sync-realms.conf here with that of Swift, and the container key';

/**
 * What the peer lists, up to `delete_probe_limit`; undefined where it cannot be asked, or is fenced: whether its objects were deleted
 * here cannot be known any more. Then its own DELETE will tell.
 */
export async function listLeftovers(
  site: BaseSite,
  peer: Peer,
  name: ContainerName,
  rights: Rights,
): Promise<Leftover[] | undefined> {
  if (site.fence.isFenced(peer.name)) return undefined;
  let leftovers: Leftover[] | undefined;
  const container = swiftTarget(name.account, name.container);
  const deadline = performance.now() + site.options.peerTimeoutMs;
  for (let count = 0; count < site.options.deleteProbeLimit && performance.now() < deadline;) {
    const limit = Math.min(site.options.deleteProbeLimit - count, MAX_PAGE);
    const marker = encodeName(leftovers?.at(-1)?.name ?? '');
    const target = `${container}?format=json&limit=${limit}&marker=${marker}`;
    const result = await peer.send({ method: 'GET', target, headers: withToken(rights) });
    if (result.kind === 'unreachable') break;
    if (result.answer.status === 404) return leftovers ?? [];
    if (result.answer.status !== 200) break;
    const rows = readRows(result.answer.body);
    leftovers ??= [];
    for (const { name: object, last_modified: date } of rows)
      leftovers.push({ peer, name: object, ticks: parseListingTime(date), isDeleted: false });
    count = leftovers.length;
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

/** Who says whether a leftover was deleted on another of its clusters. */
export type Judge = (leftover: Leftover) => Promise<DeletionAnswer>;

/** Asks this cluster, where its objects belong here. */
export function judgeHere(
  site: BaseSite,
  name: ContainerName,
  { key, rights }: { readonly key: string | undefined; readonly rights: Rights },
): Judge {
  return async ({ name: object, ticks }) => {
    // Without a key of container sync's there is no asking: what is on a peer counts as written there.
    if (key === undefined || ticks === undefined) return 'unknown';
    const target = swiftTarget(name.account, name.container, object);
    const proof = syncProof(site, { method: 'PUT', target, timestamp: formatTimestamp(ticks) }, key);
    if (proof === undefined) return 'unknown';
    // An object that no listing shows may be here all the same: the container's database was lost, or lags.
    return probeDeletion(
      () => probeObject(site.transport, target, proof),
      async () => !(await isMissing(site, target, key, rights)),
    );
  };
}

/** Asks the others of its clusters, where its objects do not belong here. */
export function judgeElsewhere(name: ContainerName, holders: readonly Peer[]): Judge {
  return async ({ peer, name: object, ticks }) => {
    if (ticks === undefined) return 'unknown';
    const others = holders.filter((each) => each !== peer);
    const answers = others.map((each) => probeAt(each, { ...name, object }, ticks));
    return (await Promise.all(answers)).includes('newer-here') ? 'newer-here' : 'never-here';
  };
}

/** Asks about each leftover, within `peer_timeout`. True as soon as one turns up that was never deleted. */
export async function findNeverDeleted(
  site: BaseSite,
  name: ContainerName,
  judge: Judge,
  leftovers: readonly Leftover[],
): Promise<boolean> {
  const answers = new Set<DeletionAnswer>();
  const isFound = (): boolean => [...answers].some((each) => each !== 'newer-here');
  const deadline = performance.now() + site.options.peerTimeoutMs;
  await eachLimited(
    leftovers,
    CONCURRENCY,
    async (leftover) => {
      const answer = await judge(leftover);
      leftover.isDeleted = answer === 'newer-here';
      answers.add(answer);
    },
    () => !isFound() && performance.now() < deadline,
  );
  if (answers.has('unknown')) site.log.warn({ ...name }, NOT_ASKABLE);
  return isFound();
}

async function isMissing(site: BaseSite, target: string, key: string, rights: Rights): Promise<boolean> {
  const path = `${target}?symlink=get`;
  const headers = HeaderList.from([['X-Newest', 'true']]);
  try {
    return (await site.swift.request(rights, { method: 'HEAD', target: path, headers })).status === 404;
  } catch (error) {
    if (!(error instanceof AutosyncError)) throw error;
    // Without a token, container sync's signature asks as well.
    const proof = syncProof(site, { method: 'HEAD', target, timestamp: formatTimestamp(0n) }, key);
    if (proof === undefined) throw error;
    const { peerTimeoutMs: timeoutMs } = site.options;
    const client = new HttpClient(site.transport);
    const answer = await client.request({ method: 'HEAD', target: path, headers: proof, timeoutMs });
    return answer.status === 404;
  }
}

/** Deletes what was deleted elsewhere, dated one tick after the peer's own copy, so that anything newer there stays. */
export async function deleteLeftovers(
  site: BaseSite,
  name: ContainerName,
  rights: Rights,
  leftovers: readonly Leftover[],
): Promise<void> {
  const deadline = performance.now() + site.options.peerTimeoutMs;
  await eachLimited(
    leftovers.filter((leftover) => leftover.isDeleted),
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
