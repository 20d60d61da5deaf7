// Whether the daemons of this cluster are to leave everything as it is: an object in the store, so that all hosts see it, and
// it outlasts restarts.
import { AutosyncError } from '../lib/errors.js';
import type { Keeper } from '../records/keeper.js';

export interface Pause {
  /** ISO 8601. */
  readonly since: string;
  /** USER@HOST. */
  readonly by: string;
  /** '' where none was given. */
  readonly reason: string;
}

const PAUSE_OBJECT = 'pause';

/** Undefined while the daemons are at work. @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
export async function readPause(records: Keeper): Promise<Pause | undefined> {
  const bytes = await records.store.get(PAUSE_OBJECT);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8')) as Pause;
  } catch {
    return { since: 'an unknown time', by: 'somebody', reason: 'the note of it cannot be read' };
  }
}

/** @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
export async function writePause(records: Keeper, pause: Pause): Promise<void> {
  await records.store.put(PAUSE_OBJECT, Buffer.from(JSON.stringify(pause)), 'application/json');
}

/** @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
export function clearPause(records: Keeper): Promise<void> {
  return records.store.delete(PAUSE_OBJECT);
}

/** @throws AutosyncError PAUSED; RECORDS_UNAVAILABLE: better nothing than what nobody wants now */
export async function expectNotPaused(records: Keeper): Promise<void> {
  const pause = await readPause(records);
  if (pause !== undefined) throw new AutosyncError('PAUSED', pauseText(pause));
}

export function pauseText({ since, by, reason }: Pause): string {
  return `Paused since ${since} by ${by}${reason === '' ? '' : `: ${reason}`}.`;
}
