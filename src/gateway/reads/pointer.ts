// What an object points to, as its headers say when it is read raw: another object, or the segments of a large one. Pure.
import type { HeaderList } from '../../http/headers.js';
import { decodePath, queryParameter } from '../../swift/path.js';
import type { ContainerName } from '../../site/site.js';

export interface ObjectName extends ContainerName {
  readonly object: string;
}

export type Pointer =
  | { readonly kind: 'symlink'; readonly to: ObjectName; readonly etag: string | undefined }
  | { readonly kind: 'slo' }
  | { readonly kind: 'dlo'; readonly container: string; readonly prefix: string };

/** The query of a read that follows nothing: the object itself. Of the client's own only what is known goes along, since the rights are not its own. */
export function rawQuery(query: string): string {
  const isRaw = isManifest(query) && queryParameter(query, 'format') === 'raw';
  return `?symlink=get&multipart-manifest=get${isRaw ? '&format=raw' : ''}`;
}

/** The client wants the manifest itself. */
function isManifest(query: string): boolean {
  return queryParameter(query, 'multipart-manifest') === 'get';
}

/** What Swift would follow for this client; undefined for an object that is what it is. */
export function pointerIn(
  headers: HeaderList,
  { account }: ContainerName,
  query: string,
): Pointer | undefined {
  const target = headers.get('x-symlink-target');
  if (target !== undefined) {
    const other = headers.get('x-symlink-target-account');
    const to = queryParameter(query, 'symlink') === 'get' ? undefined : split(target);
    const of = other === undefined ? account : decodePath(other);
    if (to === undefined || of === undefined) return undefined;
    const etag = headers.get('x-symlink-target-etag');
    return { kind: 'symlink', to: { account: of, container: to[0], object: to[1] }, etag };
  }
  if (isManifest(query)) return undefined;
  if (headers.get('x-static-large-object')?.toLowerCase() === 'true') return { kind: 'slo' };
  const manifest = split(headers.get('x-object-manifest') ?? '');
  return manifest === undefined ? undefined : { kind: 'dlo', container: manifest[0], prefix: manifest[1] };
}

/** `container/rest`, percent-encoded. */
function split(text: string): [string, string] | undefined {
  const decoded = decodePath(text)?.replace(/^\//, '');
  const slash = decoded?.indexOf('/') ?? -1;
  return decoded === undefined || slash < 1 ? undefined : [decoded.slice(0, slash), decoded.slice(slash + 1)];
}
