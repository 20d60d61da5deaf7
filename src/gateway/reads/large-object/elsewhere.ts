// A large object whose manifest is on another cluster: what that says is read there, by the gateways' rights; its segments are read, and
// dynamic ones listed, by whoever the client is.
import type { Source } from '../../../converge/cluster-listing.js';
import type { HeaderList } from '../../../http/headers.js';
import { AutosyncError } from '../../../lib/errors.js';
import { collectBody, MessageBody } from '../../../http/message-body.js';
import { encodeName, swiftTarget } from '../../../swift/path.js';
import { isSuccess } from '../../../swift/swift-client.js';
import { textAnswer } from '../../answer.js';
import type { OutgoingResponse } from '../../station.js';
import { answerDlo, type ListedPart, type ListedParts, type ListingQuery } from './dlo.js';
import { answerSlo } from './slo.js';
import type { LargeObjectRead } from './answer.js';
import { rawQuery, type ObjectName } from '../pointer.js';

const PAGE = 10_000;
const MAX_ROW_BYTES = 65_536;

type Row = Partial<ListedPart>;

interface Asked {
  readonly method: 'GET' | 'HEAD';
  readonly name: ObjectName;
  readonly query: string;
  readonly headers: HeaderList;
}

/**
 * Swift's answer for it.
 *
 * @param source the cluster that has the manifest
 * @param listHere lists a container of this cluster with the client's own rights
 * @throws AutosyncError what the source throws; a retry may help
 */
export async function answerLarge(
  source: Source,
  { method, name, query, headers }: Asked,
  kind: 'slo' | 'dlo',
  means: Pick<LargeObjectRead, 'exchange' | 'log' | 'readPart'>,
  listHere: (target: string) => Promise<OutgoingResponse>,
): Promise<OutgoingResponse> {
  const target = swiftTarget(name.account, name.container, name.object);
  const [raw, resolved] = await Promise.all([
    source.ask(kind === 'slo' ? 'GET' : 'HEAD', target + rawQuery(query)),
    // Swift shows an SLO's manifest as JSON, and its own content type only with the object.
    kind === 'slo' ? source.ask('HEAD', `${target}?symlink=get`) : undefined,
  ]);
  const type = resolved?.headers.get('content-type');
  if (!isSuccess(raw.status) || (kind === 'slo' && type === undefined))
    return textAnswer(
      means.exchange,
      503,
      `${source.cluster} did not say what this large object is made of.`,
    );
  const read = { ...means, request: { method, headers } };
  if (type !== undefined) raw.headers.set('Content-Type', type);
  const manifest = { account: name.account, headers: raw.headers, body: raw.body };
  if (kind === 'slo') return answerSlo(read, manifest);
  return answerDlo({ ...read, listParts: (page) => listParts(source, page, listHere) }, manifest);
}

/** What the source has of them, for whoever may list them here. */
async function listParts(
  source: Source,
  { account, container, prefix, marker }: ListingQuery,
  listHere: (target: string) => Promise<OutgoingResponse>,
): Promise<ListedParts | OutgoingResponse> {
  const query = `?format=json&limit=${PAGE}&prefix=${encodeName(prefix)}&marker=${encodeName(marker)}`;
  const target = swiftTarget(account, container) + query;
  const allowed = await listHere(`${swiftTarget(account, container)}?limit=1`);
  if (!isSuccess(allowed.status)) return allowed;
  if (allowed.body instanceof MessageBody) await collectBody(allowed.body, MAX_ROW_BYTES);
  const { status, reason, body } = await source.ask('GET', target);
  if (!isSuccess(status) && status !== 404)
    throw new AutosyncError('PEER_UNREACHABLE', `${source.cluster}: a listing: ${status} ${reason}`);
  const rows = status === 200 ? (JSON.parse(body.toString('utf8')) as Row[]) : [];
  return {
    rows: rows.flatMap(({ name, bytes, hash }) =>
      name === undefined || bytes === undefined || hash === undefined ? [] : { name, bytes, hash },
    ),
    isLast: rows.length < PAGE,
  };
}
