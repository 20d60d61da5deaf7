// Many clients that take or give their bodies a few KB a second, on raw sockets. Knows just enough HTTP/1.1 for that.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type SlowKind = 'download' | 'upload' | 'held back upload';

export interface SlowRun {
  readonly port: number;
  readonly kind: SlowKind;
  readonly path: string;
  readonly count: number;
  readonly bodyBytes: number;
}

/** Bytes each client takes or gives at each step. */
const PIECE = Buffer.alloc(4096, 'x');
const STEP_MS = 1000;
const OPEN_AT_ONCE = 50;

export class SlowClients {
  readonly #clients: SlowClient[];
  readonly #timer: NodeJS.Timeout;

  private constructor(clients: SlowClient[]) {
    this.#clients = clients;
    this.#timer = setInterval(() => {
      for (const client of clients) client.step();
    }, STEP_MS);
  }

  /** Opens all of them, some at a time, and lets them go on until `stop()`. */
  static async start(run: SlowRun): Promise<SlowClients> {
    const clients: SlowClient[] = [];
    while (clients.length < run.count) {
      for (let i = 0; i < OPEN_AT_ONCE && clients.length < run.count; i += 1)
        clients.push(new SlowClient(run));
      await sleep(20);
    }
    return new SlowClients(clients);
  }

  /** Clients that have moved something and whose connection is still there. */
  get aliveCount(): number {
    return this.#clients.filter(({ isAlive }) => isAlive).length;
  }

  /** Bytes all of them moved so far. */
  get movedBytes(): number {
    return this.#clients.reduce((sum, { moved }) => sum + moved, 0);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const client of this.#clients) client.stop();
  }
}

class SlowClient {
  moved = 0;
  readonly #socket: Socket;
  readonly #run: SlowRun;
  #isOpen = false;

  constructor(run: SlowRun) {
    this.#run = run;
    const buffer = Buffer.allocUnsafe(PIECE.length);
    // Returning false stops reading: one piece at each step.
    const callback = (size: number) => {
      if (run.kind === 'download') this.moved += size;
      return false;
    };
    this.#socket = connect({ port: run.port, host: '127.0.0.1', onread: { buffer, callback } });
    this.#socket.on('connect', () => this.#begin());
    this.#socket.on('drain', () => this.#push());
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => (this.#isOpen = false));
  }

  get isAlive(): boolean {
    return this.#isOpen && this.moved > 0;
  }

  step(): void {
    if (!this.#isOpen) return;
    if (this.#run.kind === 'download') this.#socket.resume();
    if (this.#run.kind === 'upload') this.#give();
  }

  stop(): void {
    this.#socket.destroy();
  }

  #begin(): void {
    this.#isOpen = true;
    const { kind, path, bodyBytes } = this.#run;
    if (kind === 'download') {
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`);
      return;
    }
    this.#socket.write(`PUT ${path} HTTP/1.1\r\nHost: bench\r\nContent-Length: ${bodyBytes}\r\n\r\n`);
    if (kind === 'upload') this.#give();
    else this.#push();
  }

  #give(): void {
    this.#socket.write(PIECE);
    this.moved += PIECE.length;
  }

  /** As much as it takes: the other end is the slow one. */
  #push(): void {
    if (this.#run.kind !== 'held back upload') return;
    while (!this.#socket.writableNeedDrain) this.#give();
  }
}
