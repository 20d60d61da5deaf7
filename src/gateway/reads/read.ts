// One read of one object, and what an answer to it is worth. Pure.
import type { HeaderList } from '../../http/headers.js';
import { queryParameter } from '../../swift/path.js';
import type { OutgoingResponse } from '../station.js';
import type { ObjectName } from './pointer.js';

/** One object, as the client asked for it or as a pointer led there. */
export interface Read {
  readonly method: 'GET' | 'HEAD';
  readonly name: ObjectName;
  /** The client's own, with `?`, or ''. */
  readonly query: string;
  /** What is wanted of it: ranges and conditions. */
  readonly selection: HeaderList;
  /** Swift has said of that very object that the client may read it. */
  readonly isAllowed: boolean;
  /** Symlinks followed so far. */
  readonly links: number;
  /** Large objects that it is a part of. Then a condition is ours, that it be the part meant. */
  readonly nesting: number;
}

/** Whether the local answer is that of the object with these headers, and not of another that Swift took the request for. */
export function isOfOne({ headers }: OutgoingResponse, raw: HeaderList): boolean {
  const date = headers.get('x-timestamp');
  return date === undefined || headers.has('content-location') || date === raw.get('x-timestamp');
}

/** Of a large object's part nothing else will do. */
export function isPart(status: number): boolean {
  return status === 200 || status === 206;
}

/** Swift's staticweb knows a folder's mark by its length, and by a type that the container may name. */
export function mayBeFolder({ status, headers }: OutgoingResponse): boolean {
  return status === 200 && Number(headers.get('content-length')) <= 1;
}

/** Such a request is good for one name only: nothing else can be asked in its name. @param target or its query alone */
export function isTempUrl(target: string): boolean {
  return queryParameter(target, 'temp_url_sig') !== undefined;
}

export function keyOf({ account, container, object }: ObjectName): string {
  return `${account}/${container}/${object}`;
}

export function unquoted(etag: string): string {
  return etag.replace(/^"|"$/g, '');
}
