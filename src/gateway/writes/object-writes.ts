// Where a client's change of an object is done: here where the container's objects belong here, else on a cluster where they do. What
// takes its bytes, or its parts, from other objects finds those wherever they are.
import { MessageBody } from '../../http/message-body.js';
import { queryParameter } from '../../swift/path.js';
import { changedObject, changeObject } from '../changes/object-change.js';
import type { ObjectReads } from '../reads/object-reads.js';
import type { ObjectName } from '../reads/pointer.js';
import { isTempUrl } from '../reads/read.js';
import type { Places } from '../reads/where.js';
import type { Site } from '../site.js';
import type { Exchange, IncomingRequest, Next, OutgoingResponse } from '../station.js';
import { copyObject } from './copy-object.js';
import { copyRequest, isCopy } from './copy-request.js';
import { deleteLarge, hasSegmentsElsewhere } from './large-object/slo-delete.js';
import { putManifestElsewhere, putManifestHere } from './large-object/slo-put.js';
import { isStaticLink, putLinkElsewhere, putLinkHere } from './static-link.js';
import { carriesItsRights, clientsBody, writeElsewhere } from './write-elsewhere.js';
import { Writing } from './writing.js';

export class ObjectWrites {
  readonly #site: Site;
  readonly #places: Places;
  readonly #reads: ObjectReads;

  constructor(site: Site, places: Places, reads: ObjectReads) {
    this.#site = site;
    this.#places = places;
    this.#reads = reads;
  }

  /** @throws AutosyncError of the local Swift; a retry may help */
  async answer(exchange: Exchange, next: Next, path: ObjectName): Promise<OutgoingResponse> {
    const written = changedObject(exchange, path);
    if (written === undefined) return next();
    const { account, container } = written;
    // What a COPY makes is in another container than the one that this is about.
    const isPaths = account === path.account && container === path.container;
    const unrecorded =
      (isPaths ? exchange.placement : undefined) ?? this.#site.options.defaultPlacement(written);
    const { isHere } = await this.#places.findSoon(written, unrecorded);
    const writing = new Writing(this.#reads, exchange);
    if (isHere) return this.#here(writing, () => changeObject(this.#site, exchange, next, written), written);
    return this.#elsewhere(writing, next, written);
  }

  /** The local Swift's answer, unless it lacks what only other clusters have. */
  async #here(writing: Writing, local: Next, written: ObjectName): Promise<OutgoingResponse> {
    const { exchange } = writing;
    const { request } = exchange;
    if (this.#site.options.reads.timeoutMs === 0 || isTempUrl(exchange.request.target)) return local();
    if (isCopy(request)) return this.#copyHere(writing, local, written);
    if (isStaticLink(request)) return putLinkHere(writing, written, local);
    if (isManifestPut(request)) return putManifestHere(writing, written, local);
    if (isLargeDelete(request) && (await hasSegmentsElsewhere(writing, written)))
      return deleteLarge(writing, written);
    return local();
  }

  async #copyHere(writing: Writing, local: Next, destination: ObjectName): Promise<OutgoingResponse> {
    const { exchange } = writing;
    const { request } = exchange;
    const copy = copyRequest(request, exchange.path as ObjectName, destination);
    // Swift would copy what it has of it, which may be nothing.
    const isWhole = copy === undefined || copy.isOfManifest || isOfVersion(request);
    if (!isWhole && (await writing.reading.hasPartsElsewhere(copy.source))) return copyObject(writing, copy);
    const answer = await local();
    // 409: a large object some of whose segments are not here.
    if (copy === undefined || (answer.status !== 404 && answer.status !== 409)) return answer;
    if (answer.body instanceof MessageBody) answer.body.abandon();
    return copyObject(writing, copy);
  }

  async #elsewhere(writing: Writing, next: Next, written: ObjectName): Promise<OutgoingResponse> {
    const { exchange } = writing;
    const { request } = exchange;
    if (isCopy(request) && !isTempUrl(exchange.request.target)) {
      const copy = copyRequest(request, exchange.path as ObjectName, written);
      // What is wrong in itself the local Swift refuses before it looks.
      return copy === undefined ? next() : copyObject(writing, copy);
    }
    if (!carriesItsRights(this.#site, exchange)) {
      if (isStaticLink(request)) return putLinkElsewhere(writing, written);
      if (isManifestPut(request)) return putManifestElsewhere(writing, written);
      if (isLargeDelete(request)) return deleteLarge(writing, written);
    }
    const { target, body, expectsContinue } = request;
    const write = { ...writing.write(written, { body: clientsBody(body) }), target, expectsContinue };
    return writeElsewhere(this.#site, exchange, await writing.holders(await writing.where(written)), write);
  }
}

function isOfVersion({ target }: IncomingRequest): boolean {
  return queryParameter(target, 'version-id') !== undefined;
}

function isManifestPut({ method, target }: IncomingRequest): boolean {
  return method === 'PUT' && queryParameter(target, 'multipart-manifest') === 'put';
}

function isLargeDelete({ method, target }: IncomingRequest): boolean {
  return method === 'DELETE' && queryParameter(target, 'multipart-manifest') === 'delete';
}
