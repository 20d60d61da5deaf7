// Another cluster's change of an object that a client has changed here since, though by its date Swift would take it.
import { isNewerHere, localMember, peerMember } from '../../converge/object-member.js';
import { RAW, readObjectState, type ObjectName } from '../../copy/local-object.js';
import { whoseBytesAreNewer, type Newer } from '../../copy/newer-bytes.js';
import { HeaderList } from '../../http/headers.js';
import { AutosyncError } from '../../lib/errors.js';
import type { Peer } from '../../peers/peer.js';
import { swiftTarget } from '../../swift/path.js';
import { isSuccess } from '../../swift/swift-client.js';
import { timestampMs } from '../../swift/timestamp.js';
import type { DeletionAnswer } from '../../sync/probe.js';
import { textAnswer } from '../answer.js';
import { copyOnce } from './copy-once.js';
import type { Site } from '../site.js';
import type { Exchange, OutgoingResponse } from '../station.js';

/**
 * Refuses a deletion of that date where the object is newer, if only by a POST. Swift's container sync takes a 409 for done (container/sync.py).
 * Without a service user, or where Swift cannot say, Swift alone decides.
 */
export async function refuseTooLate(
  site: Site,
  exchange: Exchange,
  name: ObjectName,
  ticks: bigint | undefined,
): Promise<OutgoingResponse | undefined> {
  if (exchange.request.method !== 'DELETE' || ticks === undefined || site.serviceToken === undefined)
    return undefined;
  try {
    if (!(await isNewerHere(site, name, ticks))) return undefined;
  } catch (error) {
    if (error instanceof AutosyncError) return undefined;
    throw error;
  }
  return textAnswer(exchange, 409, 'It has been changed here since.');
}

/** While nobody can tell whose bytes are newer, what is dated later than that long ago waits. */
const PATIENCE_MS = 600_000;

/**
 * Refuses what container sync brings where its bytes are older than those here and only dated later, by a POST: the newer bytes go there at once,
 * and its metadata comes back onto them (decision 0010) when Swift's daemon tries again in its next pass. Where that cannot be told for long, Swift
 * alone decides.
 */
export async function refuseOlderBytes(
  site: Site,
  exchange: Exchange,
  { account, container, object }: ObjectName,
  ticks: bigint | undefined,
  sender: Peer | undefined,
): Promise<OutgoingResponse | undefined> {
  const { method, headers } = exchange.request;
  const etag = headers.get('etag')?.replace(/^"|"$/g, '');
  if (method !== 'PUT' || ticks === undefined || etag === undefined) return undefined;
  if (sender === undefined || site.serviceToken === undefined) return undefined;
  const name = { account, container, object };
  let newer: Newer;
  try {
    const target = swiftTarget(account, container, object) + RAW;
    const wanted = HeaderList.from([['X-Newest', 'true']]);
    const asked = { method: 'HEAD', target, headers: wanted };
    const answer = await site.swift.request({ kind: 'service' }, asked);
    const here = isSuccess(answer.status) ? readObjectState(answer) : undefined;
    if (here === undefined || here.ticks >= ticks || here.etag === etag) return undefined;
    const [there, mine] = [peerMember(sender), localMember(site)];
    const theirs = (at: bigint): Promise<DeletionAnswer> => there.probe(name, at);
    const ours = (at: bigint): Promise<DeletionAnswer> => mine.probe(name, at);
    newer = await whoseBytesAreNewer(ours, theirs, ticks);
    const known = newer === 'ours' ? await site.containerKeys.get(name, { kind: 'service' }) : undefined;
    if (known !== undefined) void copyOnce(site, sender, name, known.key, { looksFirst: false });
  } catch (error) {
    if (!(error instanceof AutosyncError)) throw error;
    newer = 'unknown';
  }
  if (newer === 'theirs' || newer === 'neither') return undefined;
  if (newer === 'unknown' && site.now() - timestampMs(ticks) > PATIENCE_MS) return undefined;
  const why = newer === 'ours' ? 'are newer, and go there first' : 'may be newer: ask again';
  return textAnswer(exchange, 409, `The bytes here ${why}.`);
}
