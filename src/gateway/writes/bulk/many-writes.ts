// Requests by which many objects come and go: bulk deletes, archives and forms. Where what they are about is placed here, the local Swift does
// them; else they are taken apart, or go whole to a cluster that holds the container.
import { bulkKind, passBulk, type BulkPath } from '../../changes/bulk.js';
import { passForm, type FormPath } from '../../changes/form.js';
import type { Places } from '../../reads/where.js';
import type { Site } from '../../site.js';
import type { Exchange, Filter, Next, OutgoingResponse } from '../../station.js';
import { encodeName, queryParameter, swiftTarget } from '../../../swift/path.js';
import { BulkDeletes } from './bulk-deletes.js';
import type { ObjectWrite } from '../object-write.js';
import { clientsBody, sendAsClient, writeElsewhere, type Holders } from '../write-elsewhere.js';

type Whole = Omit<ObjectWrite, 'name' | 'query'>;

export class ManyWrites {
  readonly #site: Site;
  readonly #places: Places;
  readonly #deletes: BulkDeletes;

  /** @param single what answers a request about one name */
  constructor(site: Site, places: Places, single: Filter) {
    this.#site = site;
    this.#places = places;
    this.#deletes = new BulkDeletes(site, places, single);
  }

  /** @throws AutosyncError of the local Swift; a retry may help */
  async bulk(exchange: Exchange, next: Next, path: BulkPath): Promise<OutgoingResponse> {
    const { account } = path;
    if (account === (await this.#site.ownAccount())) return next();
    const here = (): Promise<OutgoingResponse> => passBulk(this.#site, exchange, next, path);
    if (bulkKind(exchange.request) === 'delete') return this.#deletes.answer(exchange, here, account);
    // Into whatever containers it names: Swift unpacks it here, and what belongs elsewhere goes home with the object audit.
    if (path.kind === 'account') return here();
    const holders = await this.#holdersOf(path);
    if (holders === undefined) return here();
    const name = { account, container: path.container, object: path.kind === 'object' ? path.object : 'o' };
    const write = wholeOf(exchange.request);
    const format = encodeName(queryParameter(write.target, 'extract-archive') ?? '');
    const into = swiftTarget(account, path.container, path.kind === 'object' ? path.object : undefined);
    const there = `${into}?extract-archive=${format}`;
    return writeElsewhere(this.#site, exchange, holders, { ...write, name, query: '' }, there);
  }

  /** Its own signature says what may be uploaded. @throws AutosyncError of the local Swift; a retry may help */
  async form(exchange: Exchange, next: Next, path: FormPath): Promise<OutgoingResponse> {
    const isOurs = path.account === (await this.#site.ownAccount());
    const holders = isOurs ? undefined : await this.#holdersOf(path);
    if (holders === undefined) return passForm(this.#site, exchange, next, path);
    return sendAsClient(this.#site, exchange, holders, wholeOf(exchange.request));
  }

  /** Undefined where the container's objects belong here. */
  async #holdersOf(path: FormPath): Promise<Holders | undefined> {
    const where = await this.#places.find(path);
    return where.isHere ? undefined : this.#places.inOrder(where);
  }
}

/** As the client sent it. */
function wholeOf({ method, target, headers, body, expectsContinue }: Exchange['request']): Whole {
  return {
    method: method === 'POST' ? method : 'PUT',
    target,
    headers,
    body: clientsBody(body),
    expectsContinue,
    isLong: true,
  };
}
