// A request as a client sent it. Knows nothing of how it is answered.
import type { Socket } from 'node:net';
import { connectionTokens, formatHead, type Framing, type RequestHead } from './head.js';
import type { HeaderList } from './headers.js';
import type { MessageBody } from './message-body.js';

/** On what a client may send, and how long it may take. */
export interface ServerLimits {
  /** Request line and headers together, in bytes. */
  readonly maxHeaderSize: number;
  /** From the first byte of a request to the end of its head. */
  readonly headerTimeoutMs: number;
  /** Between two requests. */
  readonly keepaliveTimeoutMs: number;
  /** Silence of the client in the middle of a request, or while it takes nothing of an answer. */
  readonly clientTimeoutMs: number;
}

/** A request as it came; `headers` may be edited in place. */
export interface IncomingRequest extends RequestHead {
  readonly body: MessageBody;
  readonly remoteAddress: string;
  /** The client waits for `100 Continue` before it sends its body; who reads the body here and not at Swift has to say it, by `inform`. */
  readonly expectsContinue: boolean;
  /** Passes a 1xx answer on (dropped for HTTP/1.0, which does not know them). */
  inform(status: number, reason: string, headers: HeaderList): void;
  /** Called once if the client goes away before it has the whole answer. */
  onGone: (() => void) | undefined;
  /** The client went away; never said of a request that only stands for a client's. */
  readonly isGone?: boolean;
}

export class ServerRequest implements IncomingRequest {
  readonly method: string;
  readonly target: string;
  readonly version: '1.0' | '1.1';
  readonly headers: HeaderList;
  readonly framing: Framing;
  readonly body: MessageBody;
  readonly remoteAddress: string;
  readonly expectsContinue: boolean;
  readonly wantsClose: boolean;
  /** It asks, needlessly in HTTP/1.1, for the connection to be kept: Swift says then that it is (eventlet/wsgi.py). */
  readonly asksForKeepAlive: boolean;
  /** The client waits for `100 Continue`, and has not had it yet. */
  isAwaitingContinue: boolean;
  isAnswered = false;
  isGone = false;
  onGone: (() => void) | undefined;
  readonly #socket: Socket;
  #hasContinued = false;

  constructor(head: RequestHead, body: MessageBody, socket: Socket, remoteAddress: string) {
    this.method = head.method;
    this.target = head.target;
    this.version = head.version;
    this.headers = head.headers;
    this.framing = head.framing;
    this.body = body;
    this.remoteAddress = remoteAddress;
    this.expectsContinue =
      head.version === '1.1' && head.headers.get('expect')?.toLowerCase() === '100-continue';
    this.isAwaitingContinue = this.expectsContinue;
    this.wantsClose = head.version === '1.0' || connectionTokens(head.headers).includes('close');
    this.asksForKeepAlive = head.headers.get('connection')?.toLowerCase() === 'keep-alive';
    this.#socket = socket;
  }

  inform(status: number, reason: string, headers: HeaderList): void {
    if (this.version === '1.0' || this.isAnswered) return;
    // Once is enough: whoever has gathered the body has said it before Swift does.
    if (status === 100 && this.#hasContinued) return;
    if (status === 100) {
      this.#hasContinued = true;
      this.isAwaitingContinue = false;
    }
    this.#socket.write(formatHead(`HTTP/1.1 ${status} ${reason}`, headers), 'latin1');
  }

  /** The client may still send the rest of a body that nobody will read. */
  get isBodyLeft(): boolean {
    const { body, isAwaitingContinue } = this;
    return !body.isComplete && (!body.hasConsumer || body.isAbandoned || isAwaitingContinue);
  }

  /** The client went away before it had the whole answer. */
  gone(): void {
    const { onGone } = this;
    this.isGone = true;
    this.onGone = undefined;
    onGone?.();
  }
}
