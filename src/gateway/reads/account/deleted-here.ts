// Which containers that only other clusters list are deleted here, so that the deletion has not come there yet: a matter of this cluster's
// records. Knows nothing of listings.
import { AutosyncError } from '../../../lib/errors.js';
import { eachLimited } from '../../../lib/each-limited.js';
import { untilAborted } from '../../../lib/time-limit.js';
import { lifeOf } from '../../../records/record.js';
import type { Site } from '../../site.js';

/** Records read at once. */
const CONCURRENCY = 16;

export interface LookUp {
  readonly account: string;
  /** Of containers. */
  readonly names: readonly string[];
  /** Whether they are deleted or being deleted: what is known, and what is found out. Without an entry: not known. */
  readonly deleted: Map<string, boolean>;
  readonly signal: AbortSignal;
}

/** Whether all could be looked up before the signal. Never rejects for trouble with the records. */
export async function areAllLookedUp(
  { records }: Pick<Site, 'records'>,
  { account, names, deleted, signal }: LookUp,
): Promise<boolean> {
  if (records === undefined) return true;
  let isReadable = true;
  const look = async (container: string): Promise<void> => {
    try {
      const life = lifeOf(await records.read({ account, container }));
      deleted.set(container, life === 'deleted' || life === 'deleting');
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
      isReadable = false;
    }
  };
  const open = names.filter((name) => !deleted.has(name));
  const mayGoOn = (): boolean => isReadable && !signal.aborted;
  const isThrough = await untilAborted(signal, eachLimited(open, CONCURRENCY, look, mayGoOn));
  return isThrough === true && isReadable;
}
