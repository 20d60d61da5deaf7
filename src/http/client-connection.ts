// One kept-open connection to an HTTP/1.1 server: writes requests, reads answers, streams both ways with back-pressure.
// Knows nothing of pools or of which server it is.
import type { Socket } from 'node:net';
import { AutosyncError } from '../lib/errors.js';
import type { Deadlines, Watched } from './deadline.js';
import {
  connectionTokens,
  findHeadEnd,
  parseResponseHead,
  responseFraming,
  type ResponseHead,
} from './head.js';
import { MessageBody, type BodyConsumer } from './message-body.js';

/** An answer whose head has arrived; its body flows when it is consumed. */
export interface IncomingResponse extends ResponseHead {
  readonly body: MessageBody;
}

export interface OutgoingRequest {
  readonly method: string;
  /** The whole head as it goes onto the wire. */
  readonly head: string;
  readonly body: MessageBody | Buffer | undefined;
  /** Takes 1xx answers, 100 included. */
  readonly onInformation?: (head: ResponseHead) => void;
}

interface Exchange {
  readonly request: OutgoingRequest;
  readonly resolve: (response: IncomingResponse) => void;
  readonly reject: (error: Error) => void;
  response?: MessageBody;
  isRequestSent: boolean;
  isKeptOpen: boolean;
}

const MAX_RESPONSE_HEAD_BYTES = 256 * 1024;

export class ClientConnection implements Watched, BodyConsumer {
  deadline = Number.POSITIVE_INFINITY;
  /** Requests sent on it so far. */
  requestCount = 0;
  /** Whether any byte of the answer under way has arrived. */
  hasAnswerBegun = false;
  isOpen = true;
  readonly #socket: Socket;
  readonly #deadlines: Deadlines;
  readonly #silenceMs: number;
  readonly #onIdle: (connection: ClientConnection) => void;
  readonly #onClosed: (connection: ClientConnection) => void;
  #exchange: Exchange | undefined;
  #pending: Buffer | undefined;
  #isBlocked = false;

  /** `silenceMs`: how long the server may keep us waiting. `onIdle`: ready for the next request. `onClosed`: of no more use. */
  constructor(
    socket: Socket,
    options: {
      deadlines: Deadlines;
      silenceMs: number;
      onIdle: (connection: ClientConnection) => void;
      onClosed: (connection: ClientConnection) => void;
    },
  ) {
    this.#socket = socket;
    this.#deadlines = options.deadlines;
    this.#silenceMs = options.silenceMs;
    this.#onIdle = options.onIdle;
    this.#onClosed = options.onClosed;
    options.deadlines.add(this);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('end', () => this.#ended());
    socket.on('error', (error) =>
      this.#fail(new AutosyncError('CONNECTION_FAILED', error.message, { cause: error })),
    );
    socket.on('close', () => this.#fail(new AutosyncError('UPSTREAM_BROKEN', 'The connection was closed.')));
  }

  /** Sends a request. Rejects with UPSTREAM_BROKEN, UPSTREAM_TIMEOUT, CONNECTION_FAILED or BAD_ANSWER; later trouble reaches the response's body. */
  send(request: OutgoingRequest): Promise<IncomingResponse> {
    return new Promise((resolve, reject) => {
      this.requestCount += 1;
      this.hasAnswerBegun = false;
      const exchange: Exchange = { request, resolve, reject, isRequestSent: true, isKeptOpen: true };
      this.#exchange = exchange;
      const body = request.body;
      if (body instanceof MessageBody) {
        exchange.isRequestSent = false;
        this.#socket.cork();
        this.#socket.write(request.head, 'latin1');
        body.consume(this);
        this.#socket.uncork();
      } else if (body === undefined || body.length === 0) {
        this.#socket.write(request.head, 'latin1');
      } else {
        this.#socket.cork();
        this.#socket.write(request.head, 'latin1');
        this.#socket.write(body);
        this.#socket.uncork();
      }
      this.#await();
    });
  }

  /** Drops the connection and whatever is under way on it. */
  destroy(): void {
    this.#fail(new AutosyncError('UPSTREAM_BROKEN', 'Given up.'));
  }

  // The request's body flows in here.
  data(chunk: Buffer): boolean {
    if (!this.isOpen) return false;
    const isHungry = this.#socket.write(chunk);
    this.#isBlocked = !isHungry;
    this.#await();
    return isHungry;
  }

  end(): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    exchange.isRequestSent = true;
    this.#await();
    this.#settle();
  }

  error(): void {
    // The client broke off in the middle of its request: what Swift has so far must not look whole.
    this.destroy();
  }

  expire(): void {
    this.#fail(new AutosyncError('UPSTREAM_TIMEOUT', `Silence for ${this.#silenceMs / 1000} s.`));
  }

  #read(chunk: Buffer): void {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      this.destroy();
      return;
    }
    this.hasAnswerBegun = true;
    try {
      if (exchange.response === undefined) this.#readHead(exchange, chunk);
      else this.#readBody(exchange.response, chunk, 0);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #readHead(exchange: Exchange, chunk: Buffer): void {
    let buffer = this.#pending === undefined ? chunk : Buffer.concat([this.#pending, chunk]);
    let searchFrom = this.#pending?.length ?? 0;
    this.#pending = undefined;
    for (;;) {
      const end = findHeadEnd(buffer, searchFrom);
      if (end < 0) {
        if (buffer.length > MAX_RESPONSE_HEAD_BYTES)
          throw new AutosyncError('BAD_ANSWER', 'Its head is too large.');
        this.#pending = buffer;
        return;
      }
      const head = parseResponseHead(buffer, end);
      if (head.status >= 200) {
        this.#startBody(exchange, head, buffer, end);
        return;
      }
      if (head.status === 101) throw new AutosyncError('BAD_ANSWER', 'It switched protocols unasked.');
      exchange.request.onInformation?.(head);
      buffer = buffer.subarray(end);
      searchFrom = 0;
      if (buffer.length === 0) return;
    }
  }

