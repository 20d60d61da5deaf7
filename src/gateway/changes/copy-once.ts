// Copies of an object to a peer that do not wait in the copier's queue, nor need one: at the word of a peer, or of container sync. Whoever asks for
// what is under way hears of that.
import { copyObject, type Copied, type CopyHow } from '../../copy/copy-object.js';
import { LocalObjects, type ObjectName } from '../../copy/local-object.js';
import { AutosyncError } from '../../lib/errors.js';
import type { Peer } from '../../peers/peer.js';
import type { Site } from '../site.js';

const MAX_UNDER_WAY = 64;

const underWay = new Map<string, Promise<Copied>>();

/**
 * Never rejects for trouble of either side. Undefined where too many are under way: to be asked for again.
 *
 * @param key the container's, here
 */
export function copyOnce(
  site: Site,
  peer: Peer,
  { account, container, object }: ObjectName,
  key: string,
  how: Pick<CopyHow, 'looksFirst' | 'laterTicks'>,
): Promise<Copied> | undefined {
  const id = JSON.stringify([peer.name, account, container, object, how]);
  const known = underWay.get(id);
  if (known !== undefined || underWay.size >= MAX_UNDER_WAY) return known;
  const name = { account, container, object };
  const copy = inWords(copyObject(new LocalObjects(site), peer, name, key, how));
  underWay.set(id, copy);
  // Whoever waits for it hears of what goes wrong.
  copy.finally(() => underWay.delete(id)).catch(() => undefined);
  return copy;
}

async function inWords(copy: Promise<Copied>): Promise<Copied> {
  try {
    return await copy;
  } catch (error) {
    if (!(error instanceof AutosyncError)) throw error;
    return { kind: 'later', detail: error.message };
  }
}
