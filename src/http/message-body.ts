// The body of one HTTP message on its way from the socket it arrives on to the one consumer that takes it.
// Finds the end of the body; keeps the bytes as they came (chunk framing included) unless the consumer wants them decoded.
import { AutosyncError } from '../lib/errors.js';
import { ChunkScanner } from './chunk-scanner.js';
import type { Framing } from './head.js';

/** Takes a body. Exactly one of `end` and `error` is called, last. */
export interface BodyConsumer {
  /**
   * Takes the next bytes. True: they are dealt with, and their memory may be used for the next. False: they are still in
   * use; no more are read, nor is their memory touched, before `resume()` of the body is called.
   */
  data(chunk: Buffer): boolean;
  end(): void;
  error(error: Error): void;
}

/** Where the bytes come from. */
export interface BodySource {
  /** Read no more of this body. */
  pause(): void;
  /** Go on reading. */
  resume(): void;
  /** Called once: the last byte has arrived, or never will, or nobody takes them any more. */
  settled?(): void;
}

/** Reads along what a body's consumer takes, and cannot hold it up. Must not throw. */
export interface BodyWatcher {
  /** The next bytes, chunk framing taken off; their memory is the body's again afterwards. */
  readonly data?: (chunk: Buffer) => void;
  /** Called once, last. */
  readonly end: () => void;
}

const CRLF = Buffer.from('\r\n');

type State = 'flowing' | 'complete' | 'failed';

export class MessageBody {
  readonly framing: Framing;
  /** The consumer still needs the memory of the chunk it was given last. */
  isChunkInUse = false;
  readonly #source: BodySource;
  readonly #withoutTrailers: boolean;
  readonly #scanner: ChunkScanner | undefined;
  #decoder: ChunkScanner | undefined;
  #state: State = 'flowing';
  #remaining = 0;
  #queue: Buffer[] | undefined;
  #consumer: BodyConsumer | undefined;
  #watcher: BodyWatcher | undefined;
  #show: ((chunk: Buffer) => void) | undefined;
  #error: Error | undefined;
  #gathering: { room: number; readonly over: (isWhole: boolean) => void } | undefined;
  #isAbandoned = false;
  #isSettled = false;

  /** `withoutTrailers`: trailers of a chunked body are read and dropped. */
  constructor(framing: Framing, source: BodySource, withoutTrailers = false) {
    this.framing = framing;
    this.#source = source;
    this.#withoutTrailers = withoutTrailers;
    if (framing.kind === 'chunked') this.#scanner = new ChunkScanner();
    else if (framing.kind === 'length') this.#remaining = framing.length;
    if (framing.kind === 'none' || (framing.kind === 'length' && framing.length === 0)) {
      this.#state = 'complete';
      // Its source may be at work on the next message by the time that somebody looks at it.
      this.#isSettled = true;
    }
  }

  /** All bytes of the body have arrived (they may still wait for the consumer). */
  get isComplete(): boolean {
    return this.#state === 'complete';
  }

  /** The rest of the body will never come. */
  get isFailed(): boolean {
    return this.#state === 'failed';
  }

  get hasConsumer(): boolean {
    return this.#consumer !== undefined;
  }

