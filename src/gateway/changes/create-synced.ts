// A container that is not here yet gets its sync-to and key with the client's own PUT: it is synced from its first moment, and
// Swift dates it once (a POST after the PUT would move its Last-Modified past the date that the account listing shows).
import { removeHopByHop } from '../../http/head.js';
import type { HeaderList } from '../../http/headers.js';
import { MessageBody } from '../../http/message-body.js';
import { headerKey } from '../../swift/settings.js';
import { planSync } from '../../sync/sync-plan.js';
import { relay } from '../answer.js';
import { rightsFor, type Site } from '../site.js';
import { syncWish, type Audience, type ContainerName } from '../../site/site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';
import { reasonOf } from './outcome.js';
import { noteAccountAhead } from './account-record.js';

const OF_THE_BODY = new Set(['content-length', 'transfer-encoding', 'trailer', 'expect']);

/** Passes a container PUT or POST on. Swift ignores the added headers of clients that may not set them. */
export async function passChange(
  site: Site,
  exchange: Exchange,
  next: Next,
  name: ContainerName,
  audience: Audience,
): Promise<OutgoingResponse> {
  const { method, headers } = exchange.request;
  if (method !== 'PUT' || setsSync(headers)) return next();
  const [isNewHere] = await Promise.all([
    isNew(site, exchange, name),
    noteAccountAhead(site, exchange.request, name.account),
  ]);
  if (!isNewHere) return next();
  const wish = syncWish(site, audience.placement, name);
  const added = planSync(undefined, wish).change;
  const own = headers.clone();
  for (const [header, value] of added) headers.add(header, value);
  const response = await next();
  if (response.status !== 400 || added.length === 0) return response;
  // A client must not be refused for what we added (Swift's realms file may not know the peer): once more, without it.
  if (response.body instanceof MessageBody) response.body.abandon();
  removeHopByHop(own);
  own.removeWhere((header) => OF_THE_BODY.has(header));
  const { target } = exchange.request;
  return relay(
    await site.swift.request({ kind: 'token', token: undefined }, { method, target, headers: own }),
  );
}

function setsSync(headers: HeaderList): boolean {
  for (const [name] of headers) if (/^x-(?:remove-)?container-sync-/.test(headerKey(name))) return true;
  return false;
}

async function isNew(site: Site, exchange: Exchange, name: ContainerName): Promise<boolean> {
  try {
    const { answer } = await site.swift.readContainer(
      rightsFor(site, exchange),
      name.account,
      name.container,
    );
    return answer.status === 404;
  } catch (error) {
    site.log.warn({ txn: exchange.id, ...name }, `could not be looked up: ${reasonOf(error)}`);
    return false;
  }
}
