// Dynamic Large Objects, put together here as Swift would (common/middleware/dlo.py): their manifest came from another cluster.
import { createHash } from 'node:crypto';
import { MessageBody } from '../../../http/message-body.js';
import { AutosyncError } from '../../../lib/errors.js';
import { decodePath } from '../../../swift/path.js';
import type { OutgoingResponse } from '../../station.js';
import type { Piece } from './joined-body.js';
import {
  answerWith,
  chunkedOutline,
  conditionalAnswer,
  headAnswer,
  keptHeaders,
  rangeOutline,
  unsatisfiable,
  unusableManifest,
  wholeOutline,
  type LargeObjectRead,
  type Manifest,
  type Outline,
} from './answer.js';
import { parseRange, satisfiable, type AskedRange, type Span } from './ranges.js';
import { cut, rangeOf } from './segments.js';

/** One object of a container's listing; `hash` is its ETag. */
export interface ListedPart {
  readonly name: string;
  readonly bytes: number;
  readonly hash: string;
}

/** A page of a listing. */
export interface ListedParts {
  readonly rows: readonly ListedPart[];
  /** Nothing comes after it. */
  readonly isLast: boolean;
}

export interface ListingQuery {
  readonly account: string;
  readonly container: string;
  readonly prefix: string;
  /** The name after which the page begins; empty: at the beginning. */
  readonly marker: string;
}

/** Lists with the client's own rights. A refusal is the answer that Swift gave. */
export type ListParts = (query: ListingQuery) => Promise<ListedParts | OutgoingResponse>;

export interface DloRead extends LargeObjectRead {
  readonly listParts: ListParts;
}

/** What the first page of the listing says. */
interface Listed {
  readonly query: ListingQuery;
  readonly page: ListedParts;
  /** Of what is in the page. */
  readonly lengthBytes: number;
}

const ALL: Span = { start: 0, end: Infinity };

/** Swift's answer for the large object. @throws what `listParts` and `readPart` throw for the first page and the first segment */
export async function answerDlo(read: DloRead, manifest: Manifest): Promise<OutgoingResponse> {
  const { exchange, request, listParts } = read;
  const query = queryOf(manifest);
  if (query === undefined) return unusableManifest(exchange, 'it names no container and prefix');
  const page = await listParts(query);
  if ('status' in page) return request.method === 'HEAD' ? withoutBody(page) : page;
  const listed = { query, page, lengthBytes: page.rows.reduce((length, { bytes }) => length + bytes, 0) };
  const span = wantedOf(parseRange(request.headers), listed);
  if (span === 'none') {
    const refusal = unsatisfiable(exchange, listed.lengthBytes);
    return request.method === 'HEAD' ? withoutBody(refusal) : refusal;
  }
  const headers = keptHeaders(manifest);
  if (page.isLast) headers.set('Etag', `"${etagOf(page.rows)}"`);
  const early = conditionalAnswer(request.headers, headers);
  if (early !== undefined) return early;
  if (request.method === 'HEAD')
    return headAnswer(headers, page.isLast || span !== undefined ? listed.lengthBytes : undefined);
  let outline: Outline;
  if (span !== undefined && listed.lengthBytes > 0) outline = rangeOutline(headers, span, listed.lengthBytes);
  else if (page.isLast) outline = wholeOutline(headers, listed.lengthBytes);
  else outline = chunkedOutline(headers);
  return answerWith(read, outline, piecesOf(listed, listParts, span ?? ALL));
}

/** Undefined where the header has another form than Swift lets it have. */
function queryOf({ account, headers }: Manifest): ListingQuery | undefined {
  const [, container, prefix] =
    /^([^/]+)\/(.*)$/s.exec(decodePath(headers.get('x-object-manifest') ?? '') ?? '') ?? [];
  if (container === undefined || prefix === undefined) return undefined;
  return { account, container, prefix, marker: '' };
}

function etagOf(rows: readonly ListedPart[]): string {
  const etag = createHash('md5');
  for (const { hash } of rows) etag.update(hash.replace(/^"(.*)"$/, '$1'));
  return etag.digest('hex');
}

/**
 * The bytes that are wanted; undefined: all, since Swift honours one range only, and only where the first page says that it can
 * be satisfied. The length of more than a page is not known: Swift gives the page's.
 */
function wantedOf(
  ranges: readonly AskedRange[] | undefined,
  { page, lengthBytes }: Listed,
): Span | 'none' | undefined {
  const [range] = ranges ?? [];
  if (range === undefined || ranges?.length !== 1) return undefined;
  const isInPage = range.first !== undefined && range.last !== undefined && range.last + 1 < lengthBytes;
  if (!page.isLast && !isInPage) return undefined;
  return satisfiable([range], lengthBytes)[0] ?? 'none';
}

async function* piecesOf({ query, page }: Listed, list: ListParts, wanted: Span): AsyncGenerator<Piece> {
  let at = 0;
  let current = page;
  while (at < wanted.end) {
    for (const row of current.rows) {
      const span = cut(wanted, at, row.bytes);
      if (span !== undefined) yield pieceOf(query, row, span);
      at += row.bytes;
    }
    const last = current.rows.at(-1);
    if (current.isLast || last === undefined) return;
    current = await nextPage(list, { ...query, marker: last.name });
  }
}

/** Clusters may differ: the segment that was listed is the one to be read, as its length and ETag have been announced. */
function pieceOf({ account, container }: ListingQuery, { name, bytes, hash }: ListedPart, span: Span): Piece {
  const etag = hash.replace(/^"(.*)"$/, '$1');
  const toRead = {
    account,
    container,
    object: name,
    range: rangeOf(span, bytes),
    etag,
    isLargeObject: false,
  };
  return { toRead, lengthBytes: span.end - span.start };
}

async function nextPage(list: ListParts, query: ListingQuery): Promise<ListedParts> {
  const page = await list(query);
  if (!('status' in page)) return page;
  if (page.body instanceof MessageBody) page.body.abandon();
  throw new AutosyncError(
    'UPSTREAM_BROKEN',
    `Listing the segments in ${query.container}: ${page.status} ${page.reason}.`,
  );
}

function withoutBody(answer: OutgoingResponse): OutgoingResponse {
  if (answer.body instanceof MessageBody) answer.body.abandon();
  const headers = answer.headers.clone();
  headers.remove('transfer-encoding');
  headers.set('Content-Length', '0');
  return { ...answer, headers, body: undefined };
}
