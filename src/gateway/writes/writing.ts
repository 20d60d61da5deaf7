// What one client's request changes, each object where it belongs: by the local Swift, or on a cluster that holds it. Always with the
// client's own rights. Knows nothing of what a manifest or a copy is.
import { formatRequestHead, removeHopByHop } from '../../http/head.js';
import { HeaderList } from '../../http/headers.js';
import { MessageBody } from '../../http/message-body.js';
import { AutosyncError } from '../../lib/errors.js';
import { swiftTarget } from '../../swift/path.js';
import { changeObject } from '../changes/object-change.js';
import type { ObjectReads } from '../reads/object-reads.js';
import type { ObjectName } from '../reads/pointer.js';
import { Reading } from '../reads/reading.js';
import type { Where } from '../reads/where.js';
import type { Site } from '../site.js';
import type { Exchange, OutgoingResponse } from '../station.js';
import type { ObjectWrite } from './object-write.js';
import { writeElsewhere, type Holders } from './write-elsewhere.js';

export class Writing {
  readonly site: Site;
  readonly exchange: Exchange;
  readonly reading: Reading;
  readonly #reads: ObjectReads;

  constructor(reads: ObjectReads, exchange: Exchange) {
    this.site = reads.site;
    this.exchange = exchange;
    this.reading = new Reading(reads, exchange);
    this.#reads = reads;
  }

  where(name: ObjectName): Promise<Where> {
    return this.#reads.places.find(name);
  }

  holders(where: Where): Promise<Holders> {
    return this.#reads.places.inOrder(where);
  }

  /** As the client sent it, query and body and all; or other headers, or another body, in their place. */
  write(
    name: ObjectName,
    { headers, body }: Partial<Pick<ObjectWrite, 'headers' | 'body'>> = {},
  ): ObjectWrite {
    const { request } = this.exchange;
    const method = request.method === 'POST' || request.method === 'DELETE' ? request.method : 'PUT';
    const target = swiftTarget(name.account, name.container, name.object);
    return {
      ...{ method, name, target, query: '', body, expectsContinue: false },
      headers: headers ?? request.headers,
    };
  }

  /** @throws AutosyncError of the local Swift; a retry may help */
  async do(write: ObjectWrite): Promise<OutgoingResponse> {
    const where = await this.where(write.name);
    if (where.isHere) return this.doHere(write);
    return writeElsewhere(this.site, this.exchange, await this.holders(where), write);
  }

  /** By the local Swift; copiers are told of it. @throws as `do` */
  doHere(write: ObjectWrite): Promise<OutgoingResponse> {
    return changeObject(this.site, this.exchange, () => this.#send(write), write.name);
  }

  async #send({ method, target, headers: given, body }: ObjectWrite): Promise<OutgoingResponse> {
    const { transport } = this.site;
    const headers = new HeaderList(['Host', transport.authority, ...given.raw]);
    if (body instanceof MessageBody && body.framing.kind !== 'length')
      throw new AutosyncError('UPSTREAM_BROKEN', 'A body of unknown length.');
    const length = body instanceof MessageBody && body.framing.kind === 'length' ? body.framing.length : 0;
    headers.set('Content-Length', String(Buffer.isBuffer(body) ? body.length : length));
    const response = await transport.send({
      ...{ method, head: formatRequestHead(method, target, headers), body, isIdempotent: true },
      onStart: (abort) => (this.exchange.request.onGone = () => abort()),
    });
    removeHopByHop(response.headers);
    return response;
  }
}
