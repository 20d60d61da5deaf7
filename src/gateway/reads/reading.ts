// The way of one read past the local Swift. Peers are read raw, by the gateways' own rights (or the client's: peer-questions.ts), once the local
// Swift has said of that very object that the client may read it; what an object points to is read by requests of its own, with the client's rights, through the local Swift
// again. A TempURL's rights are good for one object only: such a request goes to the peer as it is.
import { HeaderList } from '../../http/headers.js';
import { asClient } from '../../peers/acts-as.js';
import type { Peer } from '../../peers/peer.js';
import { queryParameter, swiftTarget } from '../../swift/path.js';
import { isSuccess } from '../../swift/swift-client.js';
import { parseTimestamp } from '../../swift/timestamp.js';
import type { ContainerName } from '../../site/site.js';
import { abandon, notKnown, PARTIAL, textAnswer, wholeAnswer } from '../answer.js';
import type { Exchange, OutgoingResponse } from '../station.js';
import type { Holders } from '../writes/write-elsewhere.js';
import { ClientRights } from './client-rights.js';
import { deletedAt, Deletions } from './deletions.js';
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
import { answerLarge, type ListSources } from './large-object/elsewhere.js';
import type { PartToRead } from './large-object/joined-body.js';
import {
  isNestedTooDeep,
  isOfLargeObject,
  lacksParts,
  MAX_DEPTH,
  type AskHere,
} from './large-object/local-parts.js';
import { standingOf, type Standing } from './newest.js';
import type { ObjectReads } from './object-reads.js';
import { PeerQuestions } from './peer-questions.js';
import { pointerIn, rawQuery, type ObjectName, type Pointer } from './pointer.js';
import { isOfOne, isPart, isTempUrl, keyOf, mayBeFolder, unquoted, type Read } from './read.js';
import type { Where } from './where.js';

/** As Swift's symlinks do by default (middleware/symlink.py, symloop_max). */
const MAX_LINKS = 2;
const CONDITIONAL = new Set([304, 412, 416]);

/** No copy, or none that was not deleted. */
interface Nowhere {
  readonly silent: readonly string[];
  readonly wasDeleted: boolean;
}

export class Reading {
  readonly #reads: ObjectReads;
  readonly #exchange: Exchange;
  readonly #client: ClientRights;
  readonly #questions: PeerQuestions;
  readonly #deletions: Deletions;

  readonly #askHere: AskHere = (method, target) => this.#client.ask(method, target);

  constructor(reads: ObjectReads, exchange: Exchange) {
    this.#reads = reads;
    this.#exchange = exchange;
    this.#client = new ClientRights(reads.site, exchange);
    this.#questions = new PeerQuestions(reads.site, exchange, this.#client);
    this.#deletions = new Deletions(reads, exchange, this.#questions);
  }

