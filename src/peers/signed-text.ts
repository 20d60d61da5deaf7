// Which headers of a request to a peer are signed, and over which text. Knows nothing of who signs or what is refused.
import { createHmac, type KeyObject } from 'node:crypto';
import type { HeaderList } from '../http/headers.js';
import { SIGNATURE_HEADER } from './signature-header.js';

/** Headers that belong to one connection, or that proxies between gateways add or change; never signed, so never kept. */
const UNSIGNED_NAMES = new Set([
  ...[
    'connection',
    'keep-alive',
    'proxy-connection',
    'proxy-authenticate',
    'proxy-authorization',
    'te',
    'trailer',
    'upgrade',
  ],
  ...['transfer-encoding', 'content-length', 'expect', 'host', 'via', 'forwarded'],
  SIGNATURE_HEADER.toLowerCase(),
]);

/** The lower-case names of all headers present that can be signed, sorted, each once. */
export function namesToSign(headers: HeaderList): string[] {
  const names = new Set<string>();
  for (const [name] of headers) {
    const lower = name.toLowerCase();
    if (!UNSIGNED_NAMES.has(lower) && !lower.startsWith('x-forwarded-')) names.add(lower);
  }
  for (const name of headers.getAll('Connection').flatMap((value) => value.split(',')))
    names.delete(name.trim().toLowerCase());
  return [...names].sort();
}

/**
 * HMAC-SHA256 over the request and the claims. JSON keeps the parts apart. Values count without the white space around them, which
 * HTTP does not carry reliably.
 *
 * @param claimsText the signature header up to the signature itself
 */
export function signatureOf(
  secret: KeyObject,
  request: { readonly method: string; readonly target: string; readonly headers: HeaderList },
  claimsText: string,
  signedNames: readonly string[],
): Buffer {
  const values = new Map<string, string[]>(signedNames.map((name) => [name, []]));
  for (const [name, value] of request.headers) values.get(name.toLowerCase())?.push(trimSpace(value));
  const text = JSON.stringify([
    'autosync peer request 1',
    request.method,
    request.target,
    claimsText,
    [...values],
  ]);
  return createHmac('sha256', secret).update(text, 'utf8').digest();
}

/** Trims spaces and tabs only, as HTTP does: String.trim() takes away byte A0 as well, which ends UTF-8 letters such as à. */
function trimSpace(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isSpace(value.charCodeAt(start))) start++;
  while (end > start && isSpace(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
