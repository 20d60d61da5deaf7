// The parts of a large object as one body: opened one after the other, each only when the client has taken the one before it.
// Knows how long a part must be and which ETag it must have; nothing of manifests.
import type { Framing } from '../../../http/head.js';
import { MessageBody, type BodyConsumer, type BodySource } from '../../../http/message-body.js';
import { AutosyncError } from '../../../lib/errors.js';
import type { OutgoingResponse } from '../../station.js';

export interface PartToRead {
  readonly account: string;
  readonly container: string;
  readonly object: string;
  /** First and last byte; undefined: all of it. */
  readonly range: readonly [number, number] | undefined;
  /** Without quotes, of all of it; undefined where any will do. */
  readonly etag: string | undefined;
  /**
   * True: a large object itself, to be read as its own parts joined. False: to be read as it is stored
   * (`multipart-manifest=get`), since only then is its ETag that of its bytes, and a manifest among the parts read no others.
   */
  readonly isLargeObject: boolean;
}

/** Reads one part with the client's own rights. Its answer streams. */
export type ReadPart = (part: PartToRead) => Promise<OutgoingResponse>;

export interface Part {
  readonly toRead: PartToRead;
  /** Of what is to be read of it, not of all of it. */
  readonly lengthBytes: number;
}

/** Bytes that are here already, or a part that has yet to be read. */
export type Piece = Buffer | Part;
export type Pieces = Iterable<Piece> | AsyncIterable<Piece>;

/** A part cannot be read, or is not what it was when the manifest was made. */
export class PartRefused extends AutosyncError {
  /** Of Swift's answer where nothing has been sent yet. */
  readonly status: 409 | 503;

  constructor(status: 409 | 503, detail: string) {
    super('SEGMENT_REFUSED', detail);
    this.status = status;
  }
}

interface OpenPart {
  readonly body: MessageBody | Buffer;
  readonly lengthBytes: number;
}

type OpenPiece = Buffer | OpenPart;

