// What the local Swift takes of a bulk delete, and how it answers this client: asked, since both are its configuration's and its
// middleware's to say.
import { HeaderList } from '../../../http/headers.js';
import { swiftTarget } from '../../../swift/path.js';
import { proofsOf } from '../../changes/permission.js';
import type { Site } from '../../site.js';
import type { Exchange } from '../../station.js';
import type { BulkFormat } from './bulk-outcome.js';

export interface BulkLimits {
  readonly maxNames: number;
  readonly maxFailures: number;
  readonly maxLineBytes: number;
}

interface Info {
  readonly bulk_delete?: { readonly max_deletes_per_request?: number; readonly max_failed_deletes?: number };
  readonly swift?: { readonly max_object_name_length?: number; readonly max_container_name_length?: number };
}

const AS_ANYBODY = { kind: 'token', token: undefined } as const;

/** From /info; Swift's defaults where that is closed. @throws AutosyncError of the local Swift; a retry may help */
export async function readBulkLimits({ swift }: Site): Promise<BulkLimits> {
  const { status, body } = await swift.request(AS_ANYBODY, { method: 'GET', target: '/info' });
  const info = status === 200 ? (JSON.parse(body.toString('utf8')) as Info) : {};
  const { max_deletes_per_request = 10_000, max_failed_deletes = 1_000 } = info.bulk_delete ?? {};
  const { max_object_name_length = 1_024, max_container_name_length = 256 } = info.swift ?? {};
  return {
    maxNames: max_deletes_per_request,
    maxFailures: max_failed_deletes,
    maxLineBytes: 2 * (max_object_name_length + max_container_name_length + 2),
  };
}

export interface BulkAnswer {
  readonly format: BulkFormat;
  readonly headers: HeaderList;
}

/**
 * How Swift begins its answer: seen from what it says to the same request without a single name. Undefined where it would refuse
 * whatever is named, or knows no bulk deletes.
 *
 * @throws AutosyncError of the local Swift; a retry may help
 */
export async function readBulkAnswer(
  { swift }: Site,
  { request }: Exchange,
  account: string,
): Promise<BulkAnswer | undefined> {
  const headers = proofsOf(request.headers);
  for (const name of ['Accept', 'Content-Type']) {
    const value = request.headers.get(name.toLowerCase());
    if (value !== undefined) headers.set(name, value);
  }
  const target = `${swiftTarget(account)}?bulk-delete`;
  const said = await swift.request(AS_ANYBODY, { method: 'POST', target, headers });
  if (!said.body.includes('Invalid bulk delete.')) return undefined;
  const type = said.headers.get('content-type') ?? '';
  const given = said.headers.clone();
  given.removeWhere((name) => ['content-length', 'connection', 'keep-alive'].includes(name));
  given.set('Transfer-Encoding', 'chunked');
  if (type.startsWith('application/json')) return { format: 'json', headers: given };
  return { format: /^\w+\/xml/.test(type) ? 'xml' : 'text', headers: given };
}
