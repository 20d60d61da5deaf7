// The local Swift's answer to a GET or HEAD of an account, with what other clusters add to it. Knows nothing of how these are asked.
import { collectBody, MessageBody } from '../../../http/message-body.js';
import { untilAborted } from '../../../lib/time-limit.js';
import { swiftTarget } from '../../../swift/path.js';
import { isSuccess } from '../../../swift/swift-client.js';
import { relay } from '../../answer.js';
import { rightsFor, type Site } from '../../site.js';
import type { Exchange, OutgoingResponse } from '../../station.js';
import { ClientRights } from '../client-rights.js';
import { localAccount, MAX_PAGE_BYTES, type AccountAnswer, type AccountSource } from './account-source.js';
import { joinPage } from './joined-page.js';
import { addedBy, type OthersAdd } from './others-add.js';
import { pageTarget, readPageQuery, type PageQuery } from './page-query.js';
import { formatOf, parseJsonRows, parseXmlRows, renderRows, type Format, type Row } from './rows.js';
import { isSameTotals, NOTHING, setTotals, sumOf, type Totals } from './totals.js';

/** A cluster's answer to the same question. */
export interface Said {
  readonly source: AccountSource;
  readonly answer: AccountAnswer;
}

export interface Completing {
  readonly site: Site;
  readonly exchange: Exchange;
  readonly account: string;
  /** In the local answer. */
  readonly totals: Totals;
  readonly said: readonly Said[];
  readonly othersAdd: OthersAdd;
  /** Nothing is waited for beyond that. */
  readonly signal: AbortSignal;
}

export interface Completed {
  readonly answer: OutgoingResponse;
  /** Clusters of which something may be missing in it. */
  readonly unknown: readonly string[];
}

/** @throws AutosyncError of the local Swift, where it breaks its answer off; a retry may help */
export async function completed(local: OutgoingResponse, request: Completing): Promise<Completed> {
  if (request.exchange.request.method === 'GET') return completedListing(local, request);
  if (areTotalsSame(request)) return { answer: local, unknown: [] };
  const [isAllowed, added] = await Promise.all([mayRead(request), askWhatOthersAdd(request)]);
  return isAllowed ? withTotals(local, added, request) : { answer: local, unknown: [] };
}

async function completedListing(local: OutgoingResponse, request: Completing): Promise<Completed> {
  const format = formatOf(local.headers.get('content-type'));
  if (format === undefined || !isCollectable(local)) return { answer: local, unknown: [] };
  // A text listing's rows are asked for with the client's own rights. Where the totals differ, so will the rows.
  const checking = format === 'text' ? ALLOWED : areTotalsSame(request) ? undefined : mayRead(request);
  const body = await bodyOf(local);
  const answer = relay({ ...local, body });
  const query = readPageQuery(request.account, request.exchange.request.target);
  const here = await rowsHere(body, format, query, request);
  if (here === undefined) return { answer, unknown: [] };
  const { site, exchange, said, signal } = request;
  const source = localAccount(site, rightsFor(site, exchange));
  const first = { source, rows: here, containers: request.totals.containers };
  const others = said.map((each) => ({
    ...{ source: each.source, rows: each.answer.rows, containers: each.answer.totals.containers },
  }));
  const page = await joinPage(site, query, [first, ...others], signal);
  const added = page.isWhole ? addedBy(page.rows) : await askWhatOthersAdd(request);
  const isSame = page.rows.length === here.length && !page.rows.some(({ isOthers }) => isOthers);
  const isNothing = isSame && added !== undefined && isSameTotals(added, NOTHING);
  if (isNothing || !(await (checking ?? mayRead(request)))) return { answer, unknown: page.unknown };
  const rows = page.rows.map(({ row }) => row);
  const shown = isSame ? answer : relay({ ...local, ...OK, body: renderRows(rows, format, body) });
  const { unknown, ...rest } = withTotals(shown, added, request);
  return { ...rest, unknown: [...unknown, ...page.unknown] };
}

const ALLOWED = Promise.resolve(true);
/** An empty text listing is a 204. */
const OK = { status: 200, reason: 'OK' } as const;

/** What the local Swift listed; undefined where that is not to be completed. */
async function rowsHere(
  body: Buffer,
  format: Format,
  query: PageQuery,
  request: Completing,
): Promise<readonly Row[] | undefined> {
  if (format === 'json') return parseJsonRows(body);
  if (format === 'xml') return parseXmlRows(body);
  // Text tells neither numbers nor, where they have line ends in them, names.
  const isSame = request.said.every(({ answer: { rows } }) => renderRows(rows, format, body).equals(body));
  if (isSame && areTotalsSame(request)) return undefined;
  const answer = await asClient(request, 'GET', pageTarget(query));
  return answer === undefined || !isCollectable(answer) ? undefined : parseJsonRows(await bodyOf(answer));
}

function areTotalsSame({ said, totals }: Completing): boolean {
  return said.every(({ answer }) => isSameTotals(answer.totals, totals));
}

/** Undefined where it is not known in time. Where all clusters count the same, nobody is asked. */
async function askWhatOthersAdd(request: Completing): Promise<Totals | undefined> {
  if (areTotalsSame(request)) return NOTHING;
  const { site, exchange, account, said, othersAdd, signal } = request;
  const here = localAccount(site, rightsFor(site, exchange));
  const others = said.map(({ source }) => source);
  return untilAborted(signal, othersAdd.find(account, { here, others }));
}

function withTotals(answer: OutgoingResponse, added: Totals | undefined, request: Completing): Completed {
  if (added === undefined) return { answer, unknown: request.said.map(({ source: { cluster } }) => cluster) };
  setTotals(answer.headers, sumOf(request.totals, added));
  return { answer, unknown: [] };
}

/** Swift may have taken the client's own request for one of another account. */
async function mayRead(request: Completing): Promise<boolean> {
  return (await asClient(request, 'HEAD', swiftTarget(request.account))) !== undefined;
}

/** The local Swift's answer to a question in the client's name; undefined where it is no success. */
async function asClient(
  { site, exchange }: Completing,
  method: 'GET' | 'HEAD',
  target: string,
): Promise<OutgoingResponse | undefined> {
  // Whatever goes wrong: it was not said that the client may.
  const answer = await new ClientRights(site, exchange).ask(method, target).catch(() => undefined);
  if (answer === undefined || isSuccess(answer.status)) return answer;
  if (answer.body instanceof MessageBody) answer.body.abandon();
  return undefined;
}

function isCollectable({ status, headers }: OutgoingResponse): boolean {
  const length = headers.get('content-length');
  return status === 204 || (length !== undefined && Number(length) <= MAX_PAGE_BYTES);
}

async function bodyOf({ body }: OutgoingResponse): Promise<Buffer> {
  return body instanceof MessageBody ? collectBody(body, MAX_PAGE_BYTES) : (body ?? Buffer.alloc(0));
}