  /** The consumer went away in the middle; the rest of the body has no taker. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** All of a small body that is here already, to be sent, and sent again if need be; undefined when it is not. */
  takeBuffered(): Buffer | undefined {
    if (this.#consumer !== undefined || this.#state !== 'complete') return undefined;
    const queue = this.#queue ?? [];
    const whole = queue.length === 1 ? (queue[0] as Buffer) : Buffer.concat(queue);
    this.#queue = [whole];
    return whole;
  }

  /** All of it, decoded, before anybody takes it, which can be done afterwards as ever. Undefined where it is longer than that, or breaks off. */
  async gather(limitBytes: number): Promise<Buffer | undefined> {
    if (!(await this.#keep(limitBytes))) return undefined;
    if (this.#scanner === undefined) return Buffer.concat(this.#queue ?? []);
    const chunks: Buffer[] = [];
    const decoder = new ChunkScanner((chunk) => chunks.push(Buffer.from(chunk)));
    for (const chunk of this.#queue ?? []) decoder.scan(chunk, 0);
    return Buffer.concat(chunks);
  }

  /** Resolves with whether all is here. */
  #keep(limitBytes: number): Promise<boolean> {
    return new Promise((resolve) => {
      const sizeBytes = (this.#queue ?? []).reduce((sum, { length }) => sum + length, 0);
      if (this.#state !== 'flowing' || sizeBytes > limitBytes) {
        resolve(this.#state === 'complete' && sizeBytes <= limitBytes);
        return;
      }
      this.#gathering = { room: limitBytes - sizeBytes, over: resolve };
      this.#source.resume();
    });
  }

  /** Starts the flow into the consumer. `isDecoded`: chunk framing taken off. */
  consume(consumer: BodyConsumer, options: { isDecoded?: boolean } = {}): void {
    if (this.#consumer !== undefined) {
      consumer.error(new Error('The body has been taken before.'));
      return;
    }
    this.#consumer = consumer;
    if (options.isDecoded === true && this.#scanner !== undefined) {
      this.#decoder = new ChunkScanner((data) => this.#deliver(data));
    }
    const queue = this.#queue;
    this.#queue = undefined;
    for (const chunk of queue ?? []) this.#pass(chunk);
    if (this.#isAbandoned) return;
    if (this.#state === 'complete') consumer.end();
    else if (this.#state === 'failed') consumer.error(this.#error as Error);
    else if (queue !== undefined && !this.isChunkInUse) this.#source.resume();
  }

  /** One may read along; from the beginning, if it comes before the consumer. `end`: the last byte has come, or never will. */
  watch(watcher: BodyWatcher): void {
    const { data } = watcher;
    if (data !== undefined) {
      const decoder = this.#scanner && new ChunkScanner((chunk) => data(chunk));
      this.#show = (chunk) => (decoder === undefined ? data(chunk) : void decoder.scan(chunk, 0));
      for (const chunk of this.#queue ?? []) this.#show(chunk);
    }
    if (this.#state === 'flowing' && !this.#isAbandoned) this.#watcher = watcher;
    else watcher.end();
  }

  /** The consumer can take more. */
  resume(): void {
    this.isChunkInUse = false;
    if (this.#state === 'flowing' && !this.#isAbandoned) this.#source.resume();
  }

  /** The consumer is gone: nothing more is delivered. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#queue = undefined;
    this.#settle();
  }

  /**
   * Producer: takes the bytes of this body out of a chunk and says where they end. The chunk's memory may be used again
   * unless `isChunkInUse`. Throws BAD_REQUEST for wrong chunk framing.
   */
  feed(chunk: Buffer, start = 0): number {
    const end = this.#findEnd(chunk, start);
    const trailersAt = this.#withoutTrailers ? (this.#scanner?.trailersAt ?? -1) : -1;
    const keepEnd = trailersAt < 0 ? end : trailersAt;
    if (keepEnd > start)
      this.#take(start === 0 && keepEnd === chunk.length ? chunk : chunk.subarray(start, keepEnd));
    if (trailersAt >= 0 && this.#state === 'complete') this.#take(CRLF);
    if (this.#state === 'complete') this.#finish();
    return end;
  }

  /** Producer: the connection ended. */
  sourceEnded(): void {
    if (this.#state !== 'flowing') return;
    if (this.framing.kind === 'close') {
      this.#state = 'complete';
      this.#finish();
    } else {
      this.fail(new AutosyncError('UPSTREAM_BROKEN', 'The connection ended in the middle of a body.'));
    }
  }

  /** Producer: the rest will never come. */
  fail(error: Error): void {
    if (this.#state !== 'flowing') return;
    this.#state = 'failed';
    this.#error = error;
    if (!this.#isAbandoned) this.#consumer?.error(error);
    this.#settle();
  }

  #findEnd(chunk: Buffer, start: number): number {
    if (this.#scanner !== undefined) {
      const end = this.#scanner.scan(chunk, start);
      if (this.#scanner.isDone) this.#state = 'complete';
      return end;
    }
    if (this.framing.kind === 'close') return chunk.length;
    const end = Math.min(chunk.length, start + this.#remaining);
    this.#remaining -= end - start;
    if (this.#remaining === 0) this.#state = 'complete';
    return end;
  }

  #take(chunk: Buffer): void {
    if (this.#isAbandoned) return;
    this.#show?.(chunk);
    if (this.#consumer === undefined) {
      // A copy: the source reads the next message into the same memory.
      (this.#queue ??= []).push(Buffer.from(chunk));
      const gathering = this.#gathering;
      if (gathering !== undefined) gathering.room -= chunk.length;
      if (gathering !== undefined && gathering.room < 0) this.#endGathering(false);
      if (this.#state === 'flowing' && this.#gathering === undefined) this.#source.pause();
      return;
    }
    this.#pass(chunk);
    if (this.isChunkInUse && this.#state === 'flowing') this.#source.pause();
  }

  #pass(chunk: Buffer): void {
    if (this.#decoder === undefined) this.#deliver(chunk);
    else this.#decoder.scan(chunk, 0);
  }

  #deliver(data: Buffer): void {
    if (!this.#isAbandoned && !(this.#consumer as BodyConsumer).data(data)) this.isChunkInUse = true;
  }

  #finish(): void {
    if (!this.#isAbandoned) this.#consumer?.end();
    this.#settle();
  }

  #endGathering(isWhole: boolean): void {
    this.#gathering?.over(isWhole);
    this.#gathering = undefined;
  }

  #settle(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#endGathering(this.#state === 'complete');
    this.#watcher?.end();
    this.#source.settled?.();
  }
}

/** Reads a whole (small) body, decoded. Rejects with BODY_TOO_LARGE beyond the limit, or what broke the body off. */
export function collectBody(body: MessageBody, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    body.consume(
      {
        data(chunk) {
          sizeBytes += chunk.length;
          if (sizeBytes > limitBytes) {
            body.abandon();
            reject(new AutosyncError('BODY_TOO_LARGE', `More than ${limitBytes} bytes.`));
          } else {
            chunks.push(Buffer.from(chunk));
          }
          return true;
        },
        end: () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)),
        error: reject,
      },
      { isDecoded: true },
    );
  });
}
