// The way of one read past the local Swift. That has authorised the very request by then: it said 404, not 401 or 403. Peers are read
// raw, by the gateways' own rights; so what an object points to is read by requests of its own, with the client's rights, through the
// local Swift again. A TempURL's rights are good for one object only: such a request goes to the peer as it is.
import { localSource, peerSource } from '../../converge/cluster-listing.js';
import { peerMember } from '../../converge/object-member.js';
import { formatRequestHead, removeHopByHop } from '../../http/head.js';
import { HeaderList } from '../../http/headers.js';
import { collectBody, MessageBody } from '../../http/message-body.js';
import { AutosyncError } from '../../lib/errors.js';
import { asClient, type Peer } from '../../peers/peer.js';
import { queryParameter, swiftTarget } from '../../swift/path.js';
import { isSuccess } from '../../swift/swift-client.js';
import { parseTimestamp } from '../../swift/timestamp.js';
import type { DeletionAnswer } from '../../sync/probe.js';
import { relay, textAnswer } from '../answer.js';
import { rightsFor } from '../site.js';
import type { Exchange, OutgoingResponse } from '../station.js';
import { findCopy, isServed, SERVED_BY, type FoundCopy, type Question } from './find-copy.js';
import type { PartToRead } from './large-object/joined-body.js';
import { answerLarge } from './large-object/elsewhere.js';
import type { ObjectReads } from './object-reads.js';
import { pointerIn, rawQuery, type ObjectName, type Pointer } from './pointer.js';
import type { Where } from './where.js';

const PARTIAL = 'X-Autosync-Partial';
/** As Swift's symlinks do by default (middleware/symlink.py, symloop_max). */
const MAX_LINKS = 2;
/** As Swift's large objects are nested at most (middleware/slo.py, MAX_RECURSION_DEPTH). */
const MAX_NESTING = 10;
const MAX_REFUSAL_BYTES = 1_048_576;
/** What of a client's request decides what it gets of an object. */
const SELECTING = new Set([
  ...['range', 'if-range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'],
  'origin',
]);
const CONDITIONAL = new Set([304, 412, 416]);

/** One object, as the client asked for it or as a pointer led there. */
export interface Read {
  readonly method: 'GET' | 'HEAD';
  readonly name: ObjectName;
  /** The client's own, with `?`, or ''. */
  readonly query: string;
  readonly headers: HeaderList;
  /** Symlinks followed so far. */
  readonly links: number;
  /** Large objects that it is a part of. */
  readonly nesting: number;
}

export class Reading {
  readonly #reads: ObjectReads;
  readonly #exchange: Exchange;

  constructor(reads: ObjectReads, exchange: Exchange) {
    this.#reads = reads;
    this.#exchange = exchange;
  }