const CRLF = Buffer.from('\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

/**
 * Resolves when the first part has been opened. A later part that is refused, breaks off or is not what it should be fails the body.
 * @param framing what the answer's head announces: the length of all pieces, or chunks
 * @param onBroken told why a body failed; not that its client went away
 * @throws PartRefused for the first part, and what `read` or `pieces` throw
 */
export async function joinParts(
  pieces: Pieces,
  read: ReadPart,
  framing: Framing,
  onBroken: (error: Error) => void,
): Promise<MessageBody> {
  const opened = openEach(pieces, read);
  const ahead: OpenPiece[] = [];
  for (let next = await opened.next(); next.done !== true; next = await opened.next()) {
    ahead.push(next.value);
    if (!Buffer.isBuffer(next.value)) break;
  }
  const joining = new Joining(framing, onBroken);
  void joining.pour(ahead, opened);
  return joining.joined;
}

async function* openEach(pieces: Pieces, read: ReadPart): AsyncGenerator<OpenPiece, void> {
  for await (const piece of pieces) yield Buffer.isBuffer(piece) ? piece : await openPart(piece, read);
}

async function openPart(part: Part, read: ReadPart): Promise<OpenPart> {
  const answer = await read(part.toRead);
  const fault = faultOf(part, answer);
  if (fault === undefined) return { body: answer.body ?? Buffer.alloc(0), lengthBytes: part.lengthBytes };
  if (answer.body instanceof MessageBody) answer.body.abandon();
  const { container, object } = part.toRead;
  throw new PartRefused(answer.status >= 500 ? 503 : 409, `The segment /${container}/${object}: ${fault}.`);
}

/** What is wrong with the answer for a part; undefined: nothing. */
function faultOf({ toRead, lengthBytes }: Part, answer: OutgoingResponse): string | undefined {
  const { status, reason, headers, body } = answer;
  const { range, etag } = toRead;
  if (status !== (range === undefined ? 200 : 206)) return `${status} ${reason}`;
  if (etag !== undefined && headers.get('etag')?.replaceAll('"', '') !== etag) return 'its ETag is another';
  const length = body instanceof MessageBody ? headers.get('content-length') : (body?.length ?? 0);
  if (length !== undefined && Number(length) !== lengthBytes) return 'its length is another';
  if (range !== undefined && !headers.get('content-range')?.startsWith(`bytes ${range[0]}-${range[1]}/`))
    return 'other bytes came than were asked for';
  return undefined;
}

class Joining implements BodyConsumer, BodySource {
  readonly joined: MessageBody;
  readonly #onBroken: (error: Error) => void;
  /** The part that was opened last. */
  #part: MessageBody | undefined;
  /** Of that part. */
  #missingBytes = 0;
  #partDone: ((error?: Error) => void) | undefined;
  #isOver = false;
  /** Set while nobody takes more: ends that. */
  #goOn: (() => void) | undefined;
  #paused: Promise<void> | undefined;

  constructor(framing: Framing, onBroken: (error: Error) => void) {
    this.#onBroken = onBroken;
    this.joined = new MessageBody(framing, this);
  }

  /** @param ahead what has been opened already: at most one part, the last of them */
  async pour(ahead: readonly OpenPiece[], rest: AsyncIterable<OpenPiece>): Promise<void> {
    try {
      for (const piece of ahead) if (!Buffer.isBuffer(piece)) this.#part = streamOf(piece);
      for (const piece of ahead) if (!(await this.#pass(piece))) return;
      for await (const piece of rest) if (!(await this.#pass(piece))) return;
      if (this.joined.framing.kind === 'chunked') this.joined.feed(LAST_CHUNK);
      this.joined.sourceEnded();
    } catch (error) {
      if (!this.#isOver) this.#onBroken(error as Error);
      this.joined.fail(error as Error);
    }
  }

  /** From the part. */
  data(chunk: Buffer): boolean {
    this.#missingBytes -= chunk.length;
    if (this.#missingBytes < 0) this.#partDone?.(wrongLength());
    else this.#feed(chunk);
    return this.#paused === undefined && this.#missingBytes >= 0;
  }

  end(): void {
    this.#partDone?.(this.#missingBytes === 0 ? undefined : wrongLength());
  }

  error(error: Error): void {
    this.#partDone?.(error);
  }

  /** From who takes it. */
  pause(): void {
    this.#paused ??= new Promise((resolve) => (this.#goOn = resolve));
  }

  resume(): void {
    this.#goOn?.();
    this.#paused = undefined;
    if (this.#part?.hasConsumer === true) this.#part.resume();
  }

  settled(): void {
    this.#isOver = true;
    this.#goOn?.();
    if (this.#part?.isComplete === false) this.#part.abandon();
    this.#partDone?.();
  }

  /** Resolves when the client can take more; false: it is gone, or has all. */
  async #pass(piece: OpenPiece): Promise<boolean> {
    const stream = Buffer.isBuffer(piece) ? undefined : streamOf(piece);
    if (this.#isOver) stream?.abandon();
    else if (Buffer.isBuffer(piece)) this.#feed(piece);
    else if (Buffer.isBuffer(piece.body)) this.#feed(piece.body);
    else await this.#takeIn(piece.body, piece.lengthBytes);
    await this.#paused;
    return !this.#isOver;
  }

  #takeIn(part: MessageBody, lengthBytes: number): Promise<void> {
    this.#part = part;
    this.#missingBytes = lengthBytes;
    return new Promise((resolve, reject) => {
      this.#partDone = (error) => (error === undefined ? resolve() : reject(error));
      part.consume(this, { isDecoded: true });
    });
  }

  #feed(bytes: Buffer): void {
    if (this.joined.framing.kind !== 'chunked') this.joined.feed(bytes);
    else if (bytes.length > 0)
      this.joined.feed(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, CRLF]));
  }
}

function streamOf({ body }: OpenPart): MessageBody | undefined {
  return body instanceof MessageBody ? body : undefined;
}

function wrongLength(): AutosyncError {
  return new AutosyncError('UPSTREAM_BROKEN', 'A segment is longer or shorter than it should be.');
}
