// The files in the body of a form upload, read as they pass by, with the rules of Swift's middleware/formpost.py and of what it
// reads forms with (common/utils.py, iter_multipart_mime_documents). Pure; knows nothing of requests, nor of what becomes of the files.

import { trimOf } from '../lib/trim.js';

export interface FormFile {
  /** What Swift puts behind the path of the request. */
  readonly filename: string;
  readonly bytes: number;
}

interface Disposition {
  readonly value: string;
  readonly attributes: ReadonlyMap<string, string>;
}

type State =
  | { readonly kind: 'start' | 'boundary' | 'over' }
  | { readonly kind: 'head'; readonly lines: string[]; bytes: number }
  | { readonly kind: 'body'; readonly filename: string | undefined; bytes: number };

const CRLF = Buffer.from('\r\n');
const DASHES = Buffer.from('--');
/** A part with a longer head is none that we follow up. */
const MAX_HEAD_BYTES = 65_536;
const ATTRIBUTE = /(\w+)=("[^\n]*?"|[^";]+)(?:; ?|$)/y;

/** As Swift reads `Content-Disposition`, and the `Content-Type` of a form. */
export function parseDisposition(header: string): Disposition {
  const semicolon = header.indexOf(';');
  const value = semicolon < 0 ? header : header.slice(0, semicolon).trim();
  const rest = semicolon < 0 ? '' : header.slice(semicolon + 1).trim();
  const attributes = new Map<string, string>();
  ATTRIBUTE.lastIndex = 0;
  for (let match = ATTRIBUTE.exec(rest); match !== null; match = ATTRIBUTE.exec(rest))
    attributes.set(match[1] ?? '', trimOf(match[2] ?? '', '"'));
  return { value, attributes };
}

/** Of a request's `Content-Type`; undefined where Swift's formpost does not take it for a form. */
export function formBoundary(contentType: string): string | undefined {
  const { value, attributes } = parseDisposition(contentType);
  return value === 'multipart/form-data' ? attributes.get('boundary') : undefined;
}

export class FormFiles {
  readonly #onFile: (file: FormFile) => void;
  /** In front of each part but the first. */
  readonly #delimiter: Buffer;
  #state: State = { kind: 'start' };
  /** What came, and cannot be told from the beginning of something yet: never much. */
  #rest: Buffer = Buffer.alloc(0);

  /** @param onFile called for each file when all of it has passed */
  constructor(boundary: string, onFile: (file: FormFile) => void) {
    this.#onFile = onFile;
    this.#delimiter = Buffer.from(`\r\n--${boundary}`);
  }

  /** The chunk's memory may be used again afterwards. */
  push(chunk: Buffer): void {
    if (this.#state.kind === 'over') return;
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#step(false));
    this.#rest = Buffer.from(this.#rest);
  }

  /** Nothing more comes: Swift takes what it has for the rest of the last part. */
  end(): void {
    while (this.#step(true));
    if (this.#state.kind === 'head') this.#state = newBody([...this.#state.lines, decode(this.#rest)]);
    if (this.#state.kind === 'body') this.#endPart(this.#state);
    this.#state = { kind: 'over' };
  }

  /** False where more has to come first. */
  #step(isAll: boolean): boolean {
    const state = this.#state;
    switch (state.kind) {
      case 'start':
        return this.#readStart();
      case 'boundary':
        return this.#readBoundary();
      case 'head':
        return this.#readHead(state, isAll);
      case 'body':
        return this.#readBody(state, isAll);
      case 'over':
        this.#rest = Buffer.alloc(0);
        return false;
    }
  }

  /** Empty lines, then the first boundary. */
  #readStart(): boolean {
    const longest = this.#delimiter.length;
    const end = this.#rest.indexOf('\n') + 1;
    if (end === 0 && this.#rest.length < longest) return false;
    const line = this.#take(Math.min(end === 0 ? longest : end, longest));
    if (line.equals(CRLF)) return true;
    const isBoundary = line.toString('latin1').trim() === this.#delimiter.subarray(2).toString('latin1');
    this.#state = isBoundary ? newHead() : { kind: 'over' };
    return true;
  }

  /** Behind a boundary: two dashes where it is the last one. */
  #readBoundary(): boolean {
    if (this.#rest.length < 2) return false;
    this.#state = this.#take(2).equals(DASHES) ? { kind: 'over' } : newHead();
    return true;
  }

  #readHead(state: Extract<State, { kind: 'head' }>, isAll: boolean): boolean {
    const newline = this.#rest.indexOf(CRLF);
    const isWhole = isAll || this.#rest.length >= newline + this.#delimiter.length;
    if (newline < 0 || !isWhole) {
      if (state.bytes + this.#rest.length > MAX_HEAD_BYTES) this.#state = { kind: 'over' };
      return this.#state.kind === 'over';
    }
    const line = this.#take(newline);
    state.bytes += newline + 2;
    const isEnded = this.#rest.subarray(0, this.#delimiter.length).equals(this.#delimiter);
    if (line.length > 0) state.lines.push(decode(line));
    if (!isEnded) this.#take(2);
    // A boundary within the head: a part without a body.
    if (line.length === 0 || isEnded) this.#state = newBody(state.lines);
    return true;
  }

  #readBody(state: Extract<State, { kind: 'body' }>, isAll: boolean): boolean {
    const found = this.#rest.indexOf(this.#delimiter);
    const sure = isAll ? this.#rest.length : Math.max(0, this.#rest.length - this.#delimiter.length + 1);
    state.bytes += this.#take(found < 0 ? sure : found).length;
    if (found < 0) return false;
    this.#take(this.#delimiter.length);
    this.#endPart(state);
    this.#state = { kind: 'boundary' };
    return true;
  }

  #endPart({ filename, bytes }: Extract<State, { kind: 'body' }>): void {
    if (filename !== undefined) this.#onFile({ filename, bytes });
  }

  #take(bytes: number): Buffer {
    const taken = this.#rest.subarray(0, bytes);
    this.#rest = this.#rest.subarray(bytes);
    return taken;
  }
}

function newHead(): State {
  return { kind: 'head', lines: [], bytes: 0 };
}

function newBody(lines: readonly string[]): Extract<State, { kind: 'body' }> {
  const { value, attributes } = parseDisposition(headerOf(lines, 'content-disposition'));
  const filename = value === 'form-data' ? attributes.get('filename') : undefined;
  return { kind: 'body', filename: filename === '' ? undefined : filename, bytes: 0 };
}

/** The last of that name, with the lines that continue it as they are; '' for none. */
function headerOf(lines: readonly string[], name: string): string {
  let value = '';
  let isWanted = false;
  for (const line of lines) {
    if (/^[ \t]/.test(line)) {
      if (isWanted) value += `\r\n${line}`;
      continue;
    }
    const colon = line.indexOf(':');
    // Python's parser takes what follows for the body.
    if (colon <= 0) break;
    isWanted = line.slice(0, colon).toLowerCase() === name;
    if (isWanted) value = line.slice(colon + 1).replace(/^[ \t]+/, '');
  }
  return value;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function decode(line: Buffer): string {
  try {
    return UTF8.decode(line);
  } catch {
    return line.toString('latin1');
  }
}
