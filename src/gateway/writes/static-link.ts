// PUT of a symlink with X-Symlink-Target-Etag: Swift looks at the target before it stores the link (middleware/symlink.py). Where it
// cannot do so as the client, or the target is on other clusters, this gateway looks.
import type { Framing } from '../../http/head.js';
import { HeaderList } from '../../http/headers.js';
import { decodePath, parseObjectPath, quotePath, swiftTarget } from '../../swift/path.js';
import { isSuccess } from '../../swift/swift-client.js';
import { textAnswer, wholeAnswer } from '../answer.js';
import type { ObjectName } from '../reads/pointer.js';
import type { IncomingRequest, Next, OutgoingResponse } from '../station.js';
import { abandon, headersForOwn } from './object-write.js';
import { putVerified } from './store-verified.js';
import { writeElsewhere } from './write-elsewhere.js';
import type { Writing } from './writing.js';

interface StaticLink {
  readonly to: ObjectName;
  readonly etag: string;
}

export function isStaticLink({ method, headers }: Pick<IncomingRequest, 'method' | 'headers'>): boolean {
  const etag = headers.joined('x-symlink-target-etag') ?? '';
  return method === 'PUT' && headers.has('x-symlink-target') && etag.replaceAll('"', '') !== '';
}

/** The local Swift's answer; where it has not the target, what comes of looking for that on other clusters. @throws AutosyncError of the local Swift */
export async function putLinkHere(writing: Writing, name: ObjectName, next: Next): Promise<OutgoingResponse> {
  const headers = headersForOwn(writing.exchange.request.headers);
  const local = await next();
  if (local.status !== 409) return local;
  const refusal = await wholeAnswer(local);
  if (!lacksTarget(refusal)) return refusal;
  const link = linkIn(headers, name);
  const looked = link && (await look(writing, link));
  if (link === undefined || looked === undefined) return refusal;
  if ('status' in looked) return looked;
  const pointing = pointingTo(link, looked);
  return putVerified(writing, { name, headers, pointing, body: Buffer.alloc(0) }, undefined);
}

/** From the client's request, or what takes its place. @throws AutosyncError of the local Swift; a retry may help */
export async function putLinkElsewhere(
  writing: Writing,
  name: ObjectName,
  { framing, headers }: { readonly framing: Framing; readonly headers: HeaderList } = writing.exchange
    .request,
): Promise<OutgoingResponse> {
  const { exchange, site } = writing;
  if (framing.kind === 'chunked' || (framing.kind === 'length' && framing.length > 0))
    return textAnswer(exchange, 400, 'Symlink requests require a zero byte body');
  const link = linkIn(headers, name);
  if (link === undefined)
    return textAnswer(
      exchange,
      412,
      'X-Symlink-Target header must be of the form <container name>/<object name>',
    );
  const looked = await look(writing, link);
  if ('status' in looked) return looked;
  const holders = await writing.holders(await writing.where(name));
  const own = headersForOwn(headers);
  const write = writing.write(name, { headers: own });
  const answer = await wholeAnswer(await writeElsewhere(site, exchange, holders, write));
  if (!lacksTarget(answer)) return answer;
  const pointing = pointingTo(link, looked);
  return putVerified(writing, { name, headers: own, pointing, body: Buffer.alloc(0) }, holders);
}

/** Undefined where the headers do not name an object. */
function linkIn(headers: HeaderList, { account }: ObjectName): StaticLink | undefined {
  const target = headers.joined('x-symlink-target') ?? '';
  const path = decodePath(target)?.startsWith('/') === false ? parseObjectPath(target) : undefined;
  const other = headers.joined('x-symlink-target-account');
  const of = other === undefined ? account : decodePath(other);
  if (path === undefined || of === undefined || of === '' || of.includes('/')) return undefined;
  const etag = (headers.joined('x-symlink-target-etag') ?? '').replaceAll('"', '');
  return { to: { account: of, ...path }, etag };
}

interface Target {
  readonly bytes: string;
  readonly type: string | undefined;
}

/** As the client, and as Swift does: a link on the way is one if it is static. A refusal is an answer. */
async function look(writing: Writing, { to, etag }: StaticLink): Promise<Target | OutgoingResponse> {
  const { exchange, reading } = writing;
  const selection = new HeaderList();
  const { status, headers, body } = await reading.read({
    ...{ method: 'HEAD', name: to, query: '?symlink=get', selection },
  });
  abandon(body);
  const conflict = (text: string): OutgoingResponse => {
    const answer = textAnswer(exchange, 409, text);
    answer.headers.set('Content-Location', swiftTarget(to.account, to.container, to.object));
    return { ...answer, body: Buffer.from(text) };
  };
  if (status === 404) return conflict('X-Symlink-Target does not exist');
  if (!isSuccess(status)) return textAnswer(exchange, status, 'The target of the link cannot be looked at.');
  const shown = headers.get('x-symlink-target-etag') ?? headers.get('x-manifest-etag') ?? headers.get('etag');
  const found = (shown ?? '').replaceAll('"', '');
  if (found !== etag)
    return conflict(`Object Etag '${found}' does not match X-Symlink-Target-Etag header '${etag}'`);
  return {
    bytes: headers.get('x-symlink-target-bytes') ?? headers.get('content-length') ?? '0',
    type: headers.get('content-type'),
  };
}

function pointingTo({ to, etag }: StaticLink, { bytes }: Target): HeaderList {
  return HeaderList.from([
    ['X-Symlink-Target', quotePath(`${to.container}/${to.object}`)],
    ['X-Symlink-Target-Account', quotePath(to.account)],
    ['X-Symlink-Target-Etag', etag],
    ['X-Symlink-Target-Bytes', bytes],
  ]);
}

function lacksTarget({ status, body }: OutgoingResponse): boolean {
  return status === 409 && Buffer.isBuffer(body) && body.toString('utf8').includes('X-Symlink-Target');
}
