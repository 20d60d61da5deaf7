// PUT of a static large object's manifest where Swift cannot look at the segments as the client: those are looked at here, wherever they
// are, with the client's own rights. Only then goes the manifest to a cluster that holds its container.
import { eachLimited } from '../../../lib/each-limited.js';
import { HeaderList } from '../../../http/headers.js';
import { collectBody, MessageBody } from '../../../http/message-body.js';
import { AutosyncError } from '../../../lib/errors.js';
import { bulkFormat, readProblems, renderBulk, type Problem } from '../../../swift/bulk-answer.js';
import { queryParameter, quotePath } from '../../../swift/path.js';
import { isTrue } from '../../../swift/truth.js';
import { textAnswer, wholeAnswer } from '../../answer.js';
import { ClientRights } from '../../reads/client-rights.js';
import { etagOf, parseSegments } from '../../reads/large-object/segments.js';
import type { ObjectName } from '../../reads/pointer.js';
import type { Next, OutgoingResponse } from '../../station.js';
import { headersForOwn, type ObjectWrite } from '../object-write.js';
import {
  checkManifest,
  faultIn,
  MAX_MANIFEST_BYTES,
  parseManifest,
  type CheckedManifest,
  type Found,
} from './slo-manifest.js';
import { sloLimits } from './slo-limits.js';
import { putVerified } from '../store-verified.js';
import { writeElsewhere, type Holders } from '../write-elsewhere.js';
import type { Writing } from '../writing.js';

const CONCURRENCY = 8;
const MAX_REFUSAL_BYTES = 8 * 1024 * 1024;

/** The local Swift's answer; where it lacks segments, what comes of looking for them on other clusters. @throws AutosyncError of the local Swift */
export async function putManifestHere(
  writing: Writing,
  name: ObjectName,
  next: Next,
): Promise<OutgoingResponse> {
  const { request } = writing.exchange;
  const chunks: Buffer[] = [];
  let keptBytes = 0;
  request.body.watch({
    data: (chunk) => {
      keptBytes += chunk.length;
      if (keptBytes <= MAX_MANIFEST_BYTES) chunks.push(Buffer.from(chunk));
    },
    end: () => undefined,
  });
  const headers = headersForOwn(request.headers);
  const local = await next();
  const { body } = local;
  if (!(body instanceof MessageBody) || keptBytes > MAX_MANIFEST_BYTES) return local;
  const refusal = { ...local, body: local.status === 400 ? await body.gather(MAX_REFUSAL_BYTES) : undefined };
  const manifest = Buffer.concat(chunks);
  if (!lacksSegments(refusal, manifest)) return local;
  const stored = await storeHere(writing, name, headers, manifest);
  // Framed as Swift frames it.
  if (Buffer.isBuffer(stored.body) && refusal.body?.equals(stored.body) === true) return local;
  body.abandon();
  return stored;
}

/** From the client's own request. @throws AutosyncError of the local Swift; a retry may help */
export async function putManifestElsewhere(writing: Writing, name: ObjectName): Promise<OutgoingResponse> {
  const { exchange } = writing;
  const { request } = exchange;
  const refusal = await new ClientRights(writing.site, exchange).refusalOf('PUT', name);
  if (refusal !== undefined) return refusal;
  const { maxBytes } = await sloLimits(writing.site);
  const tooLarge = (): OutgoingResponse => textAnswer(exchange, 413, `Manifest File > ${maxBytes} bytes`);
  if (request.framing.kind === 'none') return textAnswer(exchange, 411, 'Missing Content-Length header.');
  if (request.framing.kind === 'length' && request.framing.length > maxBytes) return tooLarge();
  if (request.expectsContinue) request.inform(100, 'Continue', new HeaderList());
  try {
    const manifest = await collectBody(request.body, maxBytes);
    return await putManifest(writing, name, headersForOwn(request.headers), manifest);
  } catch (error) {
    if (error instanceof AutosyncError && error.code === 'BODY_TOO_LARGE') return tooLarge();
    throw error;
  }
}

/** Wherever the manifest belongs. @param headers for the new object @throws AutosyncError of the local Swift; a retry may help */
export async function putManifest(
  writing: Writing,
  name: ObjectName,
  headers: HeaderList,
  manifest: Buffer,
): Promise<OutgoingResponse> {
  const where = await writing.where(name);
  const plain = writing.write(name, { headers, body: manifest });
  const query = '?multipart-manifest=put';
  const write: ObjectWrite = { ...plain, target: plain.target + query, query };
  if (where.isHere) {
    const refusal = await wholeAnswer(await writing.doHere(write), MAX_REFUSAL_BYTES);
    if (!lacksSegments(refusal, manifest)) return refusal;
    return storeHere(writing, name, headers, manifest);
  }
  const checked = await check(writing, name, manifest);
  if ('status' in checked) return checked;
  const holders = await preferred(writing, await writing.holders(where), checked);
  const { site, exchange } = writing;
  const sent = await wholeAnswer(
    await writeElsewhere(site, exchange, holders, { ...write, body: checked.manifest.toPut, isLong: true }),
    MAX_REFUSAL_BYTES,
  );
  if (!lacksSegments(sent, manifest)) return asAsked(writing, sent);
  return store(writing, name, headers, checked, holders);
}

interface Checked {
  readonly manifest: CheckedManifest;
  /** Why nobody but Swift may store it: it would not. */
  readonly fault: string | undefined;
  /** Of its segments, each once. */
  readonly containers: readonly ObjectName[];
}

