// The way of one read past the local Swift. Peers are read raw, by the gateways' own rights, once the local Swift has said of that very object
// that the client may read it; what an object points to is read by requests of its own, with the client's rights, through the local Swift
// again. A TempURL's rights are good for one object only: such a request goes to the peer as it is.
import { localSource, peerSource } from '../../converge/cluster-listing.js';
import { probeAt } from '../../converge/object-member.js';
import { HeaderList } from '../../http/headers.js';
import { collectBody, MessageBody } from '../../http/message-body.js';
import { asClient, type Peer } from '../../peers/peer.js';
import { queryParameter, swiftTarget } from '../../swift/path.js';
import { isSuccess } from '../../swift/swift-client.js';
import { parseTimestamp } from '../../swift/timestamp.js';
import { abandon, notKnown, PARTIAL, relay, textAnswer } from '../answer.js';
import { rightsFor } from '../site.js';
import type { Exchange, OutgoingResponse } from '../station.js';
import type { Holders } from '../writes/write-elsewhere.js';
import { ClientRights } from './client-rights.js';
import {
  findCopy,
  handedOn,
  isServed,
  wantedSearch,
  type FoundCopy,
  type Question,
  type Search,
} from './find-copy.js';
import { isJudgedElsewhere, judgedElsewhere } from './judged-elsewhere.js';
import { answerLarge } from './large-object/elsewhere.js';
import type { PartToRead } from './large-object/joined-body.js';
import type { ObjectReads } from './object-reads.js';
import { pointerIn, rawQuery, type ObjectName, type Pointer } from './pointer.js';

/** As Swift's symlinks do by default (middleware/symlink.py, symloop_max). */
const MAX_LINKS = 2;
/** As Swift's large objects are nested at most (middleware/slo.py, MAX_RECURSION_DEPTH). */
const MAX_NESTING = 10;
const MAX_REFUSAL_BYTES = 1_048_576;
const CONDITIONAL = new Set([304, 412, 416]);

/** One object, as the client asked for it or as a pointer led there. */
export interface Read {
  readonly method: 'GET' | 'HEAD';
  readonly name: ObjectName;
  /** The client's own, with `?`, or ''. */
  readonly query: string;
  /** What is wanted of it: ranges and conditions. */
  readonly selection: HeaderList;
  /** Swift has said of that very object that the client may read it. */
  readonly isAllowed: boolean;
  /** Symlinks followed so far. */
  readonly links: number;
  /** Large objects that it is a part of. Then a condition is ours, that it be the part meant. */
  readonly nesting: number;
}

export class Reading {
  readonly #reads: ObjectReads;
  readonly #exchange: Exchange;
  readonly #client: ClientRights;

  constructor(reads: ObjectReads, exchange: Exchange) {
    this.#reads = reads;
    this.#exchange = exchange;
    this.#client = new ClientRights(reads.site, exchange);
  }

