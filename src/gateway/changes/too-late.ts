// Another cluster's deletion of an object that a client has changed here since.
import { isNewerHere, type ObjectName } from '../../converge/object-member.js';
import { AutosyncError } from '../../lib/errors.js';
import { textAnswer } from '../answer.js';
import type { Site } from '../site.js';
import type { Exchange, OutgoingResponse } from '../station.js';

/**
 * Refuses a deletion of that date where the object is newer, if only by a POST. Swift's container sync takes a 409 for done (container/sync.py).
 * Without a service user, or where Swift cannot say, Swift alone decides.
 */
export async function refuseTooLate(
  site: Site,
  exchange: Exchange,
  name: ObjectName,
  ticks: bigint | undefined,
): Promise<OutgoingResponse | undefined> {
  if (exchange.request.method !== 'DELETE' || ticks === undefined || site.serviceToken === undefined)
    return undefined;
  try {
    if (!(await isNewerHere(site, name, ticks))) return undefined;
  } catch (error) {
    if (error instanceof AutosyncError) return undefined;
    throw error;
  }
  return textAnswer(exchange, 409, 'It has been changed here since.');
}
