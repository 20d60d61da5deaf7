// Which of two clusters has the bytes of an object that were written later. A POST gives its date to the whole object, and Swift shows the date of
// the bytes to nobody; but a probe is held against it (obj/server.py, PUT: `data_timestamp`).
import { FIRST_TICK } from '../swift/timestamp.js';
import type { DeletionAnswer } from '../sync/probe.js';

/** `neither`: they are of one date. `unknown`: one of the clusters cannot tell. */
export type Newer = 'ours' | 'theirs' | 'neither' | 'unknown';

/** Of one cluster: rejects with what its Swift's client throws. */
type Probe = (ticks: bigint) => Promise<DeletionAnswer>;

/** About a second: bytes that meet a POST mostly are not much older. */
const FIRST_STEP = 100_000n;

/**
 * Asks some forty times where it takes long.
 *
 * @param upTo the later of the dates that both have as a whole
 */
export async function whoseBytesAreNewer(ours: Probe, theirs: Probe, upTo: bigint): Promise<Newer> {
  // Both have bytes since `known`, neither since `never`.
  let known = FIRST_TICK;
  let never = upTo + 1n;
  let step = FIRST_STEP;
  let isBetween = false;
  for (let ticks = upTo; never - known > 1n;) {
    const answers = await Promise.all([ours(ticks), theirs(ticks)]);
    if (answers.includes('unknown')) return 'unknown';
    const [our, their] = answers.map((answer) => answer !== 'never-here');
    if (our !== their) return their === true ? 'theirs' : 'ours';
    if (our === true) known = ticks;
    else never = ticks;
    isBetween ||= our === true;
    const back = never - step;
    ticks = isBetween || back <= known ? (known + never) / 2n : back;
    step *= 4n;
  }
  return 'neither';
}
