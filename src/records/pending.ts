// What a peer has yet to be told, from the notes of it. Reads names only.
import type { Keeper } from './keeper.js';
import { parsePending, pendingPrefix } from './names.js';
import type { RecordName } from './record.js';
import { versionMs } from './version.js';

export interface PendingSum {
  readonly pending: number;
  /** When the oldest change was made, in milliseconds since 1970; undefined for none. */
  readonly oldestMs: number | undefined;
}

/**
 * @param of only of that account, or container
 * @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help
 */
export async function pendingFor(records: Keeper, peer: string, of?: RecordName): Promise<PendingSum> {
  let pending = 0;
  let oldestMs: number | undefined;
  for await (const { name } of records.store.list(pendingPrefix(peer, of))) {
    const note = parsePending(name);
    if (note === undefined) continue;
    pending += 1;
    oldestMs = Math.min(oldestMs ?? Infinity, versionMs(note.version));
  }
  return { pending, oldestMs };
}
