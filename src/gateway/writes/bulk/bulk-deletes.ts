// Bulk deletes (Swift's middleware/bulk.py) some of whose names are of containers placed elsewhere: the gateway takes them apart, each name
// goes the way of a DELETE of its own, and the answer is put together as Swift would. All others are Swift's.
import { collectBody, MessageBody } from '../../../http/message-body.js';
import { HeaderList } from '../../../http/headers.js';
import { eachLimited } from '../../../lib/each-limited.js';
import { AutosyncError } from '../../../lib/errors.js';
import { isObjectName, quoteBytes, readBulkBody, type BulkBody } from '../../../swift/bulk-body.js';
import { parseSwiftPath, swiftTarget } from '../../../swift/path.js';
import { errorAnswer } from '../../answer.js';
import { ClientRights } from '../../reads/client-rights.js';
import type { Places } from '../../reads/where.js';
import type { Site } from '../../site.js';
import type { Exchange, Filter, Next, OutgoingResponse } from '../../station.js';
import { readBulkAnswer, readBulkLimits } from './bulk-limits.js';
import { BulkOutcome } from './bulk-outcome.js';
import { slowBody } from './slow-answer.js';

/** As many as Swift takes, unless it is configured otherwise, each as long as it may be: 10,000 lines. */
const MAX_BODY_BYTES = 10_000 * 2_565;
/** Of all that are read at one time: nobody has been asked yet who sends them. */
const MAX_GATHERED_BYTES = 256 * 1024 * 1024;
/** Looked up for one request; the names of more are taken apart, wherever they are. */
const MAX_CONTAINERS = 1_000;
/** Names, or lookups, at once. */
const CONCURRENCY = 8;
const MAX_ANSWER_BYTES = 65_536;

export class BulkDeletes {
  readonly #site: Site;
  readonly #places: Places;
  readonly #single: Filter;
  #gatheredBytes = 0;

  /** @param single what answers the DELETE of one name */
  constructor(site: Site, places: Places, single: Filter) {
    this.#site = site;
    this.#places = places;
    this.#single = single;
  }

  /**
   * Swift reads all names before it deletes the first: that they are looked at here holds nothing up.
   *
   * @param asOne lets the local Swift do it all
   * @throws AutosyncError of the local Swift; a retry may help
   */
  async answer(exchange: Exchange, asOne: Next, account: string): Promise<OutgoingResponse> {
    const body = await this.#gather(exchange);
    if (body === undefined || !(await this.#isAnyElsewhere(account, body))) return asOne();
    const [limits, begun] = await Promise.all([
      readBulkLimits(this.#site),
      readBulkAnswer(this.#site, exchange, account),
    ]);
    const isTooMuch = body.names.length > limits.maxNames || body.longestLineBytes > limits.maxLineBytes;
    // Swift refuses it whole, and says best itself why.
    if (begun === undefined || isTooMuch) return asOne();
    const { format, headers } = begun;
    const outcome = new BulkOutcome(limits.maxFailures);
    const work = this.#deleteEach(exchange, account, body.names, outcome).then(() => outcome.format(format));
    const first = format === 'xml' ? '<?xml version="1.0" encoding="UTF-8"?>\n' : ' ';
    return { status: 200, reason: 'OK', headers, body: slowBody(work, first) };
  }

  /** Undefined where nothing can be elsewhere, or nothing sensible is named. */
  async #gather({ request }: Exchange): Promise<BulkBody | undefined> {
    const { body } = request;
    if (this.#site.clusters.all().length < 2) return undefined;
    if (request.expectsContinue) request.inform(100, 'Continue', new HeaderList());
    if (request.framing.kind === 'length' && request.framing.length > MAX_BODY_BYTES) return undefined;
    if (this.#gatheredBytes > MAX_GATHERED_BYTES)
      throw new AutosyncError('TOO_BUSY', 'Other bulk deletes take all the room that there is for them.');
    let arrivedBytes = 0;
    const count = (bytes: number): void => {
      arrivedBytes += bytes;
      this.#gatheredBytes += bytes;
    };
    body.watch({ data: ({ length }) => count(length), end: () => undefined });
    try {
      const names = await body.gather(MAX_BODY_BYTES);
      return names && readBulkBody(names);
    } finally {
      this.#gatheredBytes -= arrivedBytes;
    }
  }

  async #isAnyElsewhere(account: string, { names }: BulkBody): Promise<boolean> {
    const containers = new Set<string>();
    for (const name of names) {
      const path = parseSwiftPath(targetOf(account, name));
      if (path.kind === 'container' || path.kind === 'object') containers.add(path.container);
      if (containers.size > MAX_CONTAINERS) return true;
    }
    let isElsewhere = false as boolean;
    await eachLimited(
      [...containers],
      CONCURRENCY,
      async (container) => {
        if (!(await this.#places.find({ account, container })).isHere) isElsewhere = true;
      },
      () => !isElsewhere,
    );
    return isElsewhere;
  }

  async #deleteEach(
    exchange: Exchange,
    account: string,
    names: readonly string[],
    outcome: BulkOutcome,
  ): Promise<void> {
    let isGone = false as boolean;
    exchange.request.onGone = () => (isGone = true);
    const mayGoOn = (): boolean => !isGone && !outcome.isHopeless;
    const named = names.filter((name) => name !== '');
    const deleteThem = (some: readonly string[]): Promise<boolean> =>
      eachLimited(some, CONCURRENCY, (name) => this.#delete(exchange, account, name, outcome), mayGoOn);
    await deleteThem(named.filter(isObjectName));
    await deleteThem(named.filter((name) => !isObjectName(name)));
  }

  async #delete(exchange: Exchange, account: string, name: string, outcome: BulkOutcome): Promise<void> {
    const single = await this.#singleOf(exchange, targetOf(account, name));
    // No UTF-8: Swift asks nobody.
    if (single.path.kind === 'other') {
      outcome.add(name, 412);
      return;
    }
    const { status, reason } = await this.#answerSingle(single);
    outcome.add(name, status, reason);
  }

  async #answerSingle(single: Exchange): Promise<OutgoingResponse> {
    try {
      const client = new ClientRights(this.#site, single);
      const response = await this.#single(single, () => client.ask('DELETE', single.request.target));
      if (response.body instanceof MessageBody) await collectBody(response.body, MAX_ANSWER_BYTES);
      return response;
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
      return errorAnswer(single, error);
    }
  }

  /** The client's own DELETE of that, as if it had sent it. */
  async #singleOf(exchange: Exchange, target: string): Promise<Exchange> {
    const { id, request } = exchange;
    const path = parseSwiftPath(target);
    const framing = { kind: 'none' } as const;
    const where = path.kind === 'container' ? await this.#places.find(path) : undefined;
    return {
      ...{ id, path, outlivesClient: true, placement: where?.placement },
      request: {
        ...{ method: 'DELETE', target, version: request.version, framing, expectsContinue: false },
        headers: new ClientRights(this.#site, exchange).headers,
        body: new MessageBody(framing, { pause: () => undefined, resume: () => undefined }),
        remoteAddress: request.remoteAddress,
        inform: () => undefined,
        onGone: undefined,
      },
    };
  }
}

function targetOf(account: string, name: string): string {
  return `${swiftTarget(account)}/${quoteBytes(name.replace(/^\/+/, ''))}`;
}
