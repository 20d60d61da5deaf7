// One client's connection: reads its requests one after the other (pipelined ones wait), hands each to the handler and
// writes the answer back, with limits on size and time. Knows nothing of Swift.
import type { Socket } from 'node:net';
import { AutosyncError } from '../lib/errors.js';
import type { Deadlines, Watched } from './deadline.js';
import { connectionTokens, findHeadEnd, formatHead, parseRequestHead, type RequestHead } from './head.js';
import { HeaderList } from './headers.js';
import { MessageBody } from './message-body.js';

export interface ServerLimits {
  /** Request line and headers together, in bytes. */
  readonly maxHeaderSize: number;
  /** From the first byte of a request to the end of its head. */
  readonly headerTimeoutMs: number;
  /** Between two requests. */
  readonly keepaliveTimeoutMs: number;
  /** Silence of the client in the middle of a request or an answer. */
  readonly clientTimeoutMs: number;
}

export interface OutgoingResponse {
  readonly status: number;
  readonly reason: string;
  readonly headers: HeaderList;
  /** A MessageBody travels in the framing that the headers already announce; for a Buffer the length is added. */
  readonly body: MessageBody | Buffer | undefined;
}

/** A request as it came; `headers` may be edited in place. */
export interface IncomingRequest extends RequestHead {
  readonly body: MessageBody;
  readonly remoteAddress: string;
  /** The client waits for `100 Continue` before it sends its body. */
  readonly expectsContinue: boolean;
  /** Passes a 1xx answer on (dropped for HTTP/1.0, which does not know them). */
  inform(status: number, reason: string, headers: HeaderList): void;
  /** Called once if the client goes away before it has the whole answer. */
  onGone: (() => void) | undefined;
}

export type RequestHandler = (request: IncomingRequest) => Promise<OutgoingResponse>;

const MAX_PIPELINED_BYTES = 64 * 1024;
/** Bytes that may wait for a client that reads slowly, before the sender is held back. */
const MAX_UNSENT_BYTES = 16 * 1024;
/** Up to this size the head and the first piece of a body go out in one write. */
const JOIN_BYTES = 32 * 1024;
/** How long a client is given to read a final answer before the connection goes. */
const LINGER_MS = 2_000;
const NEVER = Number.POSITIVE_INFINITY;

type Phase = 'idle' | 'head' | 'request' | 'lingering';

class Request implements IncomingRequest {
  readonly method: string;
  readonly target: string;
  readonly version: '1.0' | '1.1';
  readonly headers: HeaderList;
  readonly framing: RequestHead['framing'];
  readonly body: MessageBody;
  readonly remoteAddress: string;
  readonly expectsContinue: boolean;
  readonly wantsClose: boolean;
  isContinued = false;
  isAnswered = false;
  onGone: (() => void) | undefined;
  readonly #write: (text: string) => void;

  constructor(head: RequestHead, body: MessageBody, remoteAddress: string, write: (text: string) => void) {
    this.method = head.method;
    this.target = head.target;
    this.version = head.version;
    this.headers = head.headers;
    this.framing = head.framing;
    this.body = body;
    this.remoteAddress = remoteAddress;
    this.expectsContinue =
      head.version === '1.1' && head.headers.get('expect')?.toLowerCase() === '100-continue';
    this.wantsClose = head.version === '1.0' || connectionTokens(head.headers).includes('close');
    this.#write = write;
  }

  inform(status: number, reason: string, headers: HeaderList): void {
    if (this.version === '1.0' || this.isAnswered) return;
    if (status === 100) this.isContinued = true;
    this.#write(formatHead(`HTTP/1.1 ${status} ${reason}`, headers));
  }
}

export class ServerConnection implements Watched {
  deadline: number;
  readonly #socket: Socket;
  readonly #handler: RequestHandler;
  readonly #limits: ServerLimits;
  readonly #deadlines: Deadlines;
  readonly #onClosed: (connection: ServerConnection) => void;
  #phase: Phase = 'idle';
  #pending: Buffer | undefined;
  #request: Request | undefined;
  #responseBody: MessageBody | undefined;
  #isResponseDone = false;
  #isHalfClosed = false;
  #isLast = false;
  #isBodyPaused = false;
  #isClosed = false;
  #refusal: AutosyncError | undefined;