  /** The local answer, where nobody has what it lacks. @throws AutosyncError of the local Swift; a retry may help */
  async afterLocal(read: Read, local: OutgoingResponse): Promise<OutgoingResponse> {
    const isLed = local.status === 404 && local.headers.has('content-location');
    if (isLed || (local.status === 409 && read.method === 'GET')) return this.#completeLocal(read, local);
    if (local.status !== 404 && !(local.status === 412 && read.nesting > 0)) return local;
    const where = await this.#reads.places.find(read.name);
    const key = keyOf(read.name);
    if (where.peers.length === 0 || (where.isHere && this.#reads.missed.get(key) === true)) return local;
    const refusal = await whole(local);
    const { peers, fenced } = await this.#reads.places.inOrder(where);
    const search = await wantedSearch(this.#isAllowed(read), this.#search(read, peers));
    if (search === undefined) return refusal;
    if (search.found !== undefined) {
      // Where it belongs here, the local Swift knows of its deletion; elsewhere the others do.
      const knowing = where.isHere ? undefined : peers.filter((peer) => peer !== search.found?.peer);
      return this.#serveUnlessDeleted(read, search.found, knowing, refusal);
    }
    const unknown = [...search.unknown, ...fenced];
    if (unknown.length === 0) {
      if (read.nesting === 0 && where.isHere) this.#reads.missed.set(key, true);
      return where.isHere || !this.#isForSite(read) ? refusal : this.#pageOf({ peers, fenced }, refusal);
    }
    // Where its objects are elsewhere, only those clusters know.
    if (!where.isHere) return notKnown(this.#exchange, unknown);
    refusal.headers.set(PARTIAL, unknown.join(', '));
    return refusal;
  }

  /** What is no object, or a folder's mark, may be a page of a static site. */
  #isForSite({ nesting, links, query }: Read): boolean {
    const isOwn = nesting === 0 && links === 0 && !isTempUrl(query);
    return isOwn && isJudgedElsewhere(this.#reads.site, this.#exchange);
  }

  #pageOf(holders: Holders, otherwise: OutgoingResponse): Promise<OutgoingResponse> {
    return judgedElsewhere(this.#reads.site, this.#exchange, holders, Promise.resolve(otherwise));
  }

  /** The newest there is on any of its clusters. @throws AutosyncError of the local Swift; a retry may help */
  async newest(read: Read, local: OutgoingResponse): Promise<OutgoingResponse> {
    if (local.status !== 404 && !isServed(local.status)) return this.afterLocal(read, local);
    try {
      const newer = await this.#newerThan(read, local);
      if (newer === undefined) return await this.afterLocal(read, local);
      abandon(local);
      if (typeof newer !== 'string') return await this.#serve(read, newer);
      return textAnswer(this.#exchange, 404, `It was deleted on ${newer}.`);
    } catch (error) {
      abandon(local);
      throw error;
    }
  }

  /** A newer copy, or the cluster where it was deleted since. */
  async #newerThan(read: Read, local: OutgoingResponse): Promise<FoundCopy | string | undefined> {
    if (local.status === 404 || !(await this.#isAllowed(read))) return undefined;
    const { peers } = await this.#reads.places.inOrder(await this.#reads.places.find(read.name));
    const [ours, ...dates] = await Promise.all([
      this.#dateHere(read, local),
      ...peers.map((peer) => this.#dateAt(peer, read.name)),
    ]);
    const best = peers
      .map((peer, i) => ({ peer, ticks: dates[i] ?? 0n }))
      .reduce<{ peer?: Peer; ticks: bigint }>((a, b) => (b.ticks > a.ticks ? b : a), { ticks: ours });
    if (best.peer !== undefined) return (await this.#search(read, [best.peer])).found;
    const without = peers.filter((_, i) => dates[i] === undefined);
    return this.#deletedSince(without, read.name, ours);
  }

  /** Swift may have taken the client's own request for one of another name. A TempURL is judged where it goes. */
  async #isAllowed({ isAllowed, query, name }: Read): Promise<boolean> {
    return isAllowed || isTempUrl(query) || (await this.#client.mayRead(name));
  }

  #search(read: Read, peers: readonly Peer[]): Promise<Search> {
    const { hedgeDelayMs, timeoutMs } = this.#reads.site.options.reads;
    const isFound = read.nesting > 0 ? isPart : isServed;
    return findCopy(peers, this.#question(read), { hedgeDelayMs, timeoutMs, isFound });
  }

  #question({ method, name, query, selection }: Read): Question {
    const { target, headers } = this.#exchange.request;
    if (isTempUrl(query)) return { method, target, headers: asClient(headers) };
    return {
      method,
      target: swiftTarget(name.account, name.container, name.object) + rawQuery(query),
      headers: selection,
    };
  }

  /** @param knowing who is asked whether it was deleted; undefined: the local Swift */
  async #serveUnlessDeleted(
    read: Read,
    found: FoundCopy,
    knowing: readonly Peer[] | undefined,
    refusal: OutgoingResponse,
  ): Promise<OutgoingResponse> {
    try {
      if (!(await this.#isDeleted(read.name, found, knowing))) return await this.#serve(read, found);
    } catch (error) {
      found.response.body.abandon();
      throw error;
    }
    found.response.body.abandon();
    return refusal;
  }

  /** Also where the local Swift cannot tell. @throws AutosyncError of the local Swift */
  async #isDeleted(
    name: ObjectName,
    { peer, response }: FoundCopy,
    knowing: readonly Peer[] | undefined,
  ): Promise<boolean> {
    // Of what a link led to there, the answer tells the date of that.
    const isLed = response.headers.has('content-location');
    const ticks = isLed
      ? await this.#dateAt(peer, name)
      : parseTimestamp(response.headers.get('x-timestamp') ?? '');
    if (ticks === undefined) return true;
    if (knowing !== undefined) return (await this.#deletedSince(knowing, name, ticks)) !== undefined;
    const { site, objects } = this.#reads;
    const known = await site.containerKeys.get(name, rightsFor(site, this.#exchange));
    if (known === undefined) return true;
    const verdict = await objects.probe(name, known.key, ticks);
    return verdict !== 'never-here' && verdict !== 'here';
  }

  async #serve(read: Read, found: FoundCopy): Promise<OutgoingResponse> {
    const { peer, response } = found;
    const pointer = isTempUrl(read.query) ? undefined : await this.#pointerOf(read, found);
    if (pointer === undefined && mayBeFolder(response) && this.#isForSite(read))
      return this.#pageOf({ peers: [peer], fenced: [] }, response);
    this.#reads.site.counters.add('reads_from_peers:lacking');
    if (pointer === undefined) return handedOn(found);
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
    const { site, places } = this.#reads;
    return answerLarge(read, pointer.kind, {
      source: peer === undefined ? localSource(site) : peerSource(peer),
      exchange: this.#exchange,
      log: site.log,
      readPart: (part) => this.#readPart(read, part),
      listHere: (target) => this.#client.ask('GET', target),
      listSources: async (name) => {
        const { isHere, peers } = await places.find(name);
        return [...(isHere ? [localSource(site)] : []), ...peers.map(peerSource)];
      },
    });
  }

  /** With the client's own rights. */
  #readPart(
    { nesting }: Read,
    { account, container, object, range, etag, isLargeObject }: PartToRead,
  ): Promise<OutgoingResponse> {
    const selection = new HeaderList();
    if (range !== undefined) selection.set('Range', `bytes=${range.join('-')}`);
    if (etag !== undefined) selection.set('If-Match', `"${etag}"`);
    return this.#read({
      ...{ method: 'GET', name: { account, container, object }, selection, isAllowed: true },
      ...{ query: isLargeObject ? '' : '?multipart-manifest=get', links: 0, nesting: nesting + 1 },
    });
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
    const target = await this.#read({ ...read, name: to, isAllowed: true, links: read.links + 1 });
    const found = target.headers.get('etag');
    if (etag !== undefined && found !== undefined && isServed(target.status) && unquoted(found) !== etag) {
      abandon(target);
      return conflict(`Object Etag '${found}' does not match X-Symlink-Target-Etag header '${etag}'`);
    }
    if (!target.headers.has('content-location')) target.headers.set('Content-Location', location);
    return target;
  }

  /**
   * Any object, with the client's own rights: here, or else elsewhere. What it points to is followed, unless the query says otherwise.
   *
   * @throws AutosyncError of the local Swift; a retry may help
   */
  read(read: Pick<Read, 'method' | 'name' | 'query' | 'selection'>): Promise<OutgoingResponse> {
    return this.#read({ ...read, isAllowed: true, links: 0, nesting: 0 });
  }

  /** With the client's own rights: here, or else elsewhere. */
  async #read(read: Read): Promise<OutgoingResponse> {
    const { account, container, object } = read.name;
    const target = swiftTarget(account, container, object) + read.query;
    return this.afterLocal(read, await this.#client.ask(read.method, target, read.selection));
  }

  /**
   * A large object of which the local Swift has the manifest, and not all segments; or a link of which it has not what that leads to.
   * Anything else stays what it is.
   */
  async #completeLocal(read: Read, local: OutgoingResponse): Promise<OutgoingResponse> {
    const { name, query } = read;
    if (isTempUrl(query)) return local;
    const { site } = this.#reads;
    const target = swiftTarget(name.account, name.container, name.object) + rawQuery(query);
    try {
      const [isAllowed, { headers, status }] = await Promise.all([
        this.#isAllowed(read),
        site.swift.request(rightsFor(site, this.#exchange), { method: 'HEAD', target }),
      ]);
      const pointer = isAllowed && isSuccess(status) ? pointerIn(headers, name, query) : undefined;
      if (pointer === undefined) return local;
      abandon(local);
      return await this.#follow(read, pointer, undefined);
    } catch (error) {
      abandon(local);
      throw error;
    }
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
    const verdicts = await Promise.all(peers.map((peer) => probeAt(peer, name, ticks)));
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
}

/** Of a large object's part nothing else will do. */
function isPart(status: number): boolean {
  return status === 200 || status === 206;
}

/** Swift's staticweb knows a folder's mark by its length, and by a type that the container may name. */
function mayBeFolder({ status, headers }: OutgoingResponse): boolean {
  return status === 200 && Number(headers.get('content-length')) <= 1;
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

/** A small answer that waits for what others say: its connection does not. */
async function whole(answer: OutgoingResponse): Promise<OutgoingResponse> {
  const { body } = answer;
  if (!(body instanceof MessageBody) || body.framing.kind === 'none') return answer;
  return relay({ ...answer, body: await collectBody(body, MAX_REFUSAL_BYTES) });
}
