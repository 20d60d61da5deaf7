// What a server says to the head of a PUT, before any of its body: whether it would take it. Nothing is written by that.
import { AutosyncError } from '../lib/errors.js';
import type { IncomingResponse } from './client-connection.js';
import { formatHead } from './head.js';
import type { HeaderList } from './headers.js';
import type { Transport } from './http-client.js';
import { MessageBody } from './message-body.js';

/** Why a request ends that a server would take. One for all: what it costs to make one shows. */
const TAKEN = new AutosyncError('UPSTREAM_BROKEN', 'The request was given up.');

/**
 * Announces a body of one byte, and gives up as soon as the server asks for it. Swift decides before it asks (RFC 9110, section 10.1.1).
 *
 * @param headers all of them but those of the body; Host included
 * @returns `continue` where it asks for the body; else its answer, whose body nobody has taken
 * @throws what Transport.send throws; a retry helps
 */
export async function askBeforeBody(
  transport: Transport,
  target: string,
  headers: HeaderList,
): Promise<'continue' | IncomingResponse> {
  const announced = headers.clone().add('Content-Length', '1').add('Expect', '100-continue');
  const body = new MessageBody(
    { kind: 'length', length: 1 },
    { pause: () => undefined, resume: () => undefined },
  );
  let giveUp: ((reason: AutosyncError) => void) | undefined;
  let isAskedForBody = false as boolean;
  try {
    return await transport.send({
      method: 'PUT',
      head: formatHead(`PUT ${target} HTTP/1.1`, announced),
      body,
      isIdempotent: true,
      onStart: (abort) => (giveUp = abort),
      onInformation: (head) => {
        if (head.status !== 100) return;
        isAskedForBody = true;
        giveUp?.(TAKEN);
      },
    });
  } catch (error) {
    if (isAskedForBody) return 'continue';
    throw error;
  }
}
