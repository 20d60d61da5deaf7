// Follows chunked framing (RFC 9112, section 7.1) byte for byte, to find where a body ends; can hand out the data inside.
// Strict where parsers have disagreed: line ends, sizes and extensions.
import { AutosyncError } from '../lib/errors.js';

type Step =
  | 'size'
  | 'extension'
  | 'size-lf'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  | 'trailer-start'
  | 'trailer'
  | 'trailer-lf'
  | 'end-lf';

const CR = 0x0d;
const LF = 0x0a;
const MAX_SIZE_DIGITS = 13;
const MAX_EXTENSION_BYTES = 4096;
const MAX_TRAILER_BYTES = 16384;

export class ChunkScanner {
  isDone = false;
  /** Whether the last chunk has been read: what follows are trailers and the end. */
  isInTrailers = false;
  /** Where in the bytes scanned last the trailers begin (behind the line of the last chunk), or -1. */
  trailersAt = -1;
  #step: Step = 'size';
  #size = 0;
  #digits = 0;
  #extra = 0;
  readonly #onData: ((data: Buffer) => void) | undefined;

  constructor(onData?: (data: Buffer) => void) {
    this.#onData = onData;
  }

  /** Reads on from `start`; returns the index behind the last byte that belongs to this body. Throws BAD_REQUEST. */
  scan(chunk: Buffer, start: number): number {
    let i = start;
    this.trailersAt = this.isInTrailers ? start : -1;
    while (i < chunk.length && !this.isDone) {
      if (this.#step === 'data') {
        const end = Math.min(chunk.length, i + this.#size);
        this.#onData?.(chunk.subarray(i, end));
        this.#size -= end - i;
        i = end;
        if (this.#size === 0) this.#step = 'data-cr';
      } else {
        this.#byte(chunk[i] as number);
        i += 1;
        if (this.isInTrailers && this.trailersAt < 0) this.trailersAt = i;
      }
    }
    return i;
  }

  #byte(byte: number): void {
    switch (this.#step) {
      case 'size': {
        this.#sizeByte(byte);
        return;
      }
      case 'extension':
        if (byte === CR) this.#step = 'size-lf';
        else this.#text(byte, MAX_EXTENSION_BYTES);
        return;
      case 'size-lf':
        this.#expect(byte, LF);
        this.#extra = 0;
        this.isInTrailers = this.#size === 0;
        this.#step = this.isInTrailers ? 'trailer-start' : 'data';
        return;
      case 'data-cr':
        this.#expect(byte, CR);
        this.#step = 'data-lf';
        return;
      case 'data-lf':
        this.#expect(byte, LF);
        this.#digits = 0;
        this.#step = 'size';
        return;
      case 'trailer-start':
        if (byte === CR) {
          this.#step = 'end-lf';
          return;
        }
        if (byte === 0x20 || byte === 0x09) throw wrong('a folded trailer');
        this.#step = 'trailer';
        this.#text(byte, MAX_TRAILER_BYTES);
        return;
      case 'trailer':
        if (byte === CR) this.#step = 'trailer-lf';
        else this.#text(byte, MAX_TRAILER_BYTES);
        return;
      case 'trailer-lf':
        this.#expect(byte, LF);
        this.#step = 'trailer-start';
        return;
      case 'end-lf':
        this.#expect(byte, LF);
        this.isDone = true;
        return;
      case 'data':
    }
  }

  #sizeByte(byte: number): void {
    const digit = hexValue(byte);
    if (digit >= 0) {
      this.#digits += 1;
      if (this.#digits > MAX_SIZE_DIGITS) throw wrong('a chunk size that is too long');
      this.#size = this.#size * 16 + digit;
      return;
    }
    if (this.#digits === 0) throw wrong('a chunk without a size');
    if (byte === CR) this.#step = 'size-lf';
    else if (byte === 0x3b) this.#step = 'extension';
    else throw wrong('a chunk size that is no number');
  }

  #text(byte: number, limit: number): void {
    this.#extra += 1;
    if (this.#extra > limit) throw wrong('too much text beside the chunks');
    if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f) throw wrong('a control character');
  }

  #expect(byte: number, wanted: number): void {
    if (byte !== wanted) throw wrong('a wrong line end');
  }
}

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function wrong(what: string): AutosyncError {
  return new AutosyncError('BAD_REQUEST', `The chunked body has ${what}.`);
}
