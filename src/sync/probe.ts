// The probe: was an object deleted (or rewritten) here, or never seen? To a HEAD both are 404.
import { HeaderList } from '../http/headers.js';
import { formatHead } from '../http/head.js';
import type { Transport } from '../http/http-client.js';
import { MessageBody } from '../http/message-body.js';

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
  headers.add('Content-Length', '1').add('Expect', '100-continue');
  let giveUp: (() => void) | undefined;
  const seen = { isAskedForBody: false };
  const body = new MessageBody(
    { kind: 'length', length: 1 },
    { pause: () => undefined, resume: () => undefined },
  );
  try {
    const response = await transport.send({
      method: 'PUT',
      head: formatHead(`PUT ${target} HTTP/1.1`, headers),
      body,
      isIdempotent: true,
      onStart: (abort) => (giveUp = abort),
      onInformation: (head) => {
        if (head.status !== 100) return;
        seen.isAskedForBody = true;
        giveUp?.();
      },
    });
    giveUp?.();
    return response.status === 202 ? 'newer-here' : 'unknown';
  } catch (error) {
    if (seen.isAskedForBody) return 'never-here';
    throw error;
  }
}