  /** The local answer, where nobody has what it lacks. @throws AutosyncError of the local Swift; a retry may help */
  async afterLocal(read: Read, local: OutgoingResponse): Promise<OutgoingResponse> {
    if (local.status === 409 && read.method === 'GET') return this.#completeLocal(read, local);
    if (local.status !== 404) return local;
    const refusal = await whole(local);
    const where = await this.#reads.places.find(read.name);
    const key = keyOf(read.name);
    if (where.peers.length === 0 || this.#reads.missed.get(key) === true) return refusal;
    const peers = await this.#reads.places.inOrder(where);
    const { found, unknown } = await this.#search(read, peers);
    if (found !== undefined) return this.#serveUnlessDeleted(read, found, where, refusal);
    if (unknown.length === 0) {
      this.#reads.missed.set(key, true);
      return refusal;
    }
    // Where its objects are elsewhere, only those clusters know.
    if (!where.isHere) return this.#notKnown(unknown);
    refusal.headers.set(PARTIAL, unknown.join(', '));
    return refusal;
  }

  /** The newest there is on any of its clusters. @throws AutosyncError of the local Swift; a retry may help */
  async newest(read: Read, local: OutgoingResponse): Promise<OutgoingResponse> {
    if (local.status !== 404 && !isServed(local.status)) return local;
    const where = await this.#reads.places.find(read.name);
    const peers = await this.#reads.places.inOrder(where);
    const dates = await Promise.all(peers.map((peer) => this.#dateAt(peer, read.name)));
    const ours = local.status === 404 ? 0n : await this.#dateHere(read, local);
    const best = peers
      .map((peer, i) => ({ peer, ticks: dates[i] ?? 0n }))
      .reduce<{ peer?: Peer; ticks: bigint }>((a, b) => (b.ticks > a.ticks ? b : a), { ticks: ours });
    if (best.peer === undefined) {
      const without = peers.filter((_, i) => dates[i] === undefined);
      const deletedAt = ours === 0n ? undefined : await this.#deletedSince(without, read.name, ours);
      if (deletedAt === undefined) return local;
      abandon(local);
      return textAnswer(this.#exchange, 404, `It was deleted on ${deletedAt}.`);
    }
    const { found } = await this.#search(read, [best.peer]);
    if (found === undefined) return local;
    if (local.status === 404) return this.#serveUnlessDeleted(read, found, where, await whole(local));
    abandon(local);
    return this.#serve(read, found);
  }

  #search(read: Read, peers: readonly Peer[]): ReturnType<typeof findCopy> {
    const { hedgeDelayMs, timeoutMs } = this.#reads.site.options.reads;
    return findCopy(peers, this.#question(read), { hedgeDelayMs, timeoutMs, isFound: isServed });
  }

  #question({ method, name, query, headers }: Read): Question {
    const target = swiftTarget(name.account, name.container, name.object);
    if (isTempUrl(query)) {
      return { method, target: this.#exchange.request.target, headers: asClient(headers) };
    }
    const selection = headers.clone();
    selection.removeWhere((header) => !SELECTING.has(header));
    return { method, target: target + rawQuery(query), headers: selection };
  }

  async #serveUnlessDeleted(
    read: Read,
    found: FoundCopy,
    { isHere }: Where,
    refusal: OutgoingResponse,
  ): Promise<OutgoingResponse> {
    if (isHere && (await this.#isDeletedHere(read.name, found))) {
      found.response.body.abandon();
      return refusal;
    }
    return this.#serve(read, found);
  }

  /** Also where that cannot be told. @throws AutosyncError of the local Swift */
  async #isDeletedHere(name: ObjectName, { peer, response }: FoundCopy): Promise<boolean> {
    const { site, objects } = this.#reads;
    const known = await site.containerKeys.get(name, rightsFor(site, this.#exchange));
    // Of what a link led to there, the answer tells the date of that.
    const isLed = response.headers.has('content-location');
    const ticks = isLed
      ? await this.#dateAt(peer, name)
      : parseTimestamp(response.headers.get('x-timestamp') ?? '');
    if (known === undefined || ticks === undefined) return true;
    const verdict = await objects.probe(name, known.key, ticks);
    return verdict !== 'never-here' && verdict !== 'here';
  }

  async #serve(read: Read, found: FoundCopy): Promise<OutgoingResponse> {
    const { peer, response } = found;
    this.#reads.site.counters.add('reads_from_peers:lacking');
    const pointer = isTempUrl(read.query) ? undefined : await this.#pointerOf(read, found);
    if (pointer === undefined) {
      removeHopByHop(response.headers);
      response.headers.set(SERVED_BY, peer.name);
      return response;
    }
    response.body.abandon();
    return this.#follow(read, pointer, peer);
  }

  async #pointerOf({ name, query }: Read, { peer, response }: FoundCopy): Promise<Pointer | undefined> {
    if (!CONDITIONAL.has(response.status)) return pointerIn(response.headers, name, query);
    // Conditions held against a pointer's own bytes say nothing of what it points to.
    const target = swiftTarget(name.account, name.container, name.object) + rawQuery(query);
    const asked = await peer.send({ method: 'HEAD', target });
    return asked.kind === 'answer' ? pointerIn(asked.answer.headers, name, query) : undefined;
  }

  /** @param peer that has it; undefined: this cluster itself */
  #follow(read: Read, pointer: Pointer, peer: Peer | undefined): Promise<OutgoingResponse> {
    if (pointer.kind === 'symlink') return this.#followLink(read, pointer);
    if (read.nesting > MAX_NESTING)
      return Promise.resolve(textAnswer(this.#exchange, 409, 'Too many large objects in each other.'));
    const { site } = this.#reads;
    const { log } = site;
    return answerLarge(
      peer === undefined ? localSource(site) : peerSource(peer),
      read,
      pointer.kind,
      { exchange: this.#exchange, log, readPart: (part) => this.#readPart(read, part) },
      (target) => this.#askHere('GET', target, withoutSelection(read.headers)),
    );
  }

  /** With the client's own rights. */
  #readPart(
    { headers, nesting }: Read,
    { account, container, object, range, isLargeObject }: PartToRead,
  ): Promise<OutgoingResponse> {
    const asked = withoutSelection(headers);
    if (range !== undefined) asked.set('Range', `bytes=${range.join('-')}`);
    const query = isLargeObject ? '' : '?multipart-manifest=get';
    const name = { account, container, object };
    return this.#read({ method: 'GET', name, query, headers: asked, links: 0, nesting: nesting + 1 });
  }

  async #followLink(read: Read, { to, etag }: Pointer & { kind: 'symlink' }): Promise<OutgoingResponse> {
    const location = swiftTarget(to.account, to.container, to.object);
    const conflict = (text: string): OutgoingResponse => {
      const answer = textAnswer(this.#exchange, 409, text);
      answer.headers.set('Content-Location', location);
      return answer;
    };
    if (read.links >= MAX_LINKS)
      return conflict(`Too many levels of symbolic links, maximum allowed is ${MAX_LINKS}`);
    const target = await this.#read({ ...read, name: to, links: read.links + 1 });
    const found = target.headers.get('etag');
    if (etag !== undefined && found !== undefined && isServed(target.status) && unquoted(found) !== etag) {
      abandon(target);
      return conflict(`Object Etag '${found}' does not match X-Symlink-Target-Etag header '${etag}'`);
    }
    if (!target.headers.has('content-location')) target.headers.set('Content-Location', location);
    return target;
  }

  /** With the client's own rights: here, or else elsewhere. */
  async #read(read: Read): Promise<OutgoingResponse> {
    const { account, container, object } = read.name;
    const target = swiftTarget(account, container, object) + read.query;
    return this.afterLocal(read, await this.#askHere(read.method, target, read.headers));
  }

  async #askHere(method: string, target: string, headers: HeaderList): Promise<OutgoingResponse> {
    const head = formatRequestHead(method, target, headers);
    const response = await this.#reads.site.transport.send({
      method,
      head,
      body: undefined,
      isIdempotent: true,
    });
    removeHopByHop(response.headers);
    return response;
  }

  /** A large object of which the local Swift has the manifest, and not all segments. Anything else that is a conflict stays one. */
  async #completeLocal(read: Read, local: OutgoingResponse): Promise<OutgoingResponse> {
    const { name, query } = read;
    const { site } = this.#reads;
    const target = swiftTarget(name.account, name.container, name.object) + rawQuery(query);
    const rights = rightsFor(site, this.#exchange);
    const { headers, status } = await site.swift.request(rights, { method: 'HEAD', target });
    const pointer = isSuccess(status) ? pointerIn(headers, name, query) : undefined;
    if (pointer === undefined || isTempUrl(query)) return local;
    abandon(local);
    return this.#follow(read, pointer, undefined);
  }

  async #dateAt(peer: Peer, { account, container, object }: ObjectName): Promise<bigint | undefined> {
    const target = swiftTarget(account, container, object) + rawQuery('');
    const asked = await peer.send({ method: 'HEAD', target });
    return asked.kind === 'answer' && isSuccess(asked.answer.status)
      ? parseTimestamp(asked.answer.headers.get('x-timestamp') ?? '')
      : undefined;
  }

