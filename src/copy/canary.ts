// A small object of our own that goes the way of every copy, all the time: written here, waiting its turn among the others, sent signed
// to the peer's gateway, written by its Swift, and read back from there. Kept beside the records, as no account of a client's is ours
// to write to; so of the whole way, only the container's own sync key is not tried.
import { randomBytes } from 'node:crypto';
import type { Peer, PeerResult } from '../peers/peer.js';
import { canaryObject } from '../records/names.js';
import type { Keeper } from '../records/keeper.js';
import { encodeName } from '../swift/path.js';
import type { Copied } from './copy-object.js';
import type { CopyJob } from './job.js';

export interface CanaryState {
  /** Of the last that arrived: seconds from its being written here to its being read there; undefined for none yet. */
  readonly lagSeconds: number | undefined;
  /** When that was, in milliseconds since 1970. */
  readonly measuredMs: number | undefined;
  /** When the first was sent, likewise; undefined where none is. */
  readonly firstMs?: number | undefined;
  /** Why the last one did not arrive; '' where it did. */
  readonly trouble: string;
}

export const NO_CANARY: CanaryState = { lagSeconds: undefined, measuredMs: undefined, trouble: '' };

const NO_NAME = { account: '', container: '', object: 'canary' } as const;

export function isCanary({ account, container }: Pick<CopyJob, 'account' | 'container'>): boolean {
  return account === '' && container === '';
}

export class Canary {
  readonly #records: Keeper;
  readonly #mine: string;
  readonly #states = new Map<string, CanaryState>();
  #timer: NodeJS.Timeout | undefined;
  #firstMs: number | undefined;

  constructor(records: Keeper, mine: string) {
    this.#records = records;
    this.#mine = mine;
  }

  /** @param send gives the job to every peer's queue */
  start(intervalMs: number, now: () => number, send: (job: CopyJob) => void): void {
    const release = (): void => {
      const text = `${randomBytes(8).toString('hex')} ${now()}\n`;
      const sinceMs = now();
      this.#records.store.put(canaryObject(this.#mine), Buffer.from(text), 'text/plain').then(
        () => send({ ...NO_NAME, sinceMs, looksFirst: false }),
        // Nothing to send: what was measured last grows old.
        () => undefined,
      );
    };
    this.#firstMs = now();
    this.#timer = setInterval(release, intervalMs);
    this.#timer.unref();
    release();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  state(peer: string): CanaryState {
    return { ...(this.#states.get(peer) ?? NO_CANARY), firstMs: this.#firstMs };
  }

  /** Never `later` but where the peer is away: what ails the canary alone must not hold up objects. */
  async copy(peer: Peer): Promise<Copied> {
    const body = await this.#records.store.get(canaryObject(this.#mine));
    if (body === undefined) return this.#failed(peer, 'it is not there to be sent');
    const target = `/autosync/canary?cluster=${encodeName(this.#mine)}`;
    for (const method of ['PUT', 'GET'] as const) {
      const result: PeerResult = await peer.send({ method, target, ...(method === 'PUT' ? { body } : {}) });
      if (result.kind === 'unreachable') {
        this.#failed(peer, result.detail);
        return { kind: 'later', detail: result.detail };
      }
      const { status, reason, body: found } = result.answer;
      if (status !== 200) return this.#failed(peer, `${method}: ${status} ${reason}`);
      if (method === 'GET' && !found.equals(body)) return this.#failed(peer, 'it came back changed');
    }
    return { kind: 'copied', bytes: 0 };
  }

  arrived(peer: string, lagSeconds: number, measuredMs: number): void {
    this.#states.set(peer, { lagSeconds, measuredMs, trouble: '' });
  }

  #failed(peer: Peer, trouble: string): Copied {
    this.#states.set(peer.name, { ...this.state(peer.name), trouble });
    return { kind: 'refused', detail: trouble };
  }
}
