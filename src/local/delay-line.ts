// One direction of a connection, as slow and as far as wanted. Knows two sockets and time.
import type { Socket } from 'node:net';

/** What may be under way at once: more than any real line of that length holds. */
const MAX_IN_FLIGHT_BYTES = 64 * 1024 * 1024;
/** A limited rate passes on this many pieces a second. */
const PIECES_PER_SECOND = 20;

interface Piece {
  readonly dueMs: number;
  /** `undefined` is the end of the stream. */
  readonly bytes: Buffer | undefined;
}

/** Passes what `source` says on to `target`, each byte after its time, in order; ends where the source ends. */
export class DelayLine {
  private readonly source: Socket;
  private readonly target: Socket;
  private readonly pieces: Piece[] = [];
  private delayMs = 0;
  private bytesPerSecond = Infinity;
  private inFlightBytes = 0;
  private lastDueMs = 0;
  private timer: NodeJS.Timeout | undefined;
  private isSwallowing = false;

  constructor(source: Socket, target: Socket) {
    this.source = source;
    this.target = target;
    source.on('data', (chunk: Buffer) => this.take(chunk));
    source.on('end', () => this.push(undefined));
    source.on('close', () => this.stopWhenBroken());
    target.on('drain', () => this.pass());
    target.on('close', () => this.swallow());
  }

  /** From now on: that delay, that rate. */
  shape(delayMs: number, bytesPerSecond: number): void {
    this.delayMs = delayMs;
    this.bytesPerSecond = bytesPerSecond;
  }

  /** From now on: everything vanishes, what is under way as well. */
  swallow(): void {
    this.isSwallowing = true;
    this.pieces.length = 0;
    this.inFlightBytes = 0;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.source.resume();
  }

  private take(chunk: Buffer): void {
    if (this.bytesPerSecond === Infinity) {
      this.push(chunk);
      return;
    }
    const size = Math.max(1, Math.ceil(this.bytesPerSecond / PIECES_PER_SECOND));
    for (let start = 0; start < chunk.length; start += size) this.push(chunk.subarray(start, start + size));
  }

  private push(bytes: Buffer | undefined): void {
    if (this.isSwallowing) return;
    const size = bytes?.length ?? 0;
    const earliest = Math.max(this.lastDueMs, performance.now() + this.delayMs);
    this.lastDueMs = earliest + (size / this.bytesPerSecond) * 1000;
    this.pieces.push({ dueMs: this.lastDueMs, bytes });
    this.inFlightBytes += size;
    if (this.inFlightBytes > MAX_IN_FLIGHT_BYTES) this.source.pause();
    this.pass();
  }

  private pass(): void {
    if (this.timer !== undefined) return;
    for (;;) {
      const piece = this.pieces[0];
      if (piece === undefined || this.target.writableNeedDrain) break;
      const waitMs = piece.dueMs - performance.now();
      if (waitMs > 0.5) {
        this.timer = setTimeout(() => {
          this.timer = undefined;
          this.pass();
        }, waitMs);
        return;
      }
      this.pieces.shift();
      this.inFlightBytes -= piece.bytes?.length ?? 0;
      if (piece.bytes === undefined) this.target.end();
      else this.target.write(piece.bytes);
    }
    // Without a delay this is a plain pipe: what the target does not take is not read.
    const limit = this.delayMs > 0 ? MAX_IN_FLIGHT_BYTES : 0;
    if (this.inFlightBytes > limit) this.source.pause();
    else this.source.resume();
  }

  private stopWhenBroken(): void {
    if (!this.source.readableEnded) this.swallow();
  }
}
