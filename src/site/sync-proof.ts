// Signs requests to the local Swift as its own container sync does, which is how objects are read, dated and deleted there.
import { HeaderList } from '../http/headers.js';
import { canonicalPath, signContainerSync } from '../sync/container-sync-auth.js';
import type { BaseSite } from './site.js';

/**
 * The headers that let a request in as container sync's, dated `timestamp`.
 *
 * @param containerKey the key that the container has in the local Swift
 * @returns undefined where the realm has no key
 */
export function syncProof(
  site: BaseSite,
  request: { readonly method: string; readonly target: string; readonly timestamp: string },
  containerKey: string,
): HeaderList | undefined {
  const headers = HeaderList.from([['X-Timestamp', request.timestamp]]);
  if (site.clusters.realmName === '') return headers.add('X-Container-Sync-Key', containerKey);
  const [realmKey] = site.clusters.realmKeys();
  if (realmKey === undefined) return undefined;
  const path = canonicalPath(request.target);
  const { method, timestamp } = request;
  const realm = site.clusters.realmName;
  return headers.add(
    'X-Container-Sync-Auth',
    signContainerSync({ method, path, timestamp, realm, realmKey, containerKey }),
  );
}
