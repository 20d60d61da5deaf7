// One object on one cluster in memory, with Swift's own rules of what is newer (obj/server.py), as copiers see it: from its own side
// and as a peer. Dates are ticks. Knows nothing of copies.
import { HeaderList } from '../../src/http/headers.js';
import type { MessageBody } from '../../src/http/message-body.js';
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

/** Larger than what is sent unasked: bodies then go as they are. */
const LENGTH = 100_000;

export class ModelObject {
  /** Of the newest that it knows: bytes, metadata or deletion. */
  #ticks = 0n;
  #held: Held | undefined;
  readonly #broken: Broken;

  constructor(broken: Broken) {
    this.#broken = broken;
  }

  get held(): Held | undefined {
    return this.#held;
  }

  /** False where it has something as new. */
  put(held: Held, ticks: bigint): boolean {
    if (ticks <= this.#ticks) return false;
    [this.#held, this.#ticks] = [held, ticks];
    return true;
  }

  post(meta: string, ticks: bigint): boolean {
    if (this.#held === undefined || ticks <= this.#ticks) return false;
    [this.#held, this.#ticks] = [{ ...this.#held, meta }, ticks];
    return true;
  }

  /** Leaves a tombstone also where nothing was. */
  delete(ticks: bigint): boolean {
    if (ticks <= this.#ticks) return false;
    [this.#held, this.#ticks] = [undefined, ticks];
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
    const local: Pick<LocalObjects, 'head' | 'get' | 'probe'> = {
      head: read,
      async get() {
        const state = await read();
        if (state === undefined) return undefined;
        return { state, body: state.etag as unknown as MessageBody };
      },
      probe: async (_name, _key, ticks): Promise<DeletionAnswer> => {
        await journey();
        if (this.#broken.isProbeBlind === true) return 'newer-here';
        const isHere = async (): Promise<boolean> => {
          await journey();
          return this.#broken.isProbeEnough !== true && this.#held !== undefined;
        };
        return probeDeletion(
          () => Promise.resolve(this.#ticks >= ticks ? 'newer-here' : 'never-here'),
          isHere,
        );
      },
    };
    return local as LocalObjects;
  }

  /** As a copier at another cluster sees it. */
  asPeer(journey: Journey): Peer {
    const answer = async (request: PeerRequest | StreamedPeerRequest): Promise<PeerResult> => {
      try {
        await journey();
        const [status, headers] = this.#answer(request);
        await journey();
        return { kind: 'answer', answer: { status, reason: '', headers, body: Buffer.alloc(0) } };
      } catch {
        return { kind: 'unreachable', detail: 'lost' };
      }
    };
    return { name: 'peer', send: answer, stream: answer } as unknown as Peer;
  }

  #answer({
    method,
    headers = new HeaderList(),
    ...rest
  }: PeerRequest | StreamedPeerRequest): [number, HeaderList] {
    const nothing = new HeaderList();
    const sent = parseTimestamp(headers.get('x-timestamp') ?? '0') ?? 0n;
    const ticks = this.#broken.isDatedByArrival === true && method === 'PUT' ? this.#ticks + 1_000n : sent;
    const meta = headers.get('x-object-meta-v') ?? '';
    switch (method) {
      case 'HEAD': {
        const state = this.#state();
        if (state === undefined) return [404, nothing];
        return [
          200,
          state.headers.clone().add('X-Timestamp', formatTimestamp(state.ticks)).add('ETag', this.#etag()),
        ];
      }
      case 'PUT': {
        const body = 'body' in rest ? (rest.body as unknown as string) : '';
        if (!this.put({ body, meta }, ticks)) return [202, nothing];
        return [201, HeaderList.from([['ETag', body]])];
      }
      case 'POST':
        if (this.#held === undefined) return [404, nothing];
        return [this.post(meta, ticks) ? 202 : 409, nothing];
      default:
        return [this.delete(ticks) ? 204 : 409, nothing];
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
    return { ticks: this.#ticks, etag: this.#etag(), length: LENGTH, headers };
  }
}