  #startBody(exchange: Exchange, head: ResponseHead, buffer: Buffer, start: number): void {
    const framing = responseFraming(head, exchange.request.method);
    const socket = this.#socket;
    const body = new MessageBody(framing, {
      pause: () => {
        socket.pause();
        this.deadline = Number.POSITIVE_INFINITY;
      },
      resume: () => {
        socket.resume();
        this.#await();
      },
    });
    exchange.response = body;
    exchange.isKeptOpen =
      framing.kind !== 'close' && head.version === '1.1' && !connectionTokens(head.headers).includes('close');
    body.onSettled = () => (body.isComplete ? this.#settle() : this.destroy());
    // What came with the head is taken in before the answer is handed on, so that a small answer travels in one piece.
    if (start < buffer.length || body.isComplete) this.#readBody(body, buffer, start);
    exchange.resolve(Object.assign(head, { body }));
    if (body.isComplete) this.#settle();
  }

  #readBody(body: MessageBody, chunk: Buffer, start: number): void {
    if (start < chunk.length) {
      const end = body.isComplete ? start : body.feed(chunk, start);
      if (end < chunk.length) throw new AutosyncError('BAD_ANSWER', 'It sent more than it announced.');
    }
    this.#await();
  }

  /** Sets the deadline: the server is waited for unless it waits for us. */
  #await(): void {
    const exchange = this.#exchange;
    const isWaiting =
      exchange !== undefined &&
      (this.#isBlocked || exchange.isRequestSent || exchange.response !== undefined);
    this.deadline =
      isWaiting && !this.#socket.isPaused()
        ? this.#deadlines.now + this.#silenceMs
        : Number.POSITIVE_INFINITY;
  }

  #drained(): void {
    this.#isBlocked = false;
    this.#await();
    const body = this.#exchange?.request.body;
    if (body instanceof MessageBody) body.resume();
  }

  #ended(): void {
    this.#exchange?.response?.sourceEnded();
    this.#fail(new AutosyncError('UPSTREAM_BROKEN', 'The connection was ended.'));
  }

  /** Both directions done: free for the next request. */
  #settle(): void {
    const exchange = this.#exchange;
    if (exchange?.response?.isComplete !== true || !exchange.isRequestSent) return;
    this.#exchange = undefined;
    this.deadline = Number.POSITIVE_INFINITY;
    this.#socket.resume();
    if (exchange.isKeptOpen && this.isOpen) this.#onIdle(this);
    else this.destroy();
  }

  #fail(error: Error): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#deadlines.delete(this);
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#socket.destroy();
    this.#onClosed(this);
    if (exchange === undefined) return;
    const body = exchange.request.body;
    if (body instanceof MessageBody && !exchange.isRequestSent) body.abandon();
    if (exchange.response === undefined) exchange.reject(error);
    else exchange.response.fail(error);
  }
}
