// Both ends of a connection as bytes: what goes out is exactly what a test says, and what came in is all there to look at.
import net from 'node:net';

const PATIENCE_MS = 20_000;

type Condition = string | RegExp | ((text: string) => boolean);

/** One end of a connection. Text is latin1: one character, one byte. */
export class RawSocket {
  readonly socket: net.Socket;
  /** How the other side closed: orderly, or by a reset. */
  isEnded = false;
  isReset = false;
  isClosed = false;
  byteCount = 0;
  /** False: bytes are counted and dropped. */
  isKeeping = true;
  #text = '';
  readonly #wakers = new Set<() => void>();

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.byteCount += chunk.length;
      if (this.isKeeping) this.#text += chunk.toString('latin1');
      this.#wake();
    });
    socket.on('end', () => {
      this.isEnded = true;
      this.#wake();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.isReset = error.code === 'ECONNRESET' || error.code === 'EPIPE';
    });
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  static connect(port: number): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RawSocket(socket)));
    });
  }

  /** All that came and was not taken yet. */
  get text(): string {
    return this.#text;
  }

  send(data: string | Buffer): this {
    this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
    return this;
  }

  /** Waits for what came to hold, match or satisfy the condition; takes all up to the end of what was found. */
  async until(condition: Condition): Promise<string> {
    let end = -1;
    await this.#wait(() => (end = endOf(condition, this.#text)) >= 0, `"${String(condition).slice(0, 200)}"`);
    const text = this.#text.slice(0, end);
    this.#text = this.#text.slice(end);
    return text;
  }

  /** Waits for that many bytes since the beginning. */
  untilBytes(count: number): Promise<void> {
    return this.#wait(() => this.byteCount >= count, `${count} bytes`);
  }

  /** Waits for the other side to close, in whatever way; returns what came and was not taken. */
  async untilClosed(): Promise<string> {
    await this.#wait(() => this.isClosed || this.isEnded, 'the end');
    return this.#text;
  }

  /** Closes this direction only. */
  end(): this {
    this.socket.end();
    return this;
  }

  destroy(): void {
    this.socket.destroy();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  #wake(): void {
    for (const waker of this.#wakers) waker();
  }

  #wait(isMet: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (error?: Error): void => {
        clearTimeout(timer);
        this.#wakers.delete(look);
        if (error === undefined) resolve();
        else reject(error);
      };
      const look = (): void => {
        if (isMet()) finish();
        else if (this.isClosed || this.isEnded)
          finish(new Error(`closed before ${what}; came: ${this.#text.slice(0, 500)}`));
      };
      const timer = setTimeout(
        () => finish(new Error(`waited in vain for ${what}; came: ${this.#text.slice(0, 500)}`)),
        PATIENCE_MS,
      );
      this.#wakers.add(look);
      look();
    });
  }
}

/** Where in the text what is looked for ends; -1 where it is not there. */
function endOf(condition: Condition, text: string): number {
  if (typeof condition === 'function') return condition(text) ? text.length : -1;
  if (typeof condition === 'string') {
    const index = text.indexOf(condition);
    return index < 0 ? -1 : index + condition.length;
  }
  const match = condition.exec(text);
  return match === null ? -1 : match.index + match[0].length;
}

/** A server whose connections the test plays itself. */
export class RawServer {
  readonly connections: RawSocket[] = [];
  readonly #server: net.Server;
  readonly #waiting: ((socket: RawSocket) => void)[] = [];
  #taken = 0;

  private constructor(server: net.Server) {
    this.#server = server;
    server.on('connection', (socket: net.Socket) => {
      this.connections.push(new RawSocket(socket));
      this.#handOut();
    });
  }

  static listen(port = 0): Promise<RawServer> {
    return new Promise((resolve, reject) => {
      const server = net.createServer({ noDelay: true, allowHalfOpen: true });
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve(new RawServer(server)));
    });
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The next connection that was not handed out yet. */
  accept(): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('waited in vain for a connection')), PATIENCE_MS);
      this.#waiting.push((socket) => {
        clearTimeout(timer);
        resolve(socket);
      });
      this.#handOut();
    });
  }

  /** Answers every request on every connection by `answer`, once its head (and a body by Content-Length) is here. */
  answerAll(answer: (request: string) => string): this {
    this.#server.on('connection', () => void this.accept().then((socket) => answerEach(socket, answer)));
    return this;
  }

  close(): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #handOut(): void {
    while (this.#taken < this.connections.length && this.#waiting.length > 0) {
      this.#waiting.shift()!(this.connections[this.#taken]!);
      this.#taken += 1;
    }
  }
}

async function answerEach(socket: RawSocket, answer: (request: string) => string): Promise<void> {
  let pending = '';
  for (;;) {
    try {
      pending += await socket.until(/[^]/);
    } catch {
      return;
    }
    for (let length = wholeRequest(pending); length > 0; length = wholeRequest(pending)) {
      socket.send(answer(pending.slice(0, length)));
      pending = pending.slice(length);
    }
  }
}

/** How long the first request in the text is; 0 while it is not all there. */
function wholeRequest(text: string): number {
  const end = text.indexOf('\r\n\r\n') + 4;
  if (end < 4) return 0;
  const length = end + Number(/^content-length: *(\d+)/im.exec(text.slice(0, end))?.[1] ?? 0);
  return length <= text.length ? length : 0;
}

/** A response with a body and its Content-Length. */
export function ok(body = '', headers = ''): string {
  return `HTTP/1.1 200 OK\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** Polls until it is so: for what no event tells of. */
export async function eventually(isSo: () => boolean | Promise<boolean>, what = 'it'): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Writes up to `total` bytes as fast as they are taken, and says how many were when no more are for a while. */
export async function pour(socket: RawSocket, total: number): Promise<number> {
  const piece = Buffer.alloc(1_000_000, 'z');
  let written = 0;
  const write = (): void => {
    while (written < total && socket.socket.writableLength < 2 * piece.length) {
      written += piece.length;
      socket.send(piece);
    }
    if (written < total) socket.socket.once('drain', write);
  };
  write();
  let last = -1;
  for (let quiet = 0; quiet < 15;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    quiet = written === last ? quiet + 1 : 0;
    last = written;
  }
  return written;
}
