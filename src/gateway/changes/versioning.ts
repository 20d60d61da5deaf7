// Object versioning and container sync exclude each other in Swift. The client gets its versioning; our sync goes first.
import { HeaderList } from '../../http/headers.js';
import { headerKey } from '../../swift/settings.js';
import { swiftTarget } from '../../swift/path.js';
import { isSuccess } from '../../swift/swift-client.js';
import { planSync } from '../../sync/sync-plan.js';
import { audienceOf, rightsFor, syncWish, type ContainerName, type Site } from '../site.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';
import { askWhetherClientMay } from './permission.js';

/** Whether a container PUT or POST asks for versions to be kept (middleware/versioned_writes). */
export function wantsVersioning(headers: HeaderList): boolean {
  for (const [name, value] of headers) {
    const key = headerKey(name);
    if (key === 'x-versions-enabled') {
      if (/^(true|1|yes|on|t|y)$/i.test(value.trim())) return true;
    } else if ((key === 'x-versions-location' || key === 'x-history-location') && value !== '') {
      return true;
    }
  }
  return false;
}

/** Takes our sync-to and key off, when the client may change the container at all, and puts them back if Swift then refuses. */
export async function turnVersioningOn(
  site: Site,
  exchange: Exchange,
  next: Next,
  name: ContainerName,
): Promise<OutgoingResponse> {
  const rights = rightsFor(site, exchange);
  const { state } = await site.swift.readContainer(rights, name.account, name.container);
  const wish = syncWish(site, audienceOf(site, exchange).placement, name);
  const off = planSync(state, { ...wish, heldBack: 'versioned' });
  if (off.change.length === 0) return next();
  const mayChange = await askWhetherClientMay(site, exchange.request, name);
  if (!isSuccess(mayChange.status)) return next();
  const target = swiftTarget(name.account, name.container);
  await site.swift.request(rights, { method: 'POST', target, headers: HeaderList.from(off.change) });
  const response = await next();
  if (!isSuccess(response.status) && state?.syncTo !== undefined) {
    const back = [
      ['X-Container-Sync-To', state.syncTo],
      ['X-Container-Sync-Key', state.syncKey ?? wish.key],
    ] as const;
    await site.swift.request(rights, { method: 'POST', target, headers: HeaderList.from(back) });
  }
  return response;
}
