// The text of `X-Autosync-Signature`: writing it and reading it strictly. Knows nothing of keys or of what is signed.
import { AutosyncError } from '../lib/errors.js';

export const SIGNATURE_HEADER = 'X-Autosync-Signature';

/** What the header says, apart from the signature itself. */
export interface SignatureClaims {
  /** The signing cluster, and the one the request is for: `//realm/cluster` or a URL. */
  readonly from: string;
  readonly to: string;
  readonly generation: number;
  /** Whole milliseconds since the epoch; on the wire in seconds with three decimals, as Swift writes times. */
  readonly timeMs: number;
  readonly nonce: string;
  /** Lower case, sorted, each once. */
  readonly signedNames: readonly string[];
  /** SHA-256 of the body in hex, or `none` where the signature says nothing about the body. */
  readonly digest: string;
}

export interface ParsedSignature extends SignatureClaims {
  /** The claims as they stand in the header: this very text is what was signed. */
  readonly claimsText: string;
  /** 32 bytes. */
  readonly signature: Buffer;
}

/** 90 metadata headers with names of 145 characters, Swift's most, need 13 KiB, and three times that where all bytes are escaped. */
const MAX_LENGTH = 49_152;
const NAME = '[!#-~]{1,512}'; // visible ASCII but for the quotation mark
const TOKENS = "[!#$%&'*+.^_`|~0-9a-zA-F -]*";
const CLAIMS = [
  'v=1',
  `from="(${NAME})"`,
  `to="(${NAME})"`,
  'gen=([1-9][0-9]{0,8})',
  'time=([0-9]{1,11})\\.([0-9]{3})',
  'nonce=([0-9A-Za-z_-]{16,64})',
  `headers="(${TOKENS})"`,
  'digest=(none|[0-9a-f]{64})',
].join('; ');
/** Fixed order, no alternatives, and no part can run past the delimiter behind it: one pass, in linear time. */
const HEADER = new RegExp(`^(${CLAIMS}); sig=([0-9a-f]{64})$`);
/** Of a header name, percent-encoded: Swift takes UTF-8 in those of metadata. Capitals among bytes are left to `toLowerCase` on both sides. */
const ESCAPED_NAME = /^(?:[!#$&'*+.^_`|~0-9a-z-]|%[0-9A-F]{2})+$/;

/**
 * The claims as text. Cluster names beyond visible ASCII are percent-encoded.
 *
 * @throws AutosyncError HEADERS_TOO_LARGE for claims that the header cannot hold; no retry helps
 */
export function formatClaims(claims: SignatureClaims): string {
  const text = [
    'v=1',
    `from="${escapeName(claims.from)}"`,
    `to="${escapeName(claims.to)}"`,
    `gen=${claims.generation}`,
    `time=${(claims.timeMs / 1000).toFixed(3)}`,
    `nonce=${claims.nonce}`,
    `headers="${claims.signedNames.map(escapeHeader).join(' ')}"`,
    `digest=${claims.digest}`,
  ].join('; ');
  if (parseSignature(joinSignature(text, Buffer.alloc(32))) === undefined) {
    throw new AutosyncError(
      'HEADERS_TOO_LARGE',
      'No signature covers so many headers, or one with such a name.',
    );
  }
  return text;
}

export function joinSignature(claimsText: string, signature: Buffer): string {
  return `${claimsText}; sig=${signature.toString('hex')}`;
}

/** Takes the header apart; undefined for anything that formatClaims and joinSignature would not have written. */
export function parseSignature(header: string): ParsedSignature | undefined {
  if (header.length > MAX_LENGTH) return undefined;
  const match = HEADER.exec(header);
  if (match === null) return undefined;
  const [, claimsText, from, to, gen, seconds, millis, nonce, names, digest, signature] =
    match as unknown as string[];
  const signedNames = splitNames(names as string);
  const clusters = [unescapeName(from as string), unescapeName(to as string)];
  if (signedNames === undefined || clusters[0] === undefined || clusters[1] === undefined) return undefined;
  return {
    claimsText: claimsText as string,
    from: clusters[0],
    to: clusters[1],
    generation: Number(gen),
    timeMs: Number(seconds) * 1000 + Number(millis),
    nonce: nonce as string,
    signedNames,
    digest: digest as string,
    signature: Buffer.from(signature as string, 'hex'),
  };
}

/** Names must be in order, without doubles, and escaped where they have to be, so that one set of names has one spelling. */
function splitNames(text: string): string[] | undefined {
  if (text === '') return [];
  const escaped = text.split(' ');
  if (!escaped.every((name) => ESCAPED_NAME.test(name))) return undefined;
  const names = escaped.map(unescapeHeader);
  const isStrict = names.every(
    (name, i) => escapeHeader(name) === escaped[i] && (i === 0 || (names[i - 1] as string) < name),
  );
  return isStrict ? names : undefined;
}

/** Bytes as latin1. */
function escapeHeader(name: string): string {
  return name.replace(
    /[^!#$&'*+.^_`|~0-9a-z-]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

function unescapeHeader(escaped: string): string {
  return escaped.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function escapeName(name: string): string {
  return Buffer.from(name, 'utf8')
    .toString('latin1')
    .replace(/[^!#$&-~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

function unescapeName(escaped: string): string | undefined {
  try {
    return decodeURIComponent(escaped);
  } catch {
    return undefined;
  }
}
