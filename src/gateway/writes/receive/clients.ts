// A client's own change that another cluster's gateway brings here, as its objects belong here, or as the Swift there is down. The Swift
// here judges the client, and the change goes the way of our own clients'. It goes no further: what cannot be done here, that gateway asks
// others for.
import { AutosyncError } from '../../../lib/errors.js';
import { ShortMemory } from '../../../lib/short-memory.js';
import { ACTS_AS, AS_CLIENT } from '../../../peers/acts-as.js';
import { REFUSAL_HEADER } from '../../../peers/peer.js';
import { isHeldBack } from '../../../records/record.js';
import type { ContainerName } from '../../../site/site.js';
import { textAnswer } from '../../answer.js';
import { changedObject, changeObject } from '../../changes/object-change.js';
import { stripDates, stripInternal } from '../../doors/headers.js';
import type { Site } from '../../site.js';
import type { Exchange, Next, OutgoingResponse } from '../../station.js';
import { restoreFraming } from './granted.js';

/** How changes of accounts and containers are done that come from our own clients. */
export type OwnWay = (exchange: Exchange, next: Next) => Promise<OutgoingResponse>;

/** How long it is believed that a container's objects may go to other clusters. */
const FRESH_MS = 10_000;

const memories = new WeakMap<Site, ShortMemory<Promise<boolean>>>();

export function isClientsChange({ request: { method, headers } }: Exchange): boolean {
  return method !== 'GET' && method !== 'HEAD' && headers.get(ACTS_AS) === AS_CLIENT;
}

/**
 * The request is verified, and holds nothing that was not signed.
 *
 * @returns a refusal where nothing was done, and another cluster may be asked
 * @throws AutosyncError UPSTREAM_… of the local Swift, which may have done it
 */
export async function changeAsClient(
  site: Site,
  exchange: Exchange,
  next: Next,
  ownWay: OwnWay,
): Promise<OutgoingResponse> {
  const { path } = exchange;
  takeAsClients(site, exchange);
  try {
    if (path.kind !== 'object') return await ownWay(exchange, next);
    const changed = changedObject(exchange, path);
    // Swift says what is wrong with it.
    if (changed === undefined) return await next();
    if (await staysElsewhere(site, changed))
      return refuse(exchange, 'stays', 'The objects of this container stay where they are written.');
    return await changeObject(site, exchange, next, changed);
  } catch (error) {
    if (!(error instanceof AutosyncError) || error.code !== 'UPSTREAM_DOWN') throw error;
    return refuse(exchange, 'down', error.message);
  }
}

/** The verified request becomes what the client would have sent here. */
export function takeAsClients(site: Site, { path, request }: Exchange): void {
  stripInternal(request.headers);
  // Swift's shunt for client-sent timestamps is off where clusters are named by URL.
  if (site.clusters.realmName === '') stripDates(request.headers, path.kind === 'object');
  restoreFraming(request);
}

function refuse(exchange: Exchange, reason: 'stays' | 'down', text: string): OutgoingResponse {
  const response = textAnswer(exchange, 503, text);
  response.headers.set(REFUSAL_HEADER, reason);
  return response;
}

/** Versioned, or synced by its owner: what were written here would not come to where the client writes. */
function staysElsewhere(site: Site, name: ContainerName): Promise<boolean> {
  const memory = memories.get(site) ?? new ShortMemory(FRESH_MS);
  memories.set(site, memory);
  const key = `${name.account}/${name.container}`;
  const known = memory.get(key);
  if (known !== undefined) return known;
  const found = look(site, name);
  memory.set(key, found);
  return found;
}

/** Who cannot be asked said nothing. */
async function look({ records }: Site, { account, container }: ContainerName): Promise<boolean> {
  try {
    const record = await records?.read({ account, container });
    return record !== undefined && isHeldBack(record);
  } catch (error) {
    if (error instanceof AutosyncError) return false;
    throw error;
  }
}
