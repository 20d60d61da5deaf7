// Tells whether this cluster's Swift still has what it once had. One id is kept three times: as metadata of our account and of our
// container, and as an object that is read by name. Who loses account databases, container databases or objects loses one of them;
// who loses all has no records left either. Knows nothing of what was lost.
import type { Store } from './store.js';
import { isVersion, versionMs, type VersionClock } from './version.js';

const OBJECT = 'm';
/** Equal for all who begin at once; older than whatever was seen. */
const FIRST = '00000000000000.0000.first';
/** Whoever writes it has written all three by then. */
const WRITING_MS = 1_000;

export interface Marker {
  readonly state: 'intact' | 'first' | 'lost';
  /** What was seen here until then (milliseconds since 1970, by the clock of whoever noticed) counts for nothing. */
  readonly sinceMs: number;
}

/** @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
export async function readMarker(store: Store): Promise<Marker> {
  const [labels, object] = await Promise.all([store.labels(), store.get(OBJECT)]);
  const ids = new Set([...labels, object?.toString('utf8')]);
  const [id] = ids;
  if (ids.size > 1) return { state: 'lost', sinceMs: Infinity };
  if (id === undefined) return { state: 'first', sinceMs: 0 };
  return isVersion(id) ? { state: 'intact', sinceMs: versionMs(id) } : { state: 'lost', sinceMs: Infinity };
}

/**
 * Looks whether anything was lost, and notes that it was: from then on what was seen before counts for nothing. Killed in
 * between, or met by another daemon, it leaves ids that differ, which the next look takes for a loss again: nothing is deleted.
 *
 * @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help
 */
export async function renewMarker(
  store: Store,
  clock: VersionClock,
  sleep: (ms: number) => Promise<void>,
): Promise<Marker> {
  let marker = await readMarker(store);
  if (marker.state === 'lost') {
    await sleep(WRITING_MS);
    marker = await readMarker(store);
  }
  if (marker.state === 'intact') return marker;
  const id = marker.state === 'first' ? FIRST : clock.next();
  await store.setLabels(id);
  await store.put(OBJECT, Buffer.from(id), 'text/plain');
  return { state: marker.state, sinceMs: versionMs(id) };
}
