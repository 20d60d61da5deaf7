// Static Large Objects, put together here as Swift would (common/middleware/slo.py): their manifest came from another cluster.
import type { HeaderList } from '../../../http/headers.js';
import type { OutgoingResponse } from '../../station.js';
import type { Piece } from './joined-body.js';
import {
  answerWith,
  conditionalAnswer,
  headAnswer,
  keptHeaders,
  rangeOutline,
  rangesOutline,
  unsatisfiable,
  unusableManifest,
  wholeOutline,
  type LargeObjectRead,
  type Manifest,
} from './answer.js';
import { parseRange, satisfiable, type Span } from './ranges.js';
import { etagOf, lengthOf, parseSegments, piecesOf, type Segment } from './segments.js';

export interface SloManifest extends Manifest {
  /** Its JSON, as stored. */
  readonly body: Buffer;
}

/** Swift's answer for the large object. @throws what `readPart` throws for the first segment */
export async function answerSlo(read: LargeObjectRead, manifest: SloManifest): Promise<OutgoingResponse> {
  const { exchange, request } = read;
  const segments = parseSegments(manifest.body);
  if (segments === undefined) return unusableManifest(exchange, 'it is not a list of segments');
  const headers = keptHeaders(manifest);
  const manifestEtag = headers.get('etag');
  if (manifestEtag !== undefined) headers.set('X-Manifest-Etag', manifestEtag);
  headers.set('Etag', `"${etagOf(segments)}"`);
  const early = conditionalAnswer(request.headers, headers);
  if (early !== undefined) return early;
  if (request.method === 'HEAD') return headAnswer(headers, lengthOf(segments));
  return answerGet(read, manifest.account, segments, headers);
}

async function answerGet(
  read: LargeObjectRead,
  account: string,
  segments: readonly Segment[],
  headers: HeaderList,
): Promise<OutgoingResponse> {
  const length = lengthOf(segments);
  const asked = parseRange(read.request.headers);
  const spans = asked && satisfiable(asked, length);
  if (spans?.length === 0) return unsatisfiable(read.exchange, length, headers);
  const [span] = spans ?? [];
  // A suffix of nothing is all of it.
  if (spans === undefined || span === undefined || length === 0)
    return answerWith(
      read,
      wholeOutline(headers, length),
      piecesOf(account, segments, { start: 0, end: length }),
    );
  if (spans.length === 1)
    return answerWith(read, rangeOutline(headers, span, length), piecesOf(account, segments, span));
  const { outline, before, last } = rangesOutline(headers, spans, length);
  const pieces = (wanted: Span): Iterable<Piece> => piecesOf(account, segments, wanted);
  return answerWith(read, outline, inMultipart(spans, pieces, before, last));
}

function* inMultipart(
  spans: readonly Span[],
  pieces: (wanted: Span) => Iterable<Piece>,
  before: readonly Buffer[],
  last: Buffer,
): Generator<Piece> {
  for (const [i, span] of spans.entries()) {
    yield before[i] as Buffer;
    yield* pieces(span);
  }
  yield last;
}
