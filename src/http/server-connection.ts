// One client's connection: reads its requests one after the other (pipelined ones wait), hands each to the handler and
// writes the answer back, with limits on size and time. Knows nothing of Swift.
import { TLSSocket } from 'node:tls';
import type { Socket } from 'node:net';
import { AutosyncError } from '../lib/errors.js';
import { answerHead, AnswerWriter, isDecodedFor, refusal, type OutgoingResponse } from './answer-writer.js';
import { NEVER, writeProgress, type Deadlines, type Watched } from './deadline.js';
import { findHeadEnd, parseRequestHead, type RequestHead } from './head.js';
import { MessageBody, type BodyConsumer, type BodySource } from './message-body.js';
import { readInto } from './read-buffer.js';
import { ServerRequest, type IncomingRequest, type ServerLimits } from './server-request.js';

export type { IncomingRequest, OutgoingResponse, ServerLimits };

export type RequestHandler = (request: IncomingRequest) => Promise<OutgoingResponse>;

/** Enough for most heads and small bodies, and little enough for ten thousand idle connections. */
const HEAD_READ_BYTES = 8 * 1024;
const BODY_READ_BYTES = 64 * 1024;
/** Bytes of later requests that are taken in while one is under way. */
const MAX_PIPELINED_BYTES = 64 * 1024;
/** Bytes of answers that may wait for a slow reader before the next of its pipelined requests is begun. */
const MAX_UNSENT_BYTES = 64 * 1024;
/** How long a client is given to read a final answer and close, before the connection goes. */
const LINGER_MS = 2_000;

/** `lingering`: the last answer is on its way; what still comes is read and dropped. */
type Phase = 'idle' | 'head' | 'request' | 'lingering' | 'closed';

export class ServerConnection implements Watched, BodySource, BodyConsumer {
  deadline: number;
  readonly #socket: Socket;
  readonly #writer: AnswerWriter;
  #buffer = Buffer.allocUnsafeSlow(HEAD_READ_BYTES);
  readonly #remoteAddress: string;
  readonly #handler: RequestHandler;
  readonly #limits: ServerLimits;
  readonly #deadlines: Deadlines;
  readonly #onClosed: (connection: ServerConnection) => void;
  #phase: Phase = 'idle';
  #isReading = true;
  #isHalfClosed = false;
  #isLast = false;
  /** What came and could not be taken in yet: the beginning of a head, or pipelined requests. */
  #pending: Buffer | undefined;
  #searchedTo = 0;
  #request: ServerRequest | undefined;
  #isBodyPaused = false;
  #responseBody: MessageBody | undefined;
  #isResponseDone = false;
  #progress = 0;