  constructor(
    socket: Socket,
    options: {
      handler: RequestHandler;
      limits: ServerLimits;
      deadlines: Deadlines;
      onClosed: (connection: ServerConnection) => void;
    },
  ) {
    this.#socket = socket;
    this.#handler = options.handler;
    this.#limits = options.limits;
    this.#deadlines = options.deadlines;
    this.#onClosed = options.onClosed;
    this.deadline = performance.now() + options.limits.headerTimeoutMs;
    options.deadlines.add(this);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('end', () => this.#ended());
    socket.on('error', () => this.#closed());
    socket.on('close', () => this.#closed());
  }

  /** Closes as soon as no request is under way. */
  drain(): void {
    this.#isLast = true;
    if (this.#phase === 'idle') this.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
    this.#closed();
  }

  expire(): void {
    if (this.#phase === 'head') {
      this.#refuse(new AutosyncError('REQUEST_TIMEOUT', 'The headers took too long.'));
    } else if (this.#phase === 'request' && this.#request?.body.isComplete === false && !this.#isBodyPaused) {
      this.#failRequest(new AutosyncError('REQUEST_TIMEOUT', 'The body stopped coming.'));
    } else {
      this.destroy();
    }
  }

  #read(chunk: Buffer): void {
    switch (this.#phase) {
      case 'lingering':
        return;
      case 'request': {
        const body = (this.#request as Request).body;
        const used = body.isComplete || body.isFailed ? 0 : this.#feed(body, chunk, 0);
        if (used < chunk.length) this.#keep(used === 0 ? chunk : chunk.subarray(used));
        return;
      }
      case 'idle':
      case 'head':
        this.#readHead(chunk);
    }
  }

  #readHead(chunk: Buffer): void {
    const searchFrom = this.#pending?.length ?? 0;
    let buffer = this.#pending === undefined ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = undefined;
    if (this.#phase === 'idle') {
      // RFC 9112, section 2.2: empty lines before a request line are skipped.
      let start = 0;
      while (buffer[start] === 0x0d && buffer[start + 1] === 0x0a) start += 2;
      if (start > 0) buffer = buffer.subarray(start);
      if (buffer.length === 0) return;
      this.#phase = 'head';
      this.deadline = this.#deadlines.now + this.#limits.headerTimeoutMs;
    }
    try {
      const end = findHeadEnd(buffer, Math.min(searchFrom, buffer.length));
      if ((end < 0 ? buffer.length : end) > this.#limits.maxHeaderSize) {
        throw new AutosyncError('HEADERS_TOO_LARGE', `The limit is ${this.#limits.maxHeaderSize} bytes.`);
      }
      if (end < 0) this.#pending = buffer;
      else this.#start(parseRequestHead(buffer, end), buffer, end);
    } catch (error) {
      this.#refuse(error as AutosyncError);
    }
  }

  #start(head: RequestHead, buffer: Buffer, bodyStart: number): void {
    const body = new MessageBody(
      head.framing,
      {
        pause: () => {
          this.#isBodyPaused = true;
          this.deadline = NEVER;
          this.#socket.pause();
        },
        resume: () => {
          this.#isBodyPaused = false;
          this.#socket.resume();
          this.#await();
        },
      },
      true,
    );
    const request = new Request(head, body, this.#socket.remoteAddress ?? '', (text) =>
      this.#socket.write(text, 'latin1'),
    );
    this.#phase = 'request';
    this.#request = request;
    this.#isResponseDone = false;
    this.#isBodyPaused = false;
    this.#await();
    let used = bodyStart;
    if (!body.isComplete && bodyStart < buffer.length) used = this.#feed(body, buffer, bodyStart);
    if (used < buffer.length) this.#keep(buffer.subarray(used));
    body.onSettled = () => this.#settle();
    this.#handler(request).then(
      (response) => this.#respond(request, response),
      () => this.#respond(request, undefined),
    );
  }

  #feed(body: MessageBody, chunk: Buffer, start: number): number {
    this.#await();
    try {
      return body.feed(chunk, start);
    } catch (error) {
      this.#failRequest(error as AutosyncError);
      return chunk.length;
    }
  }

  /** Pipelined bytes wait for their turn. */
  #keep(chunk: Buffer): void {
    this.#pending = this.#pending === undefined ? chunk : Buffer.concat([this.#pending, chunk]);
    if (this.#pending.length > MAX_PIPELINED_BYTES) this.#socket.pause();
  }

