// Which of an object's clusters has it newest, for `X-Newest`. Nothing is served here.
import { within } from '../../lib/within.js';
import type { Peer } from '../../peers/peer.js';
import type { ObjectDate, PeerQuestions } from './peer-questions.js';
import type { ObjectName } from './pointer.js';

export interface Standing {
  /** That have it newer than this cluster, the newest first. */
  readonly newer: readonly { readonly peer: Peer; readonly ticks: bigint }[];
  /** That have it not: deleted, or never seen. */
  readonly without: readonly Peer[];
  /** That did not say. */
  readonly silent: readonly string[];
}

/** @param ours when it was written here; undefined where it is not here */
export async function standingOf(
  questions: PeerQuestions,
  peers: readonly Peer[],
  name: ObjectName,
  { ours = 0n, timeoutMs }: { readonly ours: bigint | undefined; readonly timeoutMs: number },
): Promise<Standing> {
  const asked = peers.map(async (peer) => {
    return { peer, said: await within<ObjectDate>(questions.dateAt(peer, name), timeoutMs, () => 'unknown') };
  });
  const all = await Promise.all(asked);
  return {
    newer: all
      .flatMap(({ peer, said }) => (typeof said === 'bigint' && said > ours ? { peer, ticks: said } : []))
      .sort((a, b) => Number(b.ticks - a.ticks)),
    without: all.flatMap(({ peer, said }) => (said === 'none' ? peer : [])),
    silent: all.flatMap(({ peer, said }) => (said === 'unknown' ? peer.name : [])),
  };
}
