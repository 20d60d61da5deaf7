// Asks a peer's gateway to copy one of its objects to another cluster, as it would after a client's change there.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Peer } from '../peers/peer.js';
import { encodeName } from '../swift/path.js';
import type { Copied } from './copy-object.js';
import type { ObjectName } from './local-object.js';

export interface CopyQuestion extends ObjectName {
  /** The cluster that it goes to. */
  readonly to: string;
  /** As in `CopyHow`. */
  readonly looksFirst: boolean;
  /** Dated so many ticks later than it is (`CopyHow`). */
  readonly laterTicks?: number;
}

/** Before it is asked again. */
const AGAIN_MS = 300;

/** Waits until it is done, however long its bytes flow: asked again, the peer tells of the copy that is under way. */
export async function askCopy(peer: Peer, question: CopyQuestion): Promise<Copied> {
  const { looksFirst, laterTicks, ...named } = question;
  const later = laterTicks === undefined ? undefined : String(laterTicks);
  const fields = { ...named, look: looksFirst ? '1' : '', later };
  const query = Object.entries(fields).flatMap(([field, value]) =>
    value === undefined ? [] : [`${field}=${encodeName(value)}`],
  );
  for (;;) {
    const result = await peer.send({ method: 'POST', target: `/autosync/copy?${query.join('&')}` });
    if (result.kind === 'unreachable') return { kind: 'later', detail: `${peer.name}: ${result.detail}` };
    const { status, reason, body } = result.answer;
    if (status === 200) return JSON.parse(body.toString('utf8')) as Copied;
    if (status !== 202) return { kind: 'refused', detail: `${peer.name}: ${status} ${reason}` };
    // A peer that has too many under way says so at once.
    await sleep(AGAIN_MS * (0.5 + Math.random()));
  }
}
