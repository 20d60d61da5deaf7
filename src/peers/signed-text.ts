// Which headers of a request to a peer are signed, and over which text. Knows nothing of who signs or what is refused.
import { createHmac, type KeyObject } from 'node:crypto';
import type { HeaderList } from '../http/headers.js';
import { trimOf } from '../lib/trim.js';
import { SIGNATURE_HEADER } from './signature-header.js';

/** White space as HTTP has it: String.trim() takes away byte A0 as well, which ends UTF-8 letters such as à. */
const SPACE = ' \t';
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
  for (const [name, value] of request.headers) values.get(name.toLowerCase())?.push(trimOf(value, SPACE));
  const text = JSON.stringify([
    'autosync peer request 1',
    request.method,
    request.target,
    claimsText,
    [...values],
  ]);
  return createHmac('sha256', secret).update(text, 'utf8').digest();
}
