// A TCP relay from one cluster to another that can fail like a network. Knows bytes only, no HTTP.
import { createServer, connect, type Server, type Socket } from 'node:net';
import { DelayLine } from './delay-line.js';
import { LOOPBACK } from './plan.js';

/** How a link behaves towards new connections. */
type Mode = 'open' | 'cut' | 'blackhole';

/**
 * The way from one cluster to another (`from` → `to`), for the requests that `from` sends; their answers come back
 * the same way. Always one call away from `restore()`.
 */
export class Link {
  readonly from: string;
  readonly to: string;
  private readonly targetPort: number;
  private server: Server | undefined;
  private mode: Mode = 'open';
  private delayMs = 0;
  private bytesPerSecond = Infinity;
  private resetBudget = Infinity;
  private readonly pairs = new Set<Pair>();
  private listenPort = 0;
  /** Connections accepted since the start. */
  connections = 0;
  /** Bytes that came from `from` since the start, swallowed ones included. */
  bytesSent = 0;

  constructor(from: string, to: string, targetPort: number) {
    this.from = from;
    this.to = to;
    this.targetPort = targetPort;
  }

  /** The loopback port `from` sends its requests to. */
  get port(): number {
    return this.listenPort;
  }

  /** Starts to listen on that port. */
  async open(port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, LOOPBACK, resolve);
    });
    this.listenPort = port;
    this.server = server;
  }

  /** Connections are refused; those that exist are reset. */
  async cut(): Promise<void> {
    this.mode = 'cut';
    await this.close();
  }

  /** Connections are accepted and everything is swallowed, on those that exist as well: nobody notices but by time. */
  async blackhole(): Promise<void> {
    await this.listenAgain();
    this.mode = 'blackhole';
    for (const pair of this.pairs) pair.swallow();
  }

  /** Every byte arrives that much later, each way, as over a long line; the rate stays. */
  async delay(milliseconds: number): Promise<void> {
    await this.listenAgain();
    this.delayMs = milliseconds;
    for (const pair of this.pairs) pair.shape(this.delayMs, this.bytesPerSecond);
  }

  /** No more bytes per second than that, each way and connection. */
  async trickle(bytesPerSecond: number): Promise<void> {
    await this.listenAgain();
    this.bytesPerSecond = bytesPerSecond;
    for (const pair of this.pairs) pair.shape(this.delayMs, this.bytesPerSecond);
  }

  /** Resets the connections that exist; new ones work. */
  reset(): void {
    for (const pair of this.pairs) pair.reset();
  }

  /** Resets each connection once that many more bytes from `from` came over the link. */
  resetAfter(bytes: number): void {
    this.resetBudget = bytes;
  }

  /** All is well again. Connections that were swallowed are reset: their bytes are lost. */
  async restore(): Promise<void> {
    const wasBlackhole = this.mode === 'blackhole';
    this.mode = 'open';
    this.delayMs = 0;
    this.bytesPerSecond = Infinity;
    this.resetBudget = Infinity;
    if (wasBlackhole) this.reset();
    for (const pair of this.pairs) pair.shape(0, Infinity);
    await this.listenAgain();
  }

  /** Ends it for good. */
  async close(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    const closed = new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    this.reset();
    await closed;
  }

  private async listenAgain(): Promise<void> {
    if (this.mode === 'cut') this.mode = 'open';
    if (this.server === undefined) await this.open(this.listenPort);
  }

  private accept(socket: Socket): void {
    this.connections += 1;
    socket.on('data', (chunk: Buffer) => this.count(chunk.length));
    const pair = new Pair(socket, this.mode === 'blackhole' ? undefined : this.targetPort);
    pair.shape(this.delayMs, this.bytesPerSecond);
    this.pairs.add(pair);
    pair.onClosed = () => this.pairs.delete(pair);
  }

  private count(bytes: number): void {
    this.bytesSent += bytes;
    this.resetBudget -= bytes;
    if (this.resetBudget > 0) return;
    this.resetBudget = Infinity;
    this.reset();
  }
}

/** A connection and the one it is passed on to; none when it leads nowhere. */
class Pair {
  private readonly near: Socket;
  private readonly far: Socket | undefined;
  private readonly lines: DelayLine[] = [];
  onClosed: () => void = () => undefined;

  constructor(near: Socket, targetPort: number | undefined) {
    this.near = near;
    this.watch(near);
    if (targetPort === undefined) {
      near.resume();
      return;
    }
    this.far = connect({ port: targetPort, host: LOOPBACK, allowHalfOpen: true, noDelay: true });
    this.watch(this.far);
    this.lines.push(new DelayLine(near, this.far), new DelayLine(this.far, near));
  }

  shape(delayMs: number, bytesPerSecond: number): void {
    for (const line of this.lines) line.shape(delayMs, bytesPerSecond);
  }

  swallow(): void {
    for (const line of this.lines) line.swallow();
  }

  reset(): void {
    this.near.resetAndDestroy();
    this.far?.resetAndDestroy();
  }

  private watch(socket: Socket): void {
    socket.on('error', () => this.reset());
    socket.on('close', (hadError) => {
      for (const line of this.lines) if (hadError) line.swallow();
      if (this.near.destroyed && (this.far?.destroyed ?? true)) this.onClosed();
    });
  }
}
