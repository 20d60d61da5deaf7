// One object on one cluster in memory, with Swift's own rules of what is newer (obj/server.py), as copiers see it: from its own side
// and as a peer. Dates are ticks.
import { HeaderList } from '../../src/http/headers.js';
import type { MessageBody } from '../../src/http/message-body.js';
import { copyObject } from '../../src/copy/copy-object.js';
import type { LocalObjects, ObjectState } from '../../src/copy/local-object.js';
import type { Peer, PeerRequest, PeerResult, StreamedPeerRequest } from '../../src/peers/peer.js';
import { probeDeletion, type DeletionAnswer } from '../../src/sync/probe.js';
import { formatTimestamp, parseTimestamp } from '../../src/swift/timestamp.js';

/** What a request waits for before it reaches the cluster, and again before its answer is heard. May reject: it is lost. */
export type Journey = () => Promise<void>;

/** Rules that Swift has, or autosync keeps, taken away: to see that it is noticed. */
export interface Broken {
  /** Objects are dated when they come. */
  readonly isDatedByArrival?: boolean;
  /** Whatever is not here counts as deleted here. */
  readonly isProbeBlind?: boolean;
  /** What is newer here than the probed date counts as deleted here, and is not looked at. */
  readonly isProbeEnough?: boolean;
  /** A POST counts on any bytes. */
  readonly isPostBlind?: boolean;
}

export interface Held {
  readonly body: string;
  readonly meta: string;
}

export const NAME = { account: 'AUTH_a', container: 'c', object: 'o' };
/** Larger than what is sent unasked: bodies then go as they are. */
const LENGTH = 100_000;

export class ModelObject {
  readonly name: string;
  /** Of the newest bytes or deletion that it knows: what a PUT or a DELETE is held against. */
  #ticks = 0n;
  #held: Held | undefined;
  /** Of a POST onto those bytes. */
  #postTicks = 0n;
  readonly #broken: Broken;

  constructor(name: string, broken: Broken) {
    this.name = name;
    this.#broken = broken;
  }

  get held(): Held | undefined {
    return this.#held;
  }

  /** As its X-Timestamp shows it; 0 while it is not there. */
  get date(): bigint {
    if (this.#held === undefined) return 0n;
    return this.#postTicks > this.#ticks ? this.#postTicks : this.#ticks;
  }

  /** False where it has something as new. A newer POST stays, on the new bytes. */
  put(held: Held, ticks: bigint): boolean {
    if (ticks <= this.#ticks) return false;
    const isPostNewer = this.#held !== undefined && this.#postTicks > ticks;
    this.#held = isPostNewer ? { ...held, meta: this.#held?.meta ?? '' } : held;
    this.#ticks = ticks;
    return true;
  }

  post(meta: string, ticks: bigint): boolean {
    if (this.#held === undefined || ticks <= this.date) return false;
    [this.#held, this.#postTicks] = [{ ...this.#held, meta }, ticks];
    return true;
  }

  /** Leaves a tombstone also where nothing was, and takes a newer POST along. */
  delete(ticks: bigint): boolean {
    if (ticks <= this.#ticks) return false;
    [this.#held, this.#ticks, this.#postTicks] = [undefined, ticks, 0n];
    return true;
  }

  /** As a copier beside it sees it. */
  asLocal(journey: Journey): LocalObjects {
    const read = async (): Promise<ObjectState | undefined> => {
      await journey();
      const state = this.#state();
      await journey();
      return state;
    };
    const local: Pick<LocalObjects, 'cluster' | 'head' | 'get' | 'probe'> = {
      cluster: this.name,
      head: read,
      async get() {
        const state = await read();
        if (state === undefined) return undefined;
        return { state, body: state.etag as unknown as MessageBody };
      },
      probe: async (_name, _key, ticks): Promise<DeletionAnswer> => {
        await journey();
        return this.#probe(ticks, journey);
      },
    };
    return local as LocalObjects;
  }

  #probe(ticks: bigint, journey: Journey): Promise<DeletionAnswer> {
    if (this.#broken.isProbeBlind === true) return Promise.resolve('newer-here');
    const isHere = async (): Promise<boolean> => {
      await journey();
      return this.#broken.isProbeEnough !== true && this.#held !== undefined;
    };
    return probeDeletion(() => Promise.resolve(this.#ticks >= ticks ? 'newer-here' : 'never-here'), isHere);
  }

  /** As a copier at that other cluster sees it. */
  asPeer(journey: Journey, asking: ModelObject): Peer {
    const answer = async (request: PeerRequest | StreamedPeerRequest): Promise<PeerResult> => {
      try {
        await journey();
        const [status, headers, body] = await this.#answer(request, journey, asking);
        await journey();
        return { kind: 'answer', answer: { status, reason: '', headers, body: Buffer.from(body) } };
      } catch {
        return { kind: 'unreachable', detail: 'lost' };
      }
    };
    return { name: 'peer', send: answer, stream: answer } as unknown as Peer;
  }

  async #answer(
    { method, target, headers = new HeaderList(), ...rest }: PeerRequest | StreamedPeerRequest,
    journey: Journey,
    asking: ModelObject,
  ): Promise<[number, HeaderList, string]> {
    const nothing = new HeaderList();
    const sent = parseTimestamp(headers.get('x-timestamp') ?? '0') ?? 0n;
    const ticks = this.#broken.isDatedByArrival === true && method === 'PUT' ? this.#ticks + 1_000n : sent;
    const meta = headers.get('x-object-meta-v') ?? '';
    if (target.startsWith('/autosync/probe?')) {
      const asked = parseTimestamp(/timestamp=([\d.]+)/.exec(target)?.[1] ?? '') ?? 0n;
      return [200, nothing, await this.#probe(asked, journey)];
    }
    if (target.startsWith('/autosync/copy?')) {
      const to = asking.asPeer(journey, this);
      const how = { looksFirst: target.includes('look=1') };
      return [200, nothing, JSON.stringify(await copyObject(this.asLocal(journey), to, NAME, 'k', how))];
    }
    switch (method) {
      case 'HEAD': {
        const state = this.#state();
        if (state === undefined) return [404, nothing, ''];
        const shown = state.headers.clone().add('X-Timestamp', formatTimestamp(state.ticks));
        return [200, shown.add('ETag', this.#etag()), ''];
      }
      case 'PUT': {
        const body = 'body' in rest ? (rest.body as unknown as string) : '';
        if (!this.put({ body, meta }, ticks)) return [202, nothing, ''];
        return [201, HeaderList.from([['ETag', body]]), ''];
      }
      case 'POST':
        if (this.#held === undefined) return [404, nothing, ''];
        return [this.post(meta, ticks) ? 202 : 409, nothing, ''];
      default:
        // The gateway there asks first (changes/too-late.ts).
        return [ticks > this.date && this.delete(ticks) ? 204 : 409, nothing, ''];
    }
  }

  #etag(): string {
    return this.#broken.isPostBlind === true ? 'same' : (this.#held?.body ?? '');
  }

  #state(): ObjectState | undefined {
    if (this.#held === undefined) return undefined;
    const headers = HeaderList.from([
      ['Content-Length', String(LENGTH)],
      ['X-Object-Meta-V', this.#held.meta],
    ]);
    return { ticks: this.date, etag: this.#etag(), length: LENGTH, headers };
  }
}
