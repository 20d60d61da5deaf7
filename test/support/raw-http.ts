// HTTP/1.1 as bytes on a socket: what is sent is exactly what a test says, and an answer is all that came back.
import { connect } from 'node:net';

/** A part of a request: bytes, or "wait here for 100 Continue; go no further if the final answer comes instead". */
export type Part = Buffer | 'wait-for-100';

export interface RawAnswer {
  /** Status codes of the 1xx answers that came before. */
  readonly informational: readonly number[];
  readonly status: number;
  readonly reason: string;
  /** As on the wire, in order. */
  readonly headers: readonly (readonly [string, string])[];
  /** With chunk framing taken off. */
  readonly body: Buffer;
  /** Whether the answer ended as its framing announced. */
  readonly isWhole: boolean;
  /** Bytes of the request that were handed to the socket. */
  readonly sentBytes: number;
}

interface Head {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly (readonly [string, string])[];
}

type Framing = { kind: 'none' | 'chunked' | 'close' } | { kind: 'length'; length: number };

const TIMEOUT_MS = 60_000;
const PIECE_BYTES = 256 * 1024;

export class NoAnswer extends Error {}

/** Sends one request on a connection of its own. `onBody` takes large answers in pieces instead of `body`. */
export function exchange(
  port: number,
  method: string,
  parts: readonly Part[],
  onBody?: (piece: Buffer) => void,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const reader = new AnswerReader(method, onBody);
    let sentBytes = 0;
    let continued: () => void = () => undefined;
    socket.setTimeout(TIMEOUT_MS, () => {
      socket.destroy();
      reject(new Error(`${method}: no whole answer in ${TIMEOUT_MS} ms`));
    });
    const finish = (): void => {
      socket.destroy();
      if (reader.head === undefined)
        reject(new NoAnswer(`${method}: the connection ended without an answer`));
      else resolve({ ...reader.answer(), sentBytes });
    };
    socket.on('data', (chunk) => {
      try {
        reader.feed(chunk);
      } catch (error) {
        socket.destroy();
        reject(new Error(`${method}: ${String(error)}`));
        return;
      }
      if (reader.informational.includes(100) || reader.head !== undefined) continued();
      if (reader.isDone) finish();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      continued();
      reader.ended();
      finish();
    });
    const closed = once(socket, 'close');
    const sendAll = async (): Promise<void> => {
      for (const part of parts) {
        if (part === 'wait-for-100') {
          if (!reader.informational.includes(100) && reader.head === undefined)
            await new Promise<void>((go) => (continued = go));
          if (reader.head !== undefined) return;
          continue;
        }
        for (let at = 0; at < part.length && !socket.destroyed; at += PIECE_BYTES) {
          const piece = part.subarray(at, at + PIECE_BYTES);
          sentBytes += piece.length;
          const isHungry = socket.write(piece);
          if (!isHungry) await Promise.race([once(socket, 'drain'), closed]);
        }
      }
    };
    socket.once('connect', () => void sendAll());
  });
}

function once(socket: NodeJS.EventEmitter, event: string): Promise<void> {
  return new Promise((resolve) => socket.once(event, () => resolve()));
}

/** Reads one answer, 1xx before it included. */
class AnswerReader {
  readonly informational: number[] = [];
  head: Head | undefined;
  isDone = false;
  readonly #method: string;
  readonly #onBody: ((piece: Buffer) => void) | undefined;
  #framing: Framing = { kind: 'none' };
  #pending: Buffer = Buffer.alloc(0);
  #body: Buffer[] = [];
  #remaining = 0;
  #isInChunk = false;

  constructor(method: string, onBody: ((piece: Buffer) => void) | undefined) {
    this.#method = method;
    this.#onBody = onBody;
  }

  feed(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (this.head === undefined) {
      const end = this.#pending.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = parseHead(this.#pending.toString('latin1', 0, end));
      this.#pending = this.#pending.subarray(end + 4);
      if (head.status < 200) this.informational.push(head.status);
      else this.#begin(head);
    }
    this.#readBody();
  }

  ended(): void {
    if (this.head !== undefined && this.#framing.kind === 'close') this.isDone = true;
  }

  answer(): Omit<RawAnswer, 'sentBytes'> {
    const { status, reason, headers } = this.head!;
    const body = Buffer.concat(this.#body);
    return { informational: this.informational, status, reason, headers, body, isWhole: this.isDone };
  }

  #begin(head: Head): void {
    this.head = head;
    this.#framing = framingOf(head, this.#method);
    this.#remaining = this.#framing.kind === 'length' ? this.#framing.length : 0;
    this.isDone = this.#framing.kind === 'none' || (this.#framing.kind === 'length' && this.#remaining === 0);
  }

  #readBody(): void {
    while (this.#pending.length > 0 && !this.isDone) {
      if (this.#framing.kind === 'close') this.#take(this.#pending.length);
      else if (this.#framing.kind === 'length' || this.#isInChunk) {
        this.#take(Math.min(this.#pending.length, this.#remaining));
        if (this.#remaining === 0 && this.#framing.kind === 'length') this.isDone = true;
        if (this.#remaining === 0) this.#isInChunk = false;
      } else if (!this.#readChunkLine()) return;
    }
  }

  #take(count: number): void {
    const piece = this.#pending.subarray(0, count);
    if (this.#onBody === undefined) this.#body.push(piece);
    else this.#onBody(piece);
    this.#pending = this.#pending.subarray(count);
    this.#remaining -= count;
  }

  /** A size line, the end of a chunk, or the end of the body. False: more bytes are needed. */
  #readChunkLine(): boolean {
    const end = this.#pending.indexOf('\r\n');
    if (end < 0) return false;
    const line = this.#pending.toString('latin1', 0, end);
    this.#pending = this.#pending.subarray(end + 2);
    if (line === '') {
      if (this.#isLast) this.isDone = true;
      return true;
    }
    this.#remaining = parseInt(line, 16);
    this.#isInChunk = this.#remaining > 0;
    if (this.#remaining === 0) this.#isLast = true;
    return true;
  }
  #isLast = false;
}

function parseHead(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n');
  const match = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(first);
  if (match === null) throw new Error(`not a status line: ${first}`);
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
  return { status: Number(match[1]), reason: match[2] ?? '', headers };
}

function framingOf(head: Head, method: string): Framing {
  const { status } = head;
  if (method === 'HEAD' || status === 204 || status === 304) return { kind: 'none' };
  const field = (name: string) => head.headers.find(([key]) => key.toLowerCase() === name)?.[1];
  if (field('transfer-encoding') === 'chunked') return { kind: 'chunked' };
  const length = field('content-length');
  return length === undefined ? { kind: 'close' } : { kind: 'length', length: Number(length) };
}
