// One kept-open connection to an HTTP/1.1 server: writes requests, reads answers, streams both ways with back-pressure.
// Knows nothing of pools or of which server is best.
import net from 'node:net';
import tls from 'node:tls';
import { AutosyncError } from '../lib/errors.js';
import { describe, readBeforeFailing, toTrouble } from './connection-failure.js';
import { NEVER, writeProgress, type Deadlines, type Watched } from './deadline.js';
import {
  connectionTokens,
  findHeadEnd,
  parseResponseHead,
  responseFraming,
  type ResponseHead,
} from './head.js';
import { MessageBody, type BodyConsumer, type BodySource } from './message-body.js';

/** An answer whose head has arrived; its body flows when it is consumed. */
export interface IncomingResponse extends ResponseHead {
  readonly body: MessageBody;
}

export interface OutgoingRequest {
  readonly method: string;
  /** The whole head as it goes onto the wire. */
  readonly head: string;
  readonly body: MessageBody | Buffer | undefined;
  /** The body comes only after the server has said `100 Continue`, or answered. */
  readonly expectsContinue?: boolean;
  /** A body that streams is not touched before: another server may have it where this one does not want it. */
  readonly holdsBody?: boolean;
  /** In place of the connection's own. */
  readonly silenceMs?: number | undefined;
  /** Takes 1xx answers, 100 included. */
  readonly onInformation?: (head: ResponseHead) => void;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
}

export interface ConnectionOptions {
  readonly deadlines: Deadlines;
  readonly connectTimeoutMs: number;
  /** How long the server may keep us waiting. */
  readonly silenceMs: number;
  /** Ready for the next request. */
  readonly onIdle: (connection: ClientConnection) => void;
  /** Of no more use. */
  readonly onClosed: (connection: ClientConnection) => void;
}

interface Exchange {
  readonly request: OutgoingRequest;
  readonly resolve: (response: IncomingResponse) => void;
  readonly reject: (error: Error) => void;
  body: MessageBody | undefined;
  /** The request's body waits for `100 Continue`. */
  heldBody: MessageBody | undefined;
  isRequestSent: boolean;
  /** The server has yet to say `100 Continue`. */
  isAwaitingContinue: boolean;
  isKeptOpen: boolean;
}

/** How long a body is held back for `100 Continue`. */
const HELD_MS = 3_000;
const MAX_RESPONSE_HEAD_BYTES = 256 * 1024;
/** One read buffer for each connection, used again and again: half the cost of a new one for each read, on large bodies. */
const READ_BYTES = 64 * 1024;

export class ClientConnection implements Watched, BodyConsumer, BodySource {
  deadline = NEVER;
  isOpen = true;
  /** Whether any byte of the answer to the request sent last has arrived. */
  hasAnswerBegun = false;
  readonly #socket: net.Socket;
  readonly #options: ConnectionOptions;
  #onConnected: ((error?: Error) => void) | undefined;
  #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  /** The beginning of an answer's head. */
  #pending: Buffer | undefined;
  #exchange: Exchange | undefined;
  #isPaused = false;
  #progress = 0;

