// Whether a peer has all that was written to a container here up to a time, by both clusters' listings: an object that was copied has
// the date that it has here, so equal names and dates are equal objects.
import { localSource, peerSource, type Source } from '../converge/cluster-listing.js';
import { AutosyncError } from '../lib/errors.js';
import { mergeJoin, type Sorted } from '../lib/merge-join.js';
import { compareNames } from '../lib/name-order.js';
import type { Peer } from '../peers/peer.js';
import type { BaseSite, ContainerName } from '../site/site.js';
import { encodeName, swiftTarget } from '../swift/path.js';

const PAGE = 10_000;
/** By how much Swift's clocks may be ahead of this host's. */
const CLOCK_SLACK_MS = 10_000;

/**
 * What was written later does not count: that has jobs of its own.
 *
 * @param untilMs milliseconds since 1970
 * @throws AutosyncError PEER_UNREACHABLE, SWIFT_REFUSED and what Swift's client throws; a retry may help
 */
export async function isCopied(
  site: BaseSite,
  peer: Peer,
  name: ContainerName,
  untilMs: number,
): Promise<boolean> {
  const until = new Date(untilMs + CLOCK_SLACK_MS).toISOString().slice(0, -1);
  const sides = [listObjects(localSource(site), name), listObjects(peerSource(peer), name)];
  for await (const { values } of mergeJoin(sides)) {
    const [here, there] = values;
    // Written again here since: that has a job of its own.
    if (here !== undefined && here > until) continue;
    if (here === undefined ? (there as string) <= until : there === undefined || there < here) return false;
  }
  return true;
}

/** Names with their dates (UTC, without a zone, as text of one length). */
async function* listObjects({ cluster, ask }: Source, { account, container }: ContainerName): Sorted<string> {
  for (let marker = ''; ;) {
    const query = `?format=json&limit=${PAGE}&marker=${encodeName(marker)}`;
    const { status, reason, body } = await ask('GET', swiftTarget(account, container) + query);
    if (status === 404 || status === 204) return;
    if (status !== 200)
      throw new AutosyncError('SWIFT_REFUSED', `${cluster}: a listing: ${status} ${reason}.`);
    const rows = JSON.parse(body.toString('utf8')) as { name: string; last_modified: string }[];
    rows.sort((a, b) => compareNames(a.name, b.name));
    for (const { name, last_modified: date } of rows) yield [name, date];
    const last = rows.at(-1)?.name;
    if (last === undefined || rows.length < PAGE) return;
    marker = last;
  }
}
