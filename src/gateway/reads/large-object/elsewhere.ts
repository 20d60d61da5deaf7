// A large object that is on several clusters, or on others: its manifest is read by the gateways' rights where it is; its segments are read,
// and dynamic ones listed, by whoever the client is.
import type { Source } from '../../../converge/cluster-listing.js';
import type { HeaderList } from '../../../http/headers.js';
import { AutosyncError } from '../../../lib/errors.js';
import { compareNames } from '../../../lib/name-order.js';
import type { ContainerName } from '../../../site/site.js';
import { collectBody, MessageBody } from '../../../http/message-body.js';
import { encodeName, swiftTarget } from '../../../swift/path.js';
import { isSuccess } from '../../../swift/swift-client.js';
import { notKnown, textAnswer } from '../../answer.js';
import type { OutgoingResponse } from '../../station.js';
import { answerDlo, type ListedPart, type ListedParts, type ListingQuery } from './dlo.js';
import { answerSlo } from './slo.js';
import type { LargeObjectRead } from './answer.js';
import { rawQuery, type ObjectName } from '../pointer.js';

const PAGE = 10_000;
const MAX_ROW_BYTES = 65_536;

interface Asked {
  readonly method: 'GET' | 'HEAD';
  readonly name: ObjectName;
  readonly query: string;
  readonly selection: HeaderList;
}

/** How it is put together. */
export interface Means extends Pick<LargeObjectRead, 'exchange' | 'log' | 'readPart'> {
  /** The cluster that has the manifest. */
  readonly source: Source;
  /** Asks the local Swift for a listing with the client's own rights. */
  readonly listHere: (target: string) => Promise<OutgoingResponse>;
  /** The clusters that hold a container's objects. */
  readonly listSources: (name: ContainerName) => Promise<ListSources>;
}

/** Whom to ask for the listing of a container. */
export interface ListSources {
  /** Each of them has to answer. */
  readonly all: readonly Source[];
  /** Each of them holds all its objects: one answer is enough, and needed. */
  readonly oneOf: readonly Source[];
  /** They would be among these, and are fenced. */
  readonly fenced: readonly string[];
}

/** Swift's answer for it. @throws AutosyncError what the sources throw; a retry may help */
export async function answerLarge(
  { method, name, query, selection }: Asked,
  kind: 'slo' | 'dlo',
  means: Means,
): Promise<OutgoingResponse> {
  const { source, exchange } = means;
  const target = swiftTarget(name.account, name.container, name.object);
  const [raw, resolved] = await Promise.all([
    source.ask(kind === 'slo' ? 'GET' : 'HEAD', target + rawQuery(query)),
    // Swift shows an SLO's manifest as JSON, and its own content type only with the object.
    kind === 'slo' ? source.ask('HEAD', `${target}?symlink=get`) : undefined,
  ]);
  const type = resolved?.headers.get('content-type');
  if (!isSuccess(raw.status) || (kind === 'slo' && type === undefined))
    return textAnswer(exchange, 503, `${source.cluster} did not say what this large object is made of.`);
  const read = { ...means, request: { method, headers: selection } };
  if (type !== undefined) raw.headers.set('Content-Type', type);
  const manifest = { account: name.account, headers: raw.headers, body: raw.body };
  if (kind === 'slo') return answerSlo(read, manifest);
  return answerDlo({ ...read, listParts: (page) => listParts(means, page) }, manifest);
}

/** What any of the clusters has of them, the newest of each, for whoever may list them here. */
async function listParts(
  { exchange, source, listHere, listSources }: Means,
  { account, container, prefix, marker }: ListingQuery,
): Promise<ListedParts | OutgoingResponse> {
  const allowed = await listHere(`${swiftTarget(account, container)}?limit=1`);
  if (!isSuccess(allowed.status)) return allowed;
  if (allowed.body instanceof MessageBody) await collectBody(allowed.body, MAX_ROW_BYTES);
  const query = `?format=json&limit=${PAGE}&prefix=${encodeName(prefix)}&marker=${encodeName(marker)}`;
  const { all, oneOf, fenced } = await listSources({ account, container });
  const isNobody = all.length + oneOf.length + fenced.length === 0;
  const pageAt = (each: Source): Promise<readonly Row[]> =>
    listPage(each, swiftTarget(account, container) + query);
  const [certain, ...tried] = await Promise.all([
    Promise.all((isNobody ? [source] : all).map(pageAt)),
    ...oneOf.map((each) => pageAt(each).catch(ignoreTrouble)),
  ]);
  const told = tried.filter((page) => page !== undefined);
  const silent = told.length > 0 ? [] : [...oneOf.map(({ cluster }) => cluster), ...fenced];
  if (silent.length > 0) return notKnown(exchange, silent);
  const pages = [...certain, ...told];
  // Behind the end of a full page its cluster may have more.
  const end = pages
    .flatMap((rows) => (rows.length < PAGE ? [] : [rows.at(-1)?.name ?? '']))
    .sort(compareNames)[0];
  const newest = new Map<string, Row>();
  for (const row of pages.flat()) {
    const isIn = end === undefined || compareNames(row.name, end) <= 0;
    const known = newest.get(row.name);
    if (isIn && (known === undefined || row.last_modified > known.last_modified)) newest.set(row.name, row);
  }
  const rows = [...newest.values()].sort((a, b) => compareNames(a.name, b.name));
  return { rows, isLast: end === undefined };
}

interface Row extends ListedPart {
  readonly last_modified: string;
}

async function listPage({ cluster, ask }: Source, target: string): Promise<readonly Row[]> {
  const { status, reason, body } = await ask('GET', target);
  if (!isSuccess(status) && status !== 404)
    throw new AutosyncError('PEER_UNREACHABLE', `${cluster}: a listing: ${status} ${reason}`);
  return status === 200 ? (JSON.parse(body.toString('utf8')) as Row[]) : [];
}

function ignoreTrouble(error: unknown): undefined {
  if (!(error instanceof AutosyncError)) throw error;
}