  /** Rejects with CONNECTION_FAILED. */
  static connect(endpoint: Endpoint, options: ConnectionOptions): Promise<ClientConnection> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => connection.#fail(new Error(`no connection within ${options.connectTimeoutMs / 1000} s`)),
        options.connectTimeoutMs,
      );
      const connection = new ClientConnection(endpoint, options, (error) => {
        clearTimeout(timer);
        if (error === undefined) resolve(connection);
        else reject(new AutosyncError('CONNECTION_FAILED', describe(endpoint, error), { cause: error }));
      });
    });
  }

  private constructor(endpoint: Endpoint, options: ConnectionOptions, onConnected: (error?: Error) => void) {
    this.#options = options;
    this.#onConnected = onConnected;
    const socketOptions = {
      host: endpoint.host,
      port: endpoint.port,
      noDelay: true,
      allowHalfOpen: true,
      onread: {
        buffer: () => this.#buffer,
        callback: (size: number, buffer: Uint8Array) => this.#read((buffer as Buffer).subarray(0, size)),
      },
    };
    const socket = endpoint.isTls
      ? tls.connect({ ...socketOptions, servername: net.isIP(endpoint.host) === 0 ? endpoint.host : '' })
      : net.connect(socketOptions);
    this.#socket = socket;
    readBeforeFailing(socket);
    socket.on(endpoint.isTls ? 'secureConnect' : 'connect', () => this.#connected());
    socket.on('end', () => this.#ended());
    socket.on('error', (error: Error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('The connection was closed.')));
    options.deadlines.add(this);
  }

  /** Sends a request. Rejects with UPSTREAM_BROKEN, UPSTREAM_TIMEOUT or BAD_ANSWER; later trouble reaches the response's body. */
  send(request: OutgoingRequest): Promise<IncomingResponse> {
    return new Promise((resolve, reject) => {
      this.hasAnswerBegun = false;
      const { body } = request;
      const exchange: Exchange = {
        request,
        resolve,
        reject,
        body: undefined,
        heldBody: request.holdsBody === true && body instanceof MessageBody ? body : undefined,
        isRequestSent: !(body instanceof MessageBody),
        isAwaitingContinue: request.expectsContinue ?? false,
        isKeptOpen: true,
      };
      this.#exchange = exchange;
      if (exchange.heldBody !== undefined) setTimeout(() => this.#sendHeld(exchange), HELD_MS).unref();
      const isHeadAlone = exchange.heldBody !== undefined || (Buffer.isBuffer(body) && body.length === 0);
      if (body === undefined || isHeadAlone) {
        this.#socket.write(request.head, 'latin1');
      } else {
        this.#socket.cork();
        this.#socket.write(request.head, 'latin1');
        if (body instanceof MessageBody) body.consume(this);
        else this.#socket.write(body);
        this.#socket.uncork();
      }
      this.#await();
    });
  }

  /** Gives that request up, unless it is done: then the connection may be another's already. */
  abort(request: OutgoingRequest, reason: Error): void {
    if (this.#exchange?.request === request) this.#fail(reason);
  }

  /** Drops the connection and whatever is under way on it. */
  destroy(): void {
    this.#fail(new Error('The connection was given up.'));
  }

  /** The request's body: bytes, its end, or that it broke off. */
  data(chunk: Buffer): boolean {
    if (!this.isOpen) return false;
    this.#socket.write(chunk, this.#onWritten);
    this.#await();
    return this.#socket.writableLength === 0;
  }

  end(): void {
    if (this.#exchange === undefined) return;
    this.#exchange.isRequestSent = true;
    this.#await();
    this.#settle();
  }

  /** The client broke off in the middle of its request: what Swift has so far must not look whole. */
  error(error: Error): void {
    this.#fail(error);
  }

  /** The answer's body has no taker at the moment. */
  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
    this.#await();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
    this.#await();
  }

  /** The answer's body has arrived, or never will, or nobody takes it. */
  settled(): void {
    if (this.#exchange?.body?.isComplete === true) this.#settle();
    else this.destroy();
  }

  expire(): void {
    if (this.#exchange !== undefined && this.#socket.writableLength > 0) {
      if (writeProgress(this.#socket) !== this.#progress) {
        this.#await();
        return;
      }
    }
    const limit = `Silence for ${this.#silenceMs / 1000} s.`;
    this.#fail(new AutosyncError('UPSTREAM_TIMEOUT', limit));
  }

  #connected(): void {
    this.#onConnected?.();
    this.#onConnected = undefined;
  }

  readonly #onWritten = (): void => {
    if (this.#socket.writableLength > 0 || !this.isOpen) return;
    const body = this.#exchange?.request.body;
    if (body instanceof MessageBody && body.isChunkInUse) {
      this.#await();
      body.resume();
    }
  };

  #read(chunk: Buffer): boolean {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      this.destroy();
      return false;
    }
    this.hasAnswerBegun = true;
    try {
      if (exchange.body === undefined) this.#readHead(exchange, chunk);
      else this.#readBody(exchange.body, chunk);
    } catch (error) {
      this.#fail(error as Error);
    }
    return !this.#isPaused;
  }

  #readHead(exchange: Exchange, chunk: Buffer): void {
    let searchFrom = this.#pending?.length ?? 0;
    let buffer = this.#pending === undefined ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = undefined;
    while (this.#exchange === exchange) {
      const end = findHeadEnd(buffer, searchFrom);
      if ((end < 0 ? buffer.length : end) > MAX_RESPONSE_HEAD_BYTES)
        throw new AutosyncError('BAD_ANSWER', 'Its head is too large.');
      if (end < 0) {
        // The next bytes will be read into the same memory.
        this.#pending = buffer.buffer === chunk.buffer ? Buffer.from(buffer) : buffer;
        return;
      }
      const head = parseResponseHead(buffer, end);
      buffer = buffer.subarray(end);
      if (head.status >= 200) {
        this.#startBody(exchange, head, buffer);
        return;
      }
      if (head.status === 101) throw new AutosyncError('BAD_ANSWER', 'It switched protocols unasked.');
      if (head.status === 100) {
        exchange.isAwaitingContinue = false;
        this.#sendHeld(exchange);
      }
      exchange.request.onInformation?.(head);
      this.#await();
      if (buffer.length === 0) return;
      searchFrom = 0;
    }
  }

  /** Whoever waits too long for `100 Continue` has a proxy between that drops it (RFC 9110, section 10.1.1). */
  #sendHeld(exchange: Exchange): void {
    const { heldBody } = exchange;
    if (this.#exchange !== exchange || exchange.body !== undefined) return;
    exchange.heldBody = undefined;
    heldBody?.consume(this);
  }

  #startBody(exchange: Exchange, head: ResponseHead, start: Buffer): void {
    const framing = responseFraming(head, exchange.request.method);
    const body = new MessageBody(framing, this);
    exchange.body = body;
    // Having refused an upload, Swift closes without saying so (eventlet/wsgi.py, should_send_hundred_continue).
    exchange.isKeptOpen =
      framing.kind !== 'close' &&
      head.version === '1.1' &&
      !exchange.isAwaitingContinue &&
      !connectionTokens(head.headers).includes('close');
    // What came with the head is taken in before the answer is handed on, so that a small answer travels in one piece.
    this.#readBody(body, start);
    const { version, status, reason, headers } = head;
    exchange.resolve({ version, status, reason, headers, body });
    if (body.isComplete && this.#exchange === exchange) this.#settle();
  }

  #readBody(body: MessageBody, chunk: Buffer): void {
    const end = body.isComplete || chunk.length === 0 ? 0 : body.feed(chunk);
    if (body.isComplete && body.isChunkInUse) this.#buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    // More than it announced: nobody can say what that is the answer to.
    if (end < chunk.length) this.destroy();
    else if (!body.isComplete) this.#await();
  }

  /** Sets the deadline: the server is waited for when it is its turn, to take what we wrote or to answer. */
  #await(): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    const isBlocked = this.#socket.writableLength > 0;
    if (isBlocked) this.#progress = writeProgress(this.#socket);
    const isAnswerDue =
      exchange.body === undefined
        ? exchange.isRequestSent || exchange.isAwaitingContinue
        : !exchange.body.isComplete && !this.#isPaused;
    this.deadline = isBlocked || isAnswerDue ? this.#options.deadlines.now + this.#silenceMs : NEVER;
  }

  get #silenceMs(): number {
    return this.#exchange?.request.silenceMs ?? this.#options.silenceMs;
  }

  #ended(): void {
    const body = this.#exchange?.body;
    if (body?.framing.kind !== 'close') {
      this.#fail(new Error('The connection was ended.'));
      return;
    }
    // Where data and a reset come at once, libuv speaks of an end (stream.c, uv__stream_io), and half a body would look
    // whole. Only writing tells the two apart.
    this.#socket.write('\r\n', (error) => {
      if (error === null || error === undefined) body.sourceEnded();
      else this.#fail(error);
    });
  }

  /** Done with an exchange: free for the next when both directions are done. */
  #settle(): void {
    const exchange = this.#exchange;
    if (exchange?.body?.isComplete !== true) return;
    if (!exchange.isKeptOpen) {
      this.destroy();
    } else if (exchange.isRequestSent) {
      this.#exchange = undefined;
      this.deadline = NEVER;
      this.resume();
      this.#options.onIdle(this);
    }
  }

  #fail(error: Error): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#options.deadlines.delete(this);
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#socket.destroy();
    this.#options.onClosed(this);
    this.#onConnected?.(error);
    if (exchange === undefined) return;
    const { body } = exchange.request;
    const isTaken = !exchange.isRequestSent && exchange.heldBody === undefined;
    if (body instanceof MessageBody && isTaken) body.abandon();
    const trouble = toTrouble(error);
    if (exchange.body === undefined) exchange.reject(trouble);
    else exchange.body.fail(trouble);
  }
}