  /** The first of the peers where it was deleted since. */
  async #deletedSince(peers: readonly Peer[], name: ObjectName, ticks: bigint): Promise<string | undefined> {
    const verdicts = await Promise.all(
      peers.map((peer) => peerMember(peer).probe(name, ticks).catch(unknownWhereUnreachable)),
    );
    return peers[verdicts.indexOf('newer-here')]?.name;
  }

  async #dateHere({ name }: Read, { headers }: OutgoingResponse): Promise<bigint> {
    const said = headers.has('content-location')
      ? undefined
      : parseTimestamp(headers.get('x-timestamp') ?? '');
    if (said !== undefined) return said;
    const { site } = this.#reads;
    const target = swiftTarget(name.account, name.container, name.object) + rawQuery('');
    const answer = await site.swift.request(rightsFor(site, this.#exchange), { method: 'HEAD', target });
    return parseTimestamp(answer.headers.get('x-timestamp') ?? '') ?? 0n;
  }

  #notKnown(unknown: readonly string[]): OutgoingResponse {
    const text = `The objects of this container are on other clusters, and ${unknown.join(', ')} did not answer.`;
    const answer = textAnswer(this.#exchange, 503, text);
    answer.headers.set(PARTIAL, unknown.join(', '));
    return answer;
  }
}

function unknownWhereUnreachable(error: unknown): DeletionAnswer {
  if (error instanceof AutosyncError) return 'unknown';
  throw error;
}

/** What says who the client is, and nothing of what it wants. */
function withoutSelection(headers: HeaderList): HeaderList {
  const kept = headers.clone();
  kept.removeWhere((header) => SELECTING.has(header));
  return kept;
}

function isTempUrl(query: string): boolean {
  return queryParameter(query, 'temp_url_sig') !== undefined;
}

function keyOf({ account, container, object }: ObjectName): string {
  return `${account}/${container}/${object}`;
}

function unquoted(etag: string): string {
  return etag.replace(/^"|"$/g, '');
}

function abandon({ body }: OutgoingResponse): void {
  if (body instanceof MessageBody) body.abandon();
}

/** A small answer that waits for what others say: its connection does not. */
async function whole(answer: OutgoingResponse): Promise<OutgoingResponse> {
  const { body } = answer;
  if (!(body instanceof MessageBody) || body.framing.kind === 'none') return answer;
  return relay({ ...answer, body: await collectBody(body, MAX_REFUSAL_BYTES) });
}