  /** The request cannot be completed: tell whoever works on it, then the client. */
  #failRequest(error: AutosyncError): void {
    this.#refusal = error;
    const request = this.#request as Request;
    request.body.fail(error);
    request.onGone?.();
    request.onGone = undefined;
    this.#refuse(error);
  }

  #refuse(error: AutosyncError): void {
    const isAnswering = this.#request?.isAnswered === true;
    if (isAnswering || this.#isClosed) {
      this.destroy();
      return;
    }
    if (this.#request !== undefined) this.#request.isAnswered = true;
    const text = `${error.message}\n`;
    const head =
      `HTTP/1.1 ${error.kind.status} ${REASONS[error.kind.status] ?? 'Error'}\r\nContent-Type: text/plain\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n`;
    this.#socket.write(head + text);
    this.#linger();
  }

  #respond(request: Request, response: OutgoingResponse | undefined): void {
    if (this.#isClosed || this.#refusal !== undefined || this.#phase !== 'request') {
      if (response?.body instanceof MessageBody) response.body.abandon();
      return;
    }
    if (response === undefined) {
      this.#socket.resetAndDestroy();
      return;
    }
    request.isAnswered = true;
    const body = response.body;
    const isUnreadBody =
      !request.body.isComplete &&
      (!request.body.hasConsumer || (request.expectsContinue && !request.isContinued));
    const isUntilClose = body instanceof MessageBody && body.framing.kind === 'close';
    const isDecoded =
      request.version === '1.0' && body instanceof MessageBody && body.framing.kind === 'chunked';
    if (isDecoded) response.headers.remove('transfer-encoding');
    this.#isLast ||= request.wantsClose || this.#isHalfClosed || isUnreadBody || isUntilClose;
    let extra = this.#isLast ? 'Connection: close\r\n' : '';
    if (!(body instanceof MessageBody) && response.status !== 204 && response.status !== 304) {
      if (!response.headers.has('content-length')) extra += `Content-Length: ${body?.length ?? 0}\r\n`;
    }
    const head = formatHead(`HTTP/1.1 ${response.status} ${response.reason}`, response.headers, extra);
    if (body instanceof MessageBody) this.#stream(head, body, isDecoded);
    else this.#writeWhole(head, request.method === 'HEAD' ? undefined : body);
  }

  #writeWhole(head: string, body: Buffer | undefined): void {
    if (body === undefined || body.length === 0) this.#socket.write(head, 'latin1');
    else this.#socket.write(Buffer.concat([Buffer.from(head, 'latin1'), body]));
    this.#responded();
  }

  #stream(head: string, body: MessageBody, isDecoded: boolean): void {
    const socket = this.#socket;
    let unsentHead: string | undefined = head;
    this.#responseBody = body;
    body.consume(
      {
        data: (chunk) => {
          if (unsentHead === undefined) {
            socket.write(chunk);
          } else {
            writeJoined(socket, unsentHead, chunk);
            unsentHead = undefined;
          }
          const isHungry = socket.writableLength < MAX_UNSENT_BYTES;
          if (!isHungry) this.deadline = this.#deadlines.now + this.#limits.clientTimeoutMs;
          return isHungry;
        },
        end: () => {
          if (unsentHead !== undefined) socket.write(unsentHead, 'latin1');
          unsentHead = undefined;
          this.#responseBody = undefined;
          this.#responded();
        },
        error: () => {
          // Swift broke off: the client must not take what it has for the whole.
          this.#responseBody = undefined;
          socket.resetAndDestroy();
        },
      },
      { isDecoded },
    );
    if (unsentHead !== undefined) {
      socket.write(unsentHead, 'latin1');
      unsentHead = undefined;
    }
  }

  #responded(): void {
    this.#isResponseDone = true;
    this.#settle();
  }

  /** Goes on to the next request when this one is done in both directions. */
  #settle(): void {
    const request = this.#request;
    if (request === undefined || !this.#isResponseDone || this.#isClosed) return;
    const body = request.body;
    if (this.#isLast || body.isAbandoned || body.isFailed) {
      this.#linger();
      return;
    }
    if (!body.isComplete) {
      this.#await();
      return;
    }
    request.onGone = undefined;
    this.#request = undefined;
    this.#phase = 'idle';
    this.deadline = this.#deadlines.now + this.#limits.keepaliveTimeoutMs;
    const pending = this.#pending;
    this.#pending = undefined;
    if (this.#socket.isPaused()) this.#socket.resume();
    if (pending !== undefined) setImmediate(() => this.#isClosed || this.#readHead(pending));
    else if (this.#isHalfClosed) this.#socket.end();
  }

  /** Sends what is written and the end, and gives the client time to read it: closing at once could reset it away. */
  #linger(): void {
    this.#phase = 'lingering';
    this.#pending = undefined;
    this.#socket.end();
    this.#socket.resume();
    this.deadline = this.#deadlines.now + LINGER_MS;
    if (this.#isHalfClosed) this.deadline = this.#deadlines.now + this.#limits.clientTimeoutMs;
  }

  #await(): void {
    const isBodyDue = this.#request?.body.isComplete === false && !this.#isBodyPaused;
    const isReadDue = this.#responseBody !== undefined && this.#socket.writableLength >= MAX_UNSENT_BYTES;
    this.deadline = isBodyDue || isReadDue ? this.#deadlines.now + this.#limits.clientTimeoutMs : NEVER;
  }

  #drained(): void {
    if (this.#responseBody === undefined) return;
    this.deadline = NEVER;
    this.#responseBody.resume();
  }

  #ended(): void {
    this.#isHalfClosed = true;
    if (this.#phase === 'request') {
      const body = (this.#request as Request).body;
      if (!body.isComplete && !body.isAbandoned) this.destroy();
    } else if (this.#phase === 'lingering') {
      if (this.#socket.writableFinished) this.destroy();
    } else {
      this.destroy();
    }
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#deadlines.delete(this);
    const request = this.#request;
    if (request !== undefined) {
      request.body.fail(new AutosyncError('REQUEST_TIMEOUT', 'The client went away.'));
      this.#responseBody?.abandon();
      if (!this.#isResponseDone) request.onGone?.();
    }
    this.#onClosed(this);
  }
}

function writeJoined(socket: Socket, head: string, chunk: Buffer): void {
  if (chunk.length > JOIN_BYTES) {
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(chunk);
    socket.uncork();
    return;
  }
  const joined = Buffer.allocUnsafe(head.length + chunk.length);
  joined.write(head, 0, 'latin1');
  chunk.copy(joined, head.length);
  socket.write(joined);
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};