/** Each segment is read as Swift would, with the client's rights and nobody else's. */
async function check(writing: Writing, self: ObjectName, bytes: Buffer): Promise<Checked | OutgoingResponse> {
  const { exchange, reading, site } = writing;
  const manifest = parseManifest(bytes);
  if (typeof manifest === 'string') return textAnswer(exchange, 400, manifest);
  const { maxSegments } = await sloLimits(site);
  if (manifest.namedCount > maxSegments)
    return textAnswer(exchange, 413, `Number of object-backed segments must be <= ${maxSegments}`);
  const found = new Map<string, Found>();
  await eachLimited(manifest.segments, CONCURRENCY, async ({ path, container, object }) => {
    const name = { account: self.account, container, object };
    const answer = await reading.read({ method: 'HEAD', name, query: '', selection: new HeaderList() });
    if (answer.body instanceof MessageBody) answer.body.abandon();
    found.set(path, answer);
  });
  const checked = checkManifest(manifest, found);
  if ('stored' in checked) {
    const containers = new Map(
      manifest.segments.map((each) => [each.container, { account: self.account, ...each }]),
    );
    return { manifest: checked, fault: faultIn(manifest, self), containers: [...containers.values()] };
  }
  return asAsked(writing, problemAnswer(writing, checked));
}

/** Those first that hold all segments too: their Swift can look at them. */
async function preferred(writing: Writing, holders: Holders, { containers }: Checked): Promise<Holders> {
  const places = await Promise.all(containers.map((name) => writing.where(name)));
  const lacking = (peer: Holders['peers'][number]): number =>
    places.filter(({ peers }) => !peers.includes(peer)).length;
  return { ...holders, peers: [...holders.peers].sort((a, b) => lacking(a) - lacking(b)) };
}

/** Undefined where there is nothing to be done: the container takes no part in container sync. */
async function storeHere(
  writing: Writing,
  name: ObjectName,
  headers: HeaderList,
  manifest: Buffer,
): Promise<OutgoingResponse> {
  const checked = await check(writing, name, manifest);
  return 'status' in checked ? checked : store(writing, name, headers, checked, undefined);
}

/** The cluster of the manifest has not all segments: it is stored as container sync brings one, which nobody checks again. */
async function store(
  writing: Writing,
  name: ObjectName,
  headers: HeaderList,
  { manifest: { stored }, fault }: Checked,
  holders: Holders | undefined,
): Promise<OutgoingResponse> {
  if (fault !== undefined) return asAsked(writing, textAnswer(writing.exchange, 400, fault));
  const etag = etagOf(parseSegments(stored) ?? []);
  const wanted = headers.get('etag')?.replaceAll('"', '');
  if (wanted !== undefined && wanted !== '' && wanted !== etag) return asAsked(writing, wrongEtag(writing));
  const pointing = HeaderList.from([['X-Static-Large-Object', 'True']]);
  const answer = await putVerified(writing, { name, headers, pointing, body: stored }, holders);
  if (answer.status === 201) answer.headers.set('Etag', `"${etag}"`);
  return asAsked(writing, answer);
}

/** In Swift's words (common/swob.py). */
function wrongEtag({ exchange }: Writing): OutgoingResponse {
  const answer = textAnswer(exchange, 422, '');
  answer.headers.set('Content-Type', 'text/html; charset=UTF-8');
  const why = 'Unable to process the contained instructions';
  return { ...answer, body: Buffer.from(`<html><h1>Unprocessable Entity</h1><p>${why}</p></html>`) };
}

const LACKING = new Set(['404 Not Found', 'Size Mismatch', 'Etag Mismatch']);

/** Swift says that segments are not there, or not those: it found nothing wrong in the manifest itself, whatever that holds. */
function lacksSegments({ status, body }: OutgoingResponse, manifest: Buffer): boolean {
  if (status !== 400 || !Buffer.isBuffer(body)) return false;
  const parsed = parseManifest(manifest);
  if (typeof parsed === 'string') return false;
  const asked = new Set(parsed.segments.map(({ path }) => quotePath(path)));
  return readProblems(body.toString('utf8')).some(([name, what]) => asked.has(name) && LACKING.has(what));
}

function problemAnswer({ exchange }: Writing, problems: readonly Problem[]): OutgoingResponse {
  const format = bulkFormat(exchange.request.headers.get('accept'));
  const answer = textAnswer(exchange, 400, '');
  answer.headers.set('Content-Type', format);
  return { ...answer, body: renderBulk(format, {}, problems, 'upload') };
}

/** With `heartbeat` Swift says 202 before it looks, and what came of it in the body. */
function asAsked({ exchange }: Writing, answer: OutgoingResponse): OutgoingResponse {
  const { target, headers } = exchange.request;
  if (!isTrue(queryParameter(target, 'heartbeat')) || answer.status >= 500) return answer;
  const format = bulkFormat(headers.get('accept'));
  const text = Buffer.isBuffer(answer.body) ? answer.body.toString('utf8') : '';
  const said: Record<string, string> = { 'Response Status': `${answer.status} ${answer.reason}` };
  said['Response Body'] = text;
  const etag = answer.headers.get('etag');
  const modified = answer.headers.get('last-modified');
  if (answer.status === 201 && etag !== undefined) said['Etag'] = etag;
  if (answer.status === 201 && modified !== undefined) said['Last Modified'] = modified;
  const accepted = textAnswer(exchange, 202, '');
  accepted.headers.set('Content-Type', format);
  return { ...accepted, body: renderBulk(format, said, [], 'upload') };
}
