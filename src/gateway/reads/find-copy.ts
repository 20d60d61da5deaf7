// Which of the peers has an object, or a listing: they are asked one after the other, the next one while the one before takes its time, and
// the first that has it is taken. Knows nothing of what objects point to, or of the local Swift.
import type { IncomingResponse } from '../../http/client-connection.js';
import { removeHopByHop } from '../../http/head.js';
import type { Peer, PeerRequest, PeerStream } from '../../peers/peer.js';
import type { OutgoingResponse } from '../station.js';

export type Question = Omit<PeerRequest, 'body'>;

/** A copy whose bytes flow when they are taken. */
export interface FoundCopy {
  readonly peer: Peer;
  readonly response: IncomingResponse;
}

export interface Search {
  readonly found: FoundCopy | undefined;
  /** What the first of them says to it where all say that they have it not; only if it was asked to be kept. */
  readonly refusal: FoundCopy | undefined;
  /** Peers that did not say whether they have it (404 and 412 say so). Empty where one has it. */
  readonly unknown: readonly string[];
}

export interface SearchLimits {
  readonly hedgeDelayMs: number;
  readonly timeoutMs: number;
  /** Whether an answer of that status is the one looked for. */
  readonly isFound: (status: number) => boolean;
  readonly keepsRefusal?: boolean;
}

/** In an answer: the peer that it came from. */
export const SERVED_BY = 'X-Autosync-Served-By';

/** Not there, or not the one that was asked for. */
const MISSING = new Set([404, 412]);

/** Swift has the object, whatever of it the question wanted. */
export function isServed(status: number): boolean {
  return status === 200 || status === 206 || status === 304 || status === 412 || status === 416;
}

/** A peer's answer as its client gets it. Swift puts the Host that it was asked with into Location, which is not the client's. */
export function handedOn({ peer, response }: FoundCopy): OutgoingResponse {
  const { headers } = response;
  removeHopByHop(headers);
  const location = headers.get('location');
  if (location !== undefined) headers.set('Location', location.replace(/^https?:\/\/[^/]*/i, ''));
  headers.set(SERVED_BY, peer.name);
  return response;
}

/** What is found, or undefined where it turns out meanwhile that it is not wanted. @throws what `isWanted` rejects with */
export async function wantedSearch(
  isWanted: Promise<boolean>,
  searching: Promise<Search>,
): Promise<Search | undefined> {
  let wanted = false;
  try {
    wanted = await isWanted;
  } finally {
    if (!wanted) void searching.then(abandonAll);
  }
  return wanted ? searching : undefined;
}

function abandonAll({ found, refusal }: Search): void {
  found?.response.body.abandon();
  refusal?.response.body.abandon();
}

/** @param peers the best first */
export function findCopy(peers: readonly Peer[], question: Question, limits: SearchLimits): Promise<Search> {
  return new Promise((resolve) => new Asking(peers, question, limits, resolve).next());
}

class Asking {
  readonly #waiting: Peer[];
  readonly #question: Question;
  readonly #limits: SearchLimits;
  readonly #resolve: (search: Search) => void;
  /** How to give up what is under way. */
  readonly #underWay = new Map<Peer, () => void>();
  readonly #unknown: string[] = [];
  #refusal: FoundCopy | undefined;
  readonly #overall: NodeJS.Timeout;
  #hedge: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(
    peers: readonly Peer[],
    question: Question,
    limits: SearchLimits,
    resolve: (search: Search) => void,
  ) {
    this.#waiting = [...peers];
    this.#question = question;
    this.#limits = limits;
    this.#resolve = resolve;
    this.#overall = setTimeout(() => this.#giveUp(), limits.timeoutMs);
  }

  /** Asks the next one; where nobody is left, and nobody is thinking, it is nowhere. */
  next(): void {
    clearTimeout(this.#hedge);
    if (this.#isOver) return;
    const peer = this.#waiting.shift();
    if (peer !== undefined) void this.#ask(peer);
    else if (this.#underWay.size === 0) this.#end(undefined, this.#unknown);
    if (this.#waiting.length > 0) this.#hedge = setTimeout(() => this.next(), this.#limits.hedgeDelayMs);
  }

  async #ask(peer: Peer): Promise<void> {
    this.#underWay.set(peer, () => undefined);
    const said = await this.#open(peer);
    this.#underWay.delete(peer);
    if (said.kind === 'answer' && this.#limits.isFound(said.response.status)) {
      if (this.#isOver) said.response.body.abandon();
      else this.#end({ peer, response: said.response }, []);
      return;
    }
    if (said.kind !== 'answer' || !MISSING.has(said.response.status)) this.#unknown.push(peer.name);
    if (said.kind === 'answer') this.#keep({ peer, response: said.response });
    this.next();
  }

  #keep(refusal: FoundCopy): void {
    const isWanted = this.#limits.keepsRefusal === true && !this.#isOver && this.#refusal === undefined;
    if (isWanted && MISSING.has(refusal.response.status)) this.#refusal = refusal;
    else refusal.response.body.abandon();
  }

  /** Whatever goes wrong with one peer is no answer of it, and no matter of the others. */
  async #open(peer: Peer): Promise<PeerStream> {
    try {
      return await peer.open(this.#question, (abort) => this.#underWay.set(peer, abort));
    } catch (error) {
      return { kind: 'unreachable', detail: (error as Error).message, hasDoneNothing: false };
    }
  }

  #giveUp(): void {
    const silent = [...this.#underWay.keys(), ...this.#waiting].map(({ name }) => name);
    this.#end(undefined, [...this.#unknown, ...silent]);
  }

  #end(found: FoundCopy | undefined, unknown: readonly string[]): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#overall);
    clearTimeout(this.#hedge);
    for (const abort of this.#underWay.values()) abort();
    const isRefused = found === undefined && unknown.length === 0;
    if (!isRefused) this.#refusal?.response.body.abandon();
    this.#resolve({ found, unknown, refusal: isRefused ? this.#refusal : undefined });
  }
}