  /** The local answer, where nobody has what it lacks. @throws AutosyncError of the local Swift; a retry may help */
  async afterLocal(read: Read, local: OutgoingResponse): Promise<OutgoingResponse> {
    const isLed = local.status === 404 && local.headers.has('content-location');
    if (isLed || lacksParts(read.method, local)) return this.#completeLocal(read, local);
    if (isOfLargeObject(read.method, local)) return this.#withAllParts(read, local);
    if (local.status !== 404 && !(local.status === 412 && read.nesting > 0)) return local;
    const where = await this.#reads.places.find(read.name);
    const key = keyOf(read.name);
    if (where.peers.length === 0 || (where.isHere && this.#reads.missed.get(key) === true)) return local;
    const refusal = await wholeAnswer(local);
    const { peers, fenced } = await this.#reads.places.inOrder(where);
    const said = await this.#fromPeers(read, where, peers);
    if (said === 'refused') return refusal;
    if (!('silent' in said)) return said;
    const unknown = [...said.silent, ...fenced];
    if (unknown.length === 0) {
      if (said.wasDeleted) return refusal;
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

  /**
   * The newest there is on any of its clusters. Those that did not say are named.
   *
   * @throws AutosyncError of the local Swift; a retry may help
   */
  async newest(read: Read, local: OutgoingResponse): Promise<OutgoingResponse> {
    if (local.status !== 404 && !isServed(local.status)) return this.afterLocal(read, local);
    try {
      const where = await this.#reads.places.find(read.name);
      if (where.peers.length === 0 || !(await this.#isAllowed(read)))
        return await this.afterLocal(read, local);
      const { peers, fenced } = await this.#reads.places.inOrder(where);
      const isThere = isServed(local.status) || local.headers.has('content-location');
      const ours = isThere ? await this.#dateHere(read, local) : undefined;
      const { timeoutMs } = this.#reads.site.options.reads;
      const standing = await standingOf(this.#questions, peers, read.name, { ours, timeoutMs });
      const silent = [...standing.silent, ...fenced];
      const answer = await this.#newestOf(
        read,
        isThere ? local : await wholeAnswer(local),
        { where, ours, ...standing },
        (peer) => silent.push(peer),
      );
      if (silent.length > 0 && !answer.headers.has(PARTIAL)) answer.headers.set(PARTIAL, silent.join(', '));
      return answer;
    } catch (error) {
      abandon(local);
      throw error;
    }
  }

  async #newestOf(
    read: Read,
    local: OutgoingResponse,
    { where, ours, newer, without }: Standing & { where: Where; ours: bigint | undefined },
    onSilent: (peer: string) => void,
  ): Promise<OutgoingResponse> {
    const ticks = newer[0]?.ticks ?? ours;
    if (ticks === undefined) return this.afterLocal(read, local);
    if (ours === undefined && where.isHere && (await this.#deletions.isHere(read.name, ticks))) return local;
    const deletedOn = await deletedAt(without, read.name, ticks);
    if (deletedOn !== undefined) return this.#deletedOn(deletedOn, local);
    const selection = read.selection.clone().set('X-Newest', 'true');
    for (const { peer, ticks: its } of newer) {
      const since = its === ticks ? undefined : await deletedAt(without, read.name, its);
      if (since !== undefined) return this.#deletedOn(since, local);
      const { found } = await this.#search({ ...read, selection }, [peer]);
      if (found !== undefined) {
        abandon(local);
        return this.#serve(read, found);
      }
      onSilent(peer.name);
    }
    return this.afterLocal(read, local);
  }

  /** What is not here either has Swift's own answer. */
  #deletedOn(cluster: string, local: OutgoingResponse): OutgoingResponse {
    if (!isSuccess(local.status) && local.status !== 304) return local;
    abandon(local);
    return textAnswer(this.#exchange, 404, `It was deleted on ${cluster}.`);
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
      headers: this.#questions.headers(selection),
    };
  }

  /** The first copy that was not deleted since; where there is none, who did not say whether they have one. */
  async #fromPeers(
    read: Read,
    where: Where,
    peers: readonly Peer[],
  ): Promise<OutgoingResponse | Nowhere | 'refused'> {
    let searching = this.#search(read, peers);
    // Both of them while the peers are asked.
    const isDeleted = this.#deletions.judge(read, where, peers);
    const isAllowed = this.#isAllowed(read);
    for (let left = peers; ;) {
      const search = await wantedSearch(isAllowed, searching);
      if (search === undefined) return 'refused';
      const { found, unknown } = search;
      if (found === undefined) return { silent: unknown, wasDeleted: left.length < peers.length };
      try {
        if (!(await isDeleted(found))) return await this.#serve(read, found);
      } catch (error) {
        found.response.body.abandon();
        throw error;
      }
      found.response.body.abandon();
      // It may have been written again at another one.
      left = left.filter((peer) => peer !== found.peer);
      searching = this.#search(read, left);
    }
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
    const { headers } = await this.#questions.at(peer).ask('HEAD', target);
    return pointerIn(headers, name, query);
  }

  /** @param peer that has it; undefined: this cluster itself */
  #follow(read: Read, pointer: Pointer, peer: Peer | undefined): Promise<OutgoingResponse> {
    if (pointer.kind === 'symlink') return this.#followLink(read, pointer);
    if (read.nesting >= MAX_DEPTH)
      return Promise.resolve(textAnswer(this.#exchange, 409, 'Too many large objects in each other.'));
    const { site } = this.#reads;
    return answerLarge(read, pointer.kind, {
      source: peer === undefined ? this.#questions.here() : this.#questions.at(peer),
      exchange: this.#exchange,
      log: site.log,
      readPart: (part) => this.#readPart(read, part),
      listHere: (target) => this.#client.ask('GET', target),
      listSources: (name) => this.#listSources(name, peer),
    });
  }

  /** @param peer that has the manifest; undefined: this cluster itself */
  async #listSources(name: ContainerName, peer: Peer | undefined): Promise<ListSources> {
    const { places } = this.#reads;
    const where = await places.find(name);
    const { peers, fenced } = await places.inOrder(where);
    const sources = peers.map((each) => this.#questions.at(each));
    const here = this.#questions.here();
    if (where.isHere) return { all: [here, ...sources], oneOf: [], fenced: [] };
    // What has been written here all the same has yet to go home.
    const all = peer === undefined ? [here] : [];
    return { all, oneOf: sources, fenced };
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

  /** Whether it is a large object of this cluster some of whose parts are placed elsewhere. @throws AutosyncError of the local Swift; a retry may help */
  async hasPartsElsewhere(name: ObjectName): Promise<boolean> {
    const target = swiftTarget(name.account, name.container, name.object);
    const itself = await this.#askHere('HEAD', `${target}?multipart-manifest=get`);
    return (
      isOfLargeObject('GET', itself) &&
      !(await this.#reads.parts.areHere({ name, query: '' }, itself, this.#askHere))
    );
  }

  /** A large object of this cluster: its own answer, unless parts of it are placed elsewhere. */
  async #withAllParts(read: Read, local: OutgoingResponse): Promise<OutgoingResponse> {
    const { query } = read;
    const isDynamic = local.headers.has('x-object-manifest');
    if ((isTempUrl(query) && !isDynamic) || queryParameter(query, 'version-id') !== undefined) return local;
    const { request } = this.#exchange;
    const { onGone } = request;
    const { parts } = this.#reads;
    const areHere = await parts.areHere(read, local, this.#askHere);
    // Again what gives up the local answer.
    request.onGone = onGone;
    if (areHere) return local;
    if (!isTempUrl(query)) return this.#completeLocal(read, local);
    abandon(local);
    const text =
      'The segments of this large object are on other clusters, where no TempURL of it opens them.';
    return textAnswer(this.#exchange, 409, text);
  }

  /**
   * A large object of which the local Swift has the manifest, and not all segments; or a link of which it has not what that leads to.
   * Anything else stays what it is.
   */
  async #completeLocal(read: Read, local: OutgoingResponse): Promise<OutgoingResponse> {
    const { name, query } = read;
    if (isTempUrl(query)) return local;
    const target = swiftTarget(name.account, name.container, name.object) + rawQuery(query);
    try {
      const [isAllowed, raw] = await Promise.all([
        this.#isAllowed(read),
        this.#questions.here().ask('HEAD', target),
      ]);
      const isIt = isAllowed && isSuccess(raw.status) && isOfOne(local, raw.headers);
      const pointer = isIt ? pointerIn(raw.headers, name, query) : undefined;
      if (pointer === undefined) return local;
      if (pointer.kind === 'slo' && local.status === 409 && (await isNestedTooDeep(name, this.#askHere)))
        return local;
      if (isServed(local.status)) {
        abandon(local);
        return await this.#follow(read, pointer, undefined);
      }
      const refusal = await wholeAnswer(local);
      const answer = await this.#follow(read, pointer, undefined);
      // Refused in any case: Swift says best itself why.
      if (answer.status !== 404 && answer.status !== 409) return answer;
      abandon(answer);
      const partial = answer.headers.get(PARTIAL);
      if (partial !== undefined) refusal.headers.set(PARTIAL, partial);
      return refusal;
    } catch (error) {
      abandon(local);
      throw error;
    }
  }

  async #dateHere({ name }: Read, { headers }: OutgoingResponse): Promise<bigint> {
    const said = headers.has('content-location')
      ? undefined
      : parseTimestamp(headers.get('x-timestamp') ?? '');
    if (said !== undefined) return said;
    const found = await this.#questions.dateHere(name);
    return typeof found === 'bigint' ? found : 0n;
  }
}
