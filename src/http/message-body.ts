// The body of one HTTP message on its way from the socket it arrives on to the one consumer that takes it.
// Finds the end of the body; keeps the bytes as they came (chunk framing included) unless the consumer wants them decoded.
import { AutosyncError } from '../lib/errors.js';
import { ChunkScanner } from './chunk-scanner.js';
import type { Framing } from './head.js';

/** Takes a body. Exactly one of `end` and `error` is called, last. */
export interface BodyConsumer {
  /** Takes the next bytes. False: send no more before `resume()` of the body is called. */
  data(chunk: Buffer): boolean;
  end(): void;
  error(error: Error): void;
}

/** Where the bytes come from; told to hold back and to go on. */
export interface BodySource {
  pause(): void;
  resume(): void;
}

const CRLF = Buffer.from('\r\n');

type State = 'flowing' | 'complete' | 'failed';

export class MessageBody {
  readonly framing: Framing;
  readonly #source: BodySource;
  readonly #withoutTrailers: boolean;
  #state: State;
  #remaining: number;
  #scanner: ChunkScanner | undefined;
  #queue: Buffer[] = [];
  #consumer: BodyConsumer | undefined;
  #error: Error | undefined;
  #isDecoded = false;
  #isAbandoned = false;
  /** Called once when the last byte has arrived or never will. */
  onSettled: (() => void) | undefined;

  /** `withoutTrailers`: trailers of a chunked body are read and dropped. */
  constructor(framing: Framing, source: BodySource, withoutTrailers = false) {
    this.framing = framing;
    this.#source = source;
    this.#withoutTrailers = withoutTrailers;
    this.#remaining = framing.kind === 'length' ? framing.length : 0;
    this.#scanner = framing.kind === 'chunked' ? new ChunkScanner() : undefined;
    this.#state =
      framing.kind === 'none' || (framing.kind === 'length' && framing.length === 0) ? 'complete' : 'flowing';
  }

  static empty(): MessageBody {
    return new MessageBody({ kind: 'none' }, { pause: () => undefined, resume: () => undefined });
  }

  /** All bytes of the body have arrived (they may still wait for the consumer). */
  get isComplete(): boolean {
    return this.#state === 'complete';
  }

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
    const queue = this.#queue;
    this.#queue = [];
    return queue.length === 1 ? queue[0] : Buffer.concat(queue);
  }

  /** Starts the flow into the consumer. `isDecoded`: chunk framing taken off. */
  consume(consumer: BodyConsumer, options: { isDecoded?: boolean } = {}): void {
    this.#consumer = consumer;
    this.#isDecoded = options.isDecoded ?? false;
    const queue = this.#queue;
    this.#queue = [];
    let isHungry = true;
    for (const chunk of queue) isHungry = this.#deliver(chunk) && isHungry;
    if (this.#state === 'complete') consumer.end();
    else if (this.#state === 'failed') consumer.error(this.#error as Error);
    else if (isHungry) this.#source.resume();
  }

  /** The consumer can take more. */
  resume(): void {
    if (this.#state === 'flowing' && !this.#isAbandoned) this.#source.resume();
  }

  /** The consumer is gone: nothing more is delivered. */
  abandon(): void {
    if (this.#isAbandoned) return;
    this.#isAbandoned = true;
    this.#queue = [];
    this.onSettled?.();
  }

  /** Producer: takes the bytes of this body out of a chunk and says where they end. Throws BAD_REQUEST for wrong chunk framing. */
  feed(chunk: Buffer, start = 0): number {
    const end = this.#findEnd(chunk, start);
    const trailersAt = this.#withoutTrailers ? (this.#scanner?.trailersAt ?? -1) : -1;
    const keepEnd = trailersAt < 0 ? end : trailersAt;
    if (keepEnd > start && !this.#isAbandoned) {
      this.#take(start === 0 && keepEnd === chunk.length ? chunk : chunk.subarray(start, keepEnd));
    }
    if (trailersAt >= 0 && this.#state === 'complete' && !this.#isAbandoned) this.#take(CRLF);
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
    this.onSettled?.();
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
    if (this.#consumer === undefined) {
      this.#queue.push(chunk);
      if (this.#state === 'flowing') this.#source.pause();
    } else if (!this.#deliver(chunk) && this.#state === 'flowing') {
      this.#source.pause();
    }
  }

  #deliver(chunk: Buffer): boolean {
    const consumer = this.#consumer as BodyConsumer;
    if (!this.#isDecoded || this.#scanner === undefined) return consumer.data(chunk);
    let isHungry = true;
    this.#decoder ??= new ChunkScanner((data) => {
      isHungry = consumer.data(data) && isHungry;
    });
    this.#decoder.scan(chunk, 0);
    return isHungry;
  }
  #decoder: ChunkScanner | undefined;

  #finish(): void {
    if (!this.#isAbandoned) this.#consumer?.end();
    this.onSettled?.();
  }
}

/** Reads a whole (small) body, decoded. Throws BODY_TOO_LARGE beyond the limit, or what broke the body off. */
export function collectBody(body: MessageBody, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    body.consume(
      {
        data(chunk) {
          size += chunk.length;
          if (size > limitBytes) {
            body.abandon();
            reject(new AutosyncError('BODY_TOO_LARGE', `More than ${limitBytes} bytes.`));
            return false;
          }
          chunks.push(chunk);
          return true;
        },
        end: () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)),
        error: reject,
      },
      { isDecoded: true },
    );
  });
}
