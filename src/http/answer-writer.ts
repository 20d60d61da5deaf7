// Puts an answer on a client's connection: which head it has there, and that head and first bytes leave together. Knows neither
// whose turn it is nor how long anything may take.
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { AutosyncError } from '../lib/errors.js';
import { formatHead } from './head.js';
import type { HeaderList } from './headers.js';
import { MessageBody } from './message-body.js';
import type { ServerRequest } from './server-request.js';

export interface OutgoingResponse {
  readonly status: number;
  readonly reason: string;
  readonly headers: HeaderList;
  /** A MessageBody travels in the framing that the headers already announce; for a Buffer the length is added. */
  readonly body: MessageBody | Buffer | undefined;
}

/** Up to this size the head and the first piece of a body go out as one piece. */
const JOIN_BYTES = 32 * 1024;

export class AnswerWriter {
  readonly #socket: Socket;
  readonly #onWritten: () => void;
  #unsentHead: string | undefined;

  constructor(socket: Socket, onWritten: () => void) {
    this.#socket = socket;
    this.#onWritten = onWritten;
  }

  /** It waits for the first bytes of the body, or `sendHead`. */
  begin(head: string): void {
    this.#unsentHead = head;
  }

  sendHead(): void {
    if (this.#unsentHead === undefined) return;
    this.#socket.write(this.#unsentHead, 'latin1');
    this.#unsentHead = undefined;
  }

  write(chunk: Buffer): void {
    const socket = this.#socket;
    const head = this.#unsentHead;
    if (head === undefined) {
      socket.write(chunk, this.#onWritten);
    } else if (chunk.length > JOIN_BYTES) {
      socket.cork();
      this.sendHead();
      socket.write(chunk, this.#onWritten);
      socket.uncork();
    } else {
      this.#unsentHead = undefined;
      const joined = Buffer.allocUnsafe(head.length + chunk.length);
      joined.write(head, 0, 'latin1');
      chunk.copy(joined, head.length);
      socket.write(joined, this.#onWritten);
    }
  }
}

/** HTTP/1.0 knows no chunks: its bytes go as they are, up to the end of the connection. */
export function isDecodedFor({ version }: ServerRequest, { body }: OutgoingResponse): boolean {
  return version === '1.0' && body instanceof MessageBody && body.framing.kind === 'chunked';
}

/** The head as it goes to this client. @param isLast the connection is closed after it */
export function answerHead(request: ServerRequest, response: OutgoingResponse, isLast: boolean): string {
  const { status, reason, headers, body } = response;
  if (isDecodedFor(request, response))
    headers.removeWhere((name) => name === 'transfer-encoding' || name === 'trailer');
  let extra = isLast ? 'Connection: close\r\n' : '';
  if (!isLast && request.asksForKeepAlive) extra = 'Connection: keep-alive\r\n';
  if (!(body instanceof MessageBody) && status !== 204 && status !== 304 && !headers.has('content-length'))
    extra += `Content-Length: ${body?.length ?? 0}\r\n`;
  return formatHead(`HTTP/1.1 ${status} ${reason}`, headers, extra);
}

/** The whole answer to a request that cannot be read to its end; the connection is closed after it. */
export function refusal({ kind: { status }, message }: AutosyncError): string {
  const text = `${message}\n`;
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: text/plain; charset=UTF-8\r\n` +
    `Content-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`
  );
}
