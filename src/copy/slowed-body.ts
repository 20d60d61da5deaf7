// A body on its way to a peer, let through piece by piece as the limit allows; its source is read no faster than that.
import { MessageBody, type BodyConsumer, type BodySource } from '../http/message-body.js';
import type { ByteLimit } from './byte-limit.js';

/** At a time, so that others get their turn in between. */
const PIECE_BYTES = 16_384;

/** @param lengthBytes of the whole body */
export function slowedBody(body: MessageBody, limit: ByteLimit, lengthBytes: number): MessageBody {
  return new Slowing(body, limit, lengthBytes).slowed;
}

class Slowing implements BodyConsumer, BodySource {
  readonly slowed: MessageBody;
  readonly #from: MessageBody;
  readonly #limit: ByteLimit;
  readonly #chunks: Buffer[] = [];
  #isPouring = false;
  #isOver = false;
  /** Set while nobody takes more: ends that. */
  #goOn: (() => void) | undefined;
  #paused: Promise<void> | undefined;

  constructor(from: MessageBody, limit: ByteLimit, lengthBytes: number) {
    this.#from = from;
    this.#limit = limit;
    this.slowed = new MessageBody({ kind: 'length', length: lengthBytes }, this);
    from.consume(this, { isDecoded: true });
  }

  /** From the source: more of it comes when this is through. */
  data(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    if (!this.#isPouring) void this.#pour();
    return false;
  }

  /** The last piece says so itself. */
  end(): void {
    return;
  }

  error(error: Error): void {
    this.slowed.fail(error);
  }

  /** From who takes it. */
  pause(): void {
    this.#paused ??= new Promise((resolve) => (this.#goOn = resolve));
  }

  resume(): void {
    this.#goOn?.();
    this.#paused = undefined;
  }

  settled(): void {
    this.#isOver = true;
    this.resume();
    if (!this.#from.isComplete) this.#from.abandon();
  }

  async #pour(): Promise<void> {
    this.#isPouring = true;
    for (let chunk = this.#chunks.shift(); chunk !== undefined; chunk = this.#chunks.shift()) {
      for (let start = 0; start < chunk.length; start += PIECE_BYTES) {
        const piece = chunk.subarray(start, start + PIECE_BYTES);
        await this.#limit.take(piece.length);
        if (!this.#isOver) this.slowed.feed(piece);
        await this.#paused;
        if (this.#isOver) return;
      }
    }
    this.#isPouring = false;
    this.#from.resume();
  }
}
