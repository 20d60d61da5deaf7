// Sends or fetches large bodies on raw sockets for a while, request after request on each connection. Checks no content.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface BulkRun {
  readonly port: number;
  readonly method: 'GET' | 'PUT';
  /** The target of a connection's requests. */
  readonly path: (connection: number) => string;
  readonly connections: number;
  readonly seconds: number;
  readonly headers: Readonly<Record<string, string>>;
  /** PUT: the size of each body. */
  readonly bodyBytes: number;
}

export interface BulkResult {
  readonly seconds: number;
  /** Body bytes that arrived here. */
  readonly received: number;
  /** How long each request took that was finished in the time. */
  readonly finishedMs: readonly number[];
  /** What went wrong, in words, at most once per connection. */
  readonly failures: readonly string[];
}

const PIECE = Buffer.alloc(256 * 1024, 'x');
const READ_BYTES = 256 * 1024;
const HEAD_END = '\r\n\r\n';

export async function runBulk(run: BulkRun): Promise<BulkResult> {
  const began = performance.now();
  const loops = Array.from({ length: run.connections }, (_, index) => new Loop(run, index));
  await sleep(run.seconds * 1000);
  const seconds = (performance.now() - began) / 1000;
  for (const loop of loops) loop.stop();
  return {
    seconds,
    received: loops.reduce((sum, { received }) => sum + received, 0),
    finishedMs: loops.flatMap(({ finishedMs }) => finishedMs),
    failures: loops.flatMap(({ failure }) => failure ?? []),
  };
}

/** One connection. */
class Loop {
  received = 0;
  readonly finishedMs: number[] = [];
  failure: string | undefined;
  readonly #run: BulkRun;
  readonly #socket: Socket;
  readonly #head: string;
  #began = 0;
  #isStopped = false;
  #unsent = 0;
  #answer = '';
  #bodyLeft = 0;

  constructor(run: BulkRun, index: number) {
    this.#run = run;
    const size = run.method === 'PUT' ? { 'Content-Length': String(run.bodyBytes) } : {};
    const fields = Object.entries({ Host: `127.0.0.1:${run.port}`, ...run.headers, ...size });
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`);
    this.#head = `${run.method} ${run.path(index)} HTTP/1.1\r\n${lines.join('')}\r\n`;
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    const onread = { buffer, callback: (size: number) => this.#read(buffer, size) };
    this.#socket = connect({ port: run.port, host: '127.0.0.1', noDelay: true, onread });
    this.#socket.on('connect', () => this.#begin());
    this.#socket.on('drain', () => this.#send());
    this.#socket.on('error', (error) => this.#fail(error.message));
    this.#socket.on('close', () => this.#fail('the connection was closed'));
  }

  stop(): void {
    this.#isStopped = true;
    this.#socket.destroy();
  }

  #begin(): void {
    this.#began = performance.now();
    this.#unsent = this.#run.method === 'PUT' ? this.#run.bodyBytes : 0;
    this.#answer = '';
    this.#socket.write(this.#head);
    this.#send();
  }

  #send(): void {
    while (this.#unsent > 0 && !this.#socket.writableNeedDrain) {
      const piece = this.#unsent < PIECE.length ? PIECE.subarray(0, this.#unsent) : PIECE;
      this.#unsent -= piece.length;
      this.#socket.write(piece);
    }
  }

  #read(buffer: Buffer, size: number): boolean {
    if (this.#bodyLeft > 0) {
      this.#take(size);
      return true;
    }
    this.#answer += buffer.toString('latin1', 0, size);
    const end = this.#answer.indexOf(HEAD_END);
    if (end < 0) return true;
    const status = Number(this.#answer.slice(9, 12));
    if (status >= 300) this.#fail(this.#answer.slice(0, this.#answer.indexOf('\r\n')));
    this.#bodyLeft = Number(/^content-length: *(\d+)/im.exec(this.#answer)?.[1] ?? 0);
    this.#take(this.#answer.length - end - HEAD_END.length);
    return true;
  }

  #take(size: number): void {
    this.received += size;
    this.#bodyLeft -= size;
    if (this.#bodyLeft > 0 || this.#isStopped) return;
    this.finishedMs.push(performance.now() - this.#began);
    this.#begin();
  }

  #fail(what: string): void {
    if (this.#isStopped) return;
    this.failure ??= what;
    this.stop();
  }
}
