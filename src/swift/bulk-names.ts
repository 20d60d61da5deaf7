// The names in the body of a bulk delete, read as they pass by, with the rules of Swift's middleware/bulk.py: one to a line,
// percent-encoded. Pure; knows nothing of requests, nor of what becomes of the names.
import { trimOf } from '../lib/trim.js';
import { WHITE } from './bulk-body.js';
import { decodePath } from './path.js';

/** Relative to the account of the request. */
export interface BulkName {
  readonly container: string;
  /** Undefined where the container itself is named. */
  readonly object: string | undefined;
}

const LF = 0x0a;
/** Swift's limit is twice its longest path (2,564 bytes, unless it is configured otherwise), and it then refuses all of it. */
const MAX_LINE_BYTES = 65_536;

export class BulkNames {
  readonly #onName: (name: BulkName) => void;
  /** The beginning of a line whose end has not come yet. */
  #begun: Buffer[] = [];
  #begunBytes = 0;

  constructor(onName: (name: BulkName) => void) {
    this.#onName = onName;
  }

  /** The chunk's memory may be used again afterwards. */
  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      this.#endLine(chunk.subarray(start, end));
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    this.#begunBytes += rest.length;
    if (this.#begunBytes > MAX_LINE_BYTES) this.#begun = [];
    else if (rest.length > 0) this.#begun.push(Buffer.from(rest));
  }

  /** Nothing more comes: the last line needs no line feed. */
  end(): void {
    this.#endLine(Buffer.alloc(0));
  }

  #endLine(last: Buffer): void {
    const isTooLong = this.#begunBytes + last.length > MAX_LINE_BYTES;
    const line = this.#begun.length === 0 ? last : Buffer.concat([...this.#begun, last]);
    this.#begun = [];
    this.#begunBytes = 0;
    const name = isTooLong ? undefined : parseLine(line.toString('latin1'));
    if (name !== undefined) this.#onName(name);
  }
}

/** Undefined for a line that names nothing that Swift could have. */
function parseLine(line: string): BulkName | undefined {
  const name = decodePath(trimOf(line, WHITE))?.replace(/^\/+/, '') ?? '';
  const container = name.split('/', 1)[0] ?? '';
  if (container === '') return undefined;
  const isContainer = /^[^/]+\/*$/.test(name);
  return { container, object: isContainer ? undefined : name.slice(container.length + 1) };
}
