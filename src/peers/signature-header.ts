// The text of `X-Autosync-Signature`: writing it and reading it strictly. Knows nothing of keys or of what is signed.

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

/** 90 metadata headers with names of 145 characters, Swift's most, need 13 KiB. */
const MAX_LENGTH = 32_768;
const NAME = '[!#-~]{1,512}'; // visible ASCII but for the quotation mark
const TOKENS = "[!#$%&'*+.^_`|~0-9a-z -]*";
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
/** Whether a signature can cover a header of that name, in small letters. */
export function isSignable(name: string): boolean {
  return TOKEN.test(name);
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/**
 * The claims as text. Cluster names beyond visible ASCII are percent-encoded.
 *
 * @throws RangeError for claims that the header cannot hold: a fault of the caller
 */
export function formatClaims(claims: SignatureClaims): string {
  const text = [
    'v=1',
    `from="${escapeName(claims.from)}"`,
    `to="${escapeName(claims.to)}"`,
    `gen=${claims.generation}`,
    `time=${(claims.timeMs / 1000).toFixed(3)}`,
    `nonce=${claims.nonce}`,
    `headers="${claims.signedNames.join(' ')}"`,
    `digest=${claims.digest}`,
  ].join('; ');
  if (parseSignature(joinSignature(text, Buffer.alloc(32))) === undefined) {
    throw new RangeError('These claims cannot be written into a signature header.');
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

/** Names must be tokens, in order and without doubles, so that one set of names has one spelling. */
function splitNames(text: string): string[] | undefined {
  if (text === '') return [];
  const names = text.split(' ');
  const isStrict = names.every((name, i) => TOKEN.test(name) && (i === 0 || (names[i - 1] as string) < name));
  return isStrict ? names : undefined;
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
