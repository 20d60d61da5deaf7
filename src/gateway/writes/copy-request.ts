// What a COPY, or a PUT with X-Copy-From, asks for, and what becomes of the source's headers (Swift's middleware/copy.py). Pure.
import { HeaderList } from '../../http/headers.js';
import { decodePath, parseObjectPath, queryParameter, quotePath } from '../../swift/path.js';
import { isSuccess } from '../../swift/swift-client.js';
import type { ObjectName } from '../reads/pointer.js';
import { isTrue } from '../../swift/truth.js';
import type { IncomingRequest, OutgoingResponse } from '../station.js';
import { headersForOwn } from './object-write.js';

export interface CopyRequest {
  readonly source: ObjectName;
  readonly destination: ObjectName;
  /** Of the read of the source; with `?`, or ''. */
  readonly query: string;
  /** The source is read as it is stored, and a static large object's manifest becomes one there. */
  readonly isOfManifest: boolean;
}

export function isCopy({ method, headers }: IncomingRequest): boolean {
  return method === 'COPY' || (method === 'PUT' && (headers.joined('x-copy-from') ?? '') !== '');
}

/**
 * Undefined for what Swift refuses before it looks at anything.
 *
 * @param path of the request @param destination what it changes
 */
export function copyRequest(
  { method, target, headers, framing }: IncomingRequest,
  path: ObjectName,
  destination: ObjectName,
): CopyRequest | undefined {
  const isOfManifest = queryParameter(target, 'multipart-manifest') === 'get';
  const wanted = [
    ...(isOfManifest ? ['multipart-manifest=get', 'format=raw'] : []),
    ...(queryParameter(target, 'symlink') === 'get' ? ['symlink=get'] : []),
  ];
  const query = wanted.length === 0 ? '' : `?${wanted.join('&')}`;
  const fromAccount = decodePath(headers.joined('x-copy-from-account') ?? '');
  if (fromAccount === undefined || fromAccount.includes('/')) return undefined;
  const account = fromAccount === '' ? path.account : fromAccount;
  if (method === 'COPY') {
    const source = headers.has('destination-account') ? path : { ...path, account };
    return { source, destination, query, isOfManifest };
  }
  const from = parseObjectPath(headers.joined('x-copy-from') ?? '');
  if (from === undefined || (framing.kind === 'length' && framing.length > 0)) return undefined;
  return { source: { account, ...from }, destination, query, isOfManifest };
}

/** Of the source's answer, not of the source; or made anew where it is put. */
const NOT_COPIED = new Set([
  ...['x-static-large-object', 'x-object-manifest', 'etag', 'content-type', 'x-timestamp', 'x-manifest-etag'],
  ...[
    'date',
    'content-length',
    'content-range',
    'content-location',
    'accept-ranges',
    'last-modified',
    'vary',
  ],
  ...[
    'transfer-encoding',
    'connection',
    'keep-alive',
    'server',
    'via',
    'x-trans-id',
    'x-openstack-request-id',
  ],
  ...['x-object-version-id', 'x-symlink-target-bytes'],
]);

/** Those of the new object: the source's, unless fresh ones are wanted, and those that the client gave before them. */
export function headersOfCopy(
  asked: HeaderList,
  source: OutgoingResponse,
  isOfManifest: boolean,
): HeaderList {
  const headers = headersForOwn(asked);
  if (!isTrue(asked.get('x-fresh-metadata')))
    for (const [name, value] of source.headers)
      if (isCopied(name.toLowerCase()) && !asked.has(name)) headers.add(name, value);
  const manifest = source.headers.get('x-object-manifest');
  if (isOfManifest && manifest !== undefined) headers.set('X-Object-Manifest', manifest);
  const etag = source.headers.get('etag');
  const isLarge = source.headers.has('x-static-large-object') || (manifest !== undefined && !isOfManifest);
  // Of a range, or of what is put together from parts, it is not the ETag of these bytes.
  if (source.status === 200 && !isLarge && etag !== undefined) headers.set('ETag', etag.replaceAll('"', ''));
  if ((asked.get('content-type') ?? '') === '')
    headers.set('Content-Type', source.headers.get('content-type') ?? 'application/octet-stream');
  return headers;
}

function isCopied(header: string): boolean {
  return (
    !NOT_COPIED.has(header) && !header.startsWith('x-autosync-') && !header.startsWith('access-control-')
  );
}

/** Says in the answer to a copy where it came from, as Swift does. @param headers of the new object */
export function addCopiedFrom(
  answer: OutgoingResponse,
  { source }: CopyRequest,
  read: OutgoingResponse,
  headers: HeaderList,
): OutgoingResponse {
  if (!isSuccess(answer.status)) return answer;
  answer.headers.add('X-Copied-From-Account', quotePath(source.account));
  answer.headers.add('X-Copied-From', quotePath(`${source.container}/${source.object}`));
  const modified = read.headers.get('last-modified');
  if (modified !== undefined) answer.headers.add('X-Copied-From-Last-Modified', modified);
  const version = read.headers.get('x-object-version-id');
  if (version !== undefined) answer.headers.add('X-Copied-From-Version-Id', version);
  for (const [name, value] of headers)
    if (/^x-(object-meta-.+|delete-at)$/i.test(name)) answer.headers.add(name, value);
  return answer;
}
