// Keeps a change that the local Swift has done, or is about to do: the record is written while the peers are told of it.
import { AutosyncError } from '../../lib/errors.js';
import { mergeRecords, EMPTY, type Record, type RecordName } from '../../records/record.js';
import { VersionClock } from '../../records/version.js';
import type { Keeper } from '../../records/keeper.js';
import type { Site } from '../site.js';

/** The answer's header that says that this cluster could not keep a change: the audit will take it over. */
export const UNRECORDED = 'X-Autosync-Unrecorded';

export interface Recording {
  /** What the peers are to be told, and keep. */
  readonly record: Record;
  /** False: it should have been kept here, and could not be. Never rejects. */
  readonly isKept: Promise<boolean>;
}

/**
 * Begins to write the record, and comes back as soon as it is known what will be in it.
 *
 * @param change what a client's change adds to the record that stands, or to an empty one where that cannot be read. What it throws is thrown here
 */
export async function startRecording(
  site: Site,
  name: RecordName,
  change: (current: Record, clock: VersionClock, isRead: boolean) => Record | Promise<Record>,
): Promise<Recording> {
  const { records } = site;
  if (records === undefined) {
    const clock = new VersionClock('unrecorded', site.now, Infinity);
    return { record: await change(EMPTY, clock, true), isKept: Promise.resolve(true) };
  }
  const clock = await records.clock();
  return new Promise((resolve, reject) => {
    const settle = async (current: Record, isRead = true): Promise<Record> => {
      const added = await change(current, clock, isRead);
      resolve({ record: mergeRecords(current, added), isKept });
      return added;
    };
    const isKept: Promise<boolean> = keep(site, records, name, settle).then(async (kept) => {
      // The records cannot be read: the peers are told all the same.
      if (!kept) await settle(EMPTY, false).catch(reject);
      return kept;
    });
  });
}

async function keep(
  site: Site,
  records: Keeper,
  name: RecordName,
  change: (current: Record) => Promise<Record>,
): Promise<boolean> {
  try {
    await records.change(name, change);
    return true;
  } catch (error) {
    site.counters.add('unrecorded');
    const reason = error instanceof AutosyncError ? error.message : 'a fault of autosync itself';
    site.log.error({ ...name, code: 'UNRECORDED', err: error }, `a change could not be recorded: ${reason}`);
    return false;
  }
}
