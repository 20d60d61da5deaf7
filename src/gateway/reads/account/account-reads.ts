// A client's GET or HEAD of an account: the local Swift authorises and answers it, and what only other clusters have of the account is added
// to that answer. Where nothing is to be added, the answer goes out as it came.
import { TimeLimit, untilAborted } from '../../../lib/time-limit.js';
import { audienceFor } from '../../../site/site.js';
import { swiftTarget } from '../../../swift/path.js';
import { isSuccess } from '../../../swift/swift-client.js';
import { rightsFor } from '../../site.js';
import type { Exchange, Next, OutgoingResponse } from '../../station.js';
import { PARTIAL } from '../../answer.js';
import { SERVED_BY } from '../find-copy.js';
import type { ObjectReads } from '../object-reads.js';
import { peerAccount } from './account-source.js';
import { completed, type Said } from './completed.js';
import { OthersAdd } from './others-add.js';
import { pageTarget, readPageQuery } from './page-query.js';
import { totalsIn } from './totals.js';

interface Others {
  readonly said: readonly Said[];
  /** That did not say, or are not asked. */
  readonly unknown: readonly string[];
}

/** One request on its way. */
interface Asked {
  readonly exchange: Exchange;
  readonly account: string;
  /** Nothing is waited for beyond that. */
  readonly signal: AbortSignal;
}

const NOBODY: Others = { said: [], unknown: [] };

export class AccountReads {
  readonly #reads: ObjectReads;
  readonly #othersAdd: OthersAdd;

  constructor(reads: ObjectReads) {
    this.#reads = reads;
    this.#othersAdd = new OthersAdd(reads.site);
  }

  /** Never an error because of another cluster. @throws AutosyncError of the local Swift; a retry may help */
  async answer(exchange: Exchange, next: Next, account: string): Promise<OutgoingResponse> {
    const { timeoutMs } = this.#reads.site.options.reads;
    if (timeoutMs === 0) return this.#reads.anywhere(exchange, next);
    const isHead = exchange.request.method === 'HEAD';
    const limit = new TimeLimit(timeoutMs);
    // Who says nothing at all must not take the time in which the others' containers can be counted.
    const asking = new TimeLimit(isHead ? timeoutMs / 2 : timeoutMs);
    try {
      const saying = this.#askOthers({ exchange, account, signal: asking.signal });
      const local = await this.#reads.anywhere(exchange, next);
      if (!isSuccess(local.status) || local.headers.has(SERVED_BY)) return local;
      return await this.#complete({ exchange, account, signal: limit.signal }, local, await saying);
    } finally {
      asking.end();
      limit.end();
    }
  }

  async #askOthers({ exchange, account, signal }: Asked): Promise<Others> {
    const { site, places } = this.#reads;
    const { method, target } = exchange.request;
    const { peers: all } = audienceFor(site, site.clusters.all());
    if (all.length === 0) return NOBODY;
    const known = await untilAborted(
      signal,
      Promise.all([site.ownAccount(), places.inOrder({ isHere: true, peers: all })]),
    ).catch(() => undefined);
    if (known === undefined) return { said: [], unknown: all.map(({ name }) => name) };
    const [own, { peers, fenced }] = known;
    if (account === own) return NOBODY;
    const rights = rightsFor(site, exchange);
    const question = method === 'HEAD' ? swiftTarget(account) : pageTarget(readPageQuery(account, target));
    const answers = await Promise.all(
      peers.map(async (peer) => {
        const source = peerAccount(peer, rights);
        return { source, answer: await source.ask(method === 'HEAD' ? 'HEAD' : 'GET', question, signal) };
      }),
    );
    return {
      said: answers.flatMap(({ source, answer }) => (answer === undefined ? [] : [{ source, answer }])),
      unknown: [
        ...answers.filter(({ answer }) => answer === undefined).map(({ source }) => source.cluster),
        ...fenced,
      ],
    };
  }

  async #complete(asked: Asked, local: OutgoingResponse, others: Others): Promise<OutgoingResponse> {
    const { site } = this.#reads;
    const totals = totalsIn(local.headers);
    // Not Swift's answer about an account, whatever it was asked.
    if (totals === undefined) return local;
    const { answer, unknown } =
      others.said.length === 0
        ? { answer: local, unknown: [] }
        : await completed(local, { ...asked, ...others, site, totals, othersAdd: this.#othersAdd });
    const silent = new Set([...others.unknown, ...unknown]);
    if (silent.size > 0) answer.headers.set(PARTIAL, [...silent].join(', '));
    return answer;
  }
}
