// A change of an object that belongs here goes straight through; copiers are told of it.
import type { CopyJob } from '../../copy/job.js';
import { decodePath, parseObjectPath } from '../../swift/path.js';
import { isSuccess } from '../../swift/swift-client.js';
import type { Site } from '../site.js';
import { answerWhenCopied, objectAckFor } from './object-ack.js';
import type { Exchange, Next, OutgoingResponse } from '../station.js';

export interface ObjectPath {
  readonly account: string;
  readonly container: string;
  readonly object: string;
}

export async function changeObject(
  site: Site,
  exchange: Exchange,
  next: Next,
  changed: ObjectPath,
): Promise<OutgoingResponse> {
  const ack = objectAckFor(site, exchange, changed);
  const response = await next();
  if (!isSuccess(response.status)) return response;
  const job = jobFor(changed, exchange.request, site.now());
  if ((await ack) === 'all') return answerWhenCopied(site, exchange, response, job);
  site.copies.add(job);
  return response;
}

function jobFor(
  { account, container, object }: ObjectPath,
  { method, framing }: Exchange['request'],
  sinceMs: number,
): CopyJob {
  const bytes = method === 'PUT' && framing.kind === 'length' ? framing.length : 0;
  const done = method === 'POST' || method === 'DELETE' ? method : 'PUT';
  return { account, container, object, sinceMs, looksFirst: done === 'POST', method: done, bytes };
}

/** The object that a request changes; undefined for one that changes nothing. */
export function changedObject({ request }: Exchange, path: ObjectPath): ObjectPath | undefined {
  switch (request.method) {
    case 'PUT':
    case 'POST':
    case 'DELETE':
      return path;
    case 'COPY':
      return destinationOf(request.headers, path.account);
    default:
      return undefined;
  }
}

/** Where Swift copies to (middleware/copy.py); undefined for what it refuses. */
function destinationOf(headers: Exchange['request']['headers'], account: string): ObjectPath | undefined {
  const path = parseObjectPath(headers.joined('destination') ?? '');
  const into = decodePath(headers.joined('destination-account') ?? '');
  if (path === undefined || into === undefined || into.includes('/')) return undefined;
  if (headers.has('destination-account')) return into === '' ? undefined : { account: into, ...path };
  return { account, ...path };
}