  constructor(
    accepted: Socket,
    options: {
      handler: RequestHandler;
      limits: ServerLimits;
      deadlines: Deadlines;
      onClosed: (connection: ServerConnection) => void;
    },
  ) {
    const socket = readInto(accepted, { buffer: () => this.#buffer, read: (chunk) => this.#read(chunk) });
    this.#socket = socket;
    this.#writer = new AnswerWriter(socket, this.#onWritten);
    this.#remoteAddress = socket.remoteAddress ?? '';
    this.#handler = options.handler;
    this.#limits = options.limits;
    this.#deadlines = options.deadlines;
    this.#onClosed = options.onClosed;
    this.deadline = this.#deadlines.now + this.#limits.headerTimeoutMs;
    this.#deadlines.add(this);
    socket.on('end', () => this.#ended());
    socket.on('finish', () => this.#await());
    socket.on('error', () => this.#closed());
    socket.on('close', () => this.#closed());
  }

  /** Closes as soon as no request is under way. */
  drain(): void {
    this.#isLast = true;
    if (this.#phase === 'idle') this.#linger();
  }

  destroy(): void {
    this.#socket.destroy();
    this.#closed();
  }

  expire(): void {
    if (this.#phase === 'head') {
      this.#refuse(new AutosyncError('REQUEST_TIMEOUT', 'The headers took too long.'));
    } else if (this.#socket.writableLength > 0) {
      // A slow reader has all the time it needs, as long as it takes something.
      if (writeProgress(this.#socket) === this.#progress) this.destroy();
      else this.#await();
    } else if (this.#phase !== 'request') {
      this.destroy();
    } else if (this.#isBodyDue()) {
      this.#failRequest(new AutosyncError('REQUEST_TIMEOUT', 'The body stopped coming.'));
    } else {
      this.#await();
    }
  }

  // What the client sends.

  #read(chunk: Buffer): void {
    const used = this.#phase === 'request' ? this.#feed(chunk) : 0;
    if (used === chunk.length || this.#phase === 'lingering' || this.#phase === 'closed') return;
    const rest = used === 0 ? chunk : chunk.subarray(used);
    this.#pending = this.#pending === undefined ? rest : Buffer.concat([this.#pending, rest]);
    this.#advance();
    this.#keepPending(chunk);
  }

  /** Copies what is left of a chunk: the next bytes will be read into the same memory. */
  #keepPending(chunk: Buffer): void {
    if (this.#pending?.buffer === chunk.buffer) this.#pending = Buffer.from(this.#pending);
  }

  /** Gives the request under way what belongs to its body, and says how much that is. */
  #feed(chunk: Buffer): number {
    const request = this.#request as ServerRequest;
    const { body } = request;
    if (body.isComplete || body.isFailed) return 0;
    try {
      const used = body.feed(chunk);
      request.isAwaitingContinue = false;
      this.#makeRoom(body);
      if (this.#phase === 'request') this.#await();
      return used;
    } catch (error) {
      this.#failRequest(error as AutosyncError);
      return chunk.length;
    }
  }

  /** Reads go into a larger buffer while a body is on its way, and into another one when this one's bytes are still in use. */
  #makeRoom(body: MessageBody): void {
    const isLarge = this.#buffer.length === BODY_READ_BYTES;
    if (body.isComplete) {
      if (isLarge || body.isChunkInUse) this.#buffer = Buffer.allocUnsafeSlow(HEAD_READ_BYTES);
    } else if (!isLarge && !this.#isBodyPaused) {
      this.#buffer = Buffer.allocUnsafeSlow(BODY_READ_BYTES);
    }
  }

  /** Begins the next request as soon as its head is here and its turn has come. */
  #advance(): void {
    while ((this.#phase === 'idle' || this.#phase === 'head') && this.#pending !== undefined) {
      if (this.#socket.writableLength > MAX_UNSENT_BYTES || !this.#readHead(this.#pending)) break;
    }
    this.#readOn();
    if (this.#isHalfClosed && this.#phase !== 'request' && this.#socket.writableLength <= MAX_UNSENT_BYTES)
      this.#linger();
  }

  /** Takes the next head out of what is pending; false when it is not all there. */
  #readHead(pending: Buffer): boolean {
    let start = 0;
    // RFC 9112, section 2.2: empty lines before a request line are skipped.
    while (pending[start] === 0x0d && pending[start + 1] === 0x0a) start += 2;
    const buffer = start === 0 ? pending : pending.subarray(start);
    if (this.#phase === 'idle' && buffer.length > 0) {
      this.#phase = 'head';
      this.deadline = this.#deadlines.now + this.#limits.headerTimeoutMs;
    }
    try {
      const end = findHeadEnd(buffer, start === 0 ? this.#searchedTo : 0);
      if ((end < 0 ? buffer.length : end) > this.#limits.maxHeaderSize) {
        throw new AutosyncError('HEADERS_TOO_LARGE', `The limit is ${this.#limits.maxHeaderSize} bytes.`);
      }
      if (end < 0) {
        this.#pending = buffer.length === 0 ? undefined : buffer;
        this.#searchedTo = buffer.length;
        return false;
      }
      this.#start(parseRequestHead(buffer, end), buffer.subarray(end));
      return true;
    } catch (error) {
      this.#refuse(error as AutosyncError);
      return false;
    }
  }

  #start(head: RequestHead, rest: Buffer): void {
    const body = new MessageBody(head.framing, this, true);
    const request = new ServerRequest(head, body, this.#socket, this.#remoteAddress);
    this.#phase = 'request';
    this.#request = request;
    this.#isResponseDone = false;
    this.#isBodyPaused = false;
    this.#searchedTo = 0;
    this.#pending = undefined;
    this.#await();
    const used = rest.length === 0 ? 0 : this.#feed(rest);
    if (used < rest.length) this.#pending = rest.subarray(used);
    if (body.isFailed) return;
    this.#handler(request).then(
      (response) => this.#respond(request, response),
      () => this.#respond(request, undefined),
    );
  }

  /** Reads from the client, unless there is no use or no room for what it sends. */
  #readOn(): void {
    const isWaiting = this.#phase === 'request' || this.#socket.writableLength > MAX_UNSENT_BYTES;
    const isFull = isWaiting && (this.#pending?.length ?? 0) > MAX_PIPELINED_BYTES;
    const isReading = this.#phase === 'lingering' || !(isFull || this.#isBodyPaused);
    if (isReading === this.#isReading) return;
    this.#isReading = isReading;
    if (isReading) this.#socket.resume();
    else this.#socket.pause();
  }

  /** The request's body has no taker at the moment. */
  pause(): void {
    this.#isBodyPaused = true;
    this.#readOn();
    this.#await();
  }

  resume(): void {
    this.#isBodyPaused = false;
    this.#readOn();
    this.#await();
  }

  /** The request's body has arrived, or never will, or nobody takes it. */
  settled(): void {
    this.#isBodyPaused = false;
    this.#settle();
  }

  #ended(): void {
    this.#isHalfClosed = true;
    const body = this.#request?.body;
    if (this.#phase !== 'request') this.#advance();
    else if (body?.isComplete === false && !body.isAbandoned) this.destroy();
  }

  // What goes back to the client.

  #respond(request: ServerRequest, response: OutgoingResponse | undefined): void {
    if (this.#request !== request || this.#phase !== 'request') {
      if (response?.body instanceof MessageBody) response.body.abandon();
    } else if (response === undefined) {
      this.#reset();
    } else {
      request.isAnswered = true;
      this.#isLast ||=
        request.wantsClose ||
        (this.#isHalfClosed && this.#pending === undefined) ||
        request.isBodyLeft ||
        (response.body instanceof MessageBody && response.body.framing.kind === 'close');
      this.#send(request, response);
    }
  }

  #send(request: ServerRequest, response: OutgoingResponse): void {
    const { body } = response;
    this.#writer.begin(answerHead(request, response, this.#isLast));
    if (body instanceof MessageBody) {
      this.#responseBody = body;
      body.consume(this, { isDecoded: isDecodedFor(request, response) });
      this.#writer.sendHead();
    } else {
      if (body !== undefined && body.length > 0 && request.method !== 'HEAD') this.data(body);
      this.end();
    }
  }

  /** The answer's body: bytes, its end, or that it broke off. */
  data(chunk: Buffer): boolean {
    this.#writer.write(chunk);
    if (this.#socket.writableLength === 0) return true;
    this.#await();
    return false;
  }

  end(): void {
    this.#writer.sendHead();
    this.#responseBody = undefined;
    this.#isResponseDone = true;
    this.#settle();
  }

  /** Swift broke off: the client must not take what it has for the whole. */
  error(): void {
    this.#responseBody = undefined;
    this.#reset();
  }

  readonly #onWritten = (): void => {
    if (this.#socket.writableLength > 0 || this.#phase === 'closed') return;
    if (this.#responseBody?.isChunkInUse === true) {
      this.#await();
      this.#responseBody.resume();
    } else if (this.#phase === 'idle' || this.#phase === 'head') {
      this.#advance();
    }
  };

  /** Goes on to the next request when this one is done in both directions. */
  #settle(): void {
    const request = this.#request;
    if (request === undefined || this.#phase !== 'request' || !this.#isResponseDone) return;
    const { body } = request;
    if (this.#isLast || body.isAbandoned || body.isFailed) {
      this.#linger();
    } else if (body.isComplete) {
      this.#request = undefined;
      this.#phase = 'idle';
      this.#await();
      if (this.#pending !== undefined || this.#isHalfClosed) setImmediate(() => this.#advance());
      else this.#readOn();
    } else {
      this.#await();
    }
  }

  /** The request cannot be completed: tells whoever works on it, then the client. */
  #failRequest(error: AutosyncError): void {
    const request = this.#request as ServerRequest;
    request.body.fail(error);
    if (!this.#isResponseDone) request.gone();
    this.#refuse(error);
  }

  #refuse(error: AutosyncError): void {
    if (this.#phase === 'lingering' || this.#phase === 'closed') return;
    if (this.#phase === 'request' && this.#request?.isAnswered === true) {
      this.#reset();
      return;
    }
    if (this.#request !== undefined) this.#request.isAnswered = true;
    this.#socket.write(refusal(error));
    this.#linger();
  }

  /** Sends what is written and the end, and gives the client time to read it: closing at once could reset it away. */
  #linger(): void {
    if (this.#phase === 'lingering' || this.#phase === 'closed') return;
    this.#phase = 'lingering';
    this.#pending = undefined;
    const body = this.#request?.body;
    if (body?.isComplete === false)
      body.fail(new AutosyncError('REQUEST_TIMEOUT', 'It was answered before.'));
    this.#socket.end();
    this.#readOn();
    this.#await();
  }

  /** Cuts the client off, so that it sees it. */
  #reset(): void {
    if (this.#socket instanceof TLSSocket) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
    this.#closed();
  }

  /** Sets the deadline by what the client is to do now: read, send the rest of a body, send a request, close. */
  #await(): void {
    const { clientTimeoutMs, keepaliveTimeoutMs } = this.#limits;
    const isReaderDue = this.#socket.writableLength > 0;
    if (isReaderDue) this.#progress = writeProgress(this.#socket);
    let waitMs = clientTimeoutMs;
    if (!isReaderDue) {
      if (this.#phase === 'request') waitMs = this.#isBodyDue() ? clientTimeoutMs : NEVER;
      else waitMs = this.#phase === 'lingering' ? LINGER_MS : keepaliveTimeoutMs;
    }
    this.deadline = this.#deadlines.now + waitMs;
  }

  #isBodyDue(): boolean {
    const request = this.#request as ServerRequest;
    return !(request.body.isComplete || request.isAwaitingContinue || this.#isBodyPaused);
  }

  #closed(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#pending = undefined;
    this.#deadlines.delete(this);
    const request = this.#request;
    if (request !== undefined) {
      request.isAnswered = true;
      request.body.fail(new AutosyncError('REQUEST_TIMEOUT', 'The client went away.'));
      this.#responseBody?.abandon();
      if (!this.#isResponseDone) request.gone();
    }
    this.#onClosed(this);
  }
}
