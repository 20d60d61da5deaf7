// The probe: was an object deleted (or rewritten) here, or never seen? To a HEAD both are 404.
import { askBeforeBody } from '../http/before-body.js';
import { HeaderList } from '../http/headers.js';
import type { Transport } from '../http/http-client.js';

/**
 * `newer-here`: a tombstone or an object at least as new is here. `never-here`: nothing of that age was ever seen here.
 * `unknown`: the probe was refused (no container, or another key).
 */
export type ProbeAnswer = 'newer-here' | 'never-here' | 'unknown';

/** `newer-here` then means a tombstone; `here`: the object itself. */
export type DeletionAnswer = ProbeAnswer | 'here';

/**
 * Whether an object was deleted here. That it is here is asked *after* the probe: an object that comes between a look and a probe would
 * count as deleted. What is newer than the probed date and then not there can only be a tombstone.
 */
export async function probeDeletion(
  probe: () => Promise<ProbeAnswer>,
  isHere: () => Promise<boolean>,
): Promise<DeletionAnswer> {
  const answer = await probe();
  return answer === 'newer-here' && (await isHere()) ? 'here' : answer;
}

/**
 * Sends the head of a container sync PUT with the remote copy's timestamp, and no body: Swift says 202 where it holds
 * something as new, and asks for the body (100) where it would take the object. Nothing is written.
 * Tells the truth within Swift's reclaim_age.
 *
 * @param proof the headers that make it container sync's: X-Timestamp with X-Container-Sync-Auth or X-Container-Sync-Key
 * @throws what Transport.send throws; a retry helps
 */
export async function probeObject(
  transport: Transport,
  target: string,
  proof: HeaderList,
): Promise<ProbeAnswer> {
  const headers = new HeaderList(['Host', transport.authority, ...proof.raw]);
  const said = await askBeforeBody(transport, target, headers);
  if (said === 'continue') return 'never-here';
  said.body.abandon();
  return said.status === 202 ? 'newer-here' : 'unknown';
}
