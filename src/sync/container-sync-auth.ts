// Container sync's own signature, `X-Container-Sync-Auth`. Knows nothing of where keys come from, nor of what a signed request may do.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { quoteBytes, unquoteBytes } from './quoting.js';

/** What the signature covers besides the nonce: neither query, nor body, nor other headers. */
export interface SignedParts {
  readonly method: string;
  /** As canonicalPath gives it. */
  readonly path: string;
  /** The value of `X-Timestamp`; undefined where there is none, which Swift signs as `0`. */
  readonly timestamp: string | undefined;
}

/** A pair of keys that would be accepted, and what to call it. */
export interface SyncKeyCandidate<Tag> {
  readonly realmKey: string;
  readonly containerKey: string;
  readonly tag: Tag;
}

export interface ContainerSyncAuth {
  readonly realm: string;
  readonly nonce: string;
  /** 40 lower-case hex digits. */
  readonly signature: string;
}

/**
 * The header's value for a request. Rule: get_sig in Swift's common/container_sync_realms.py.
 *
 * @param options.nonce any text without space; random if not given
 */
export function signContainerSync(
  options: SignedParts & {
    readonly realm: string;
    readonly realmKey: string;
    readonly containerKey: string;
    readonly nonce?: string;
  },
): string {
  const nonce = options.nonce ?? randomBytes(16).toString('hex');
  return `${options.realm} ${nonce} ${signatureOf(options, nonce, options).toString('hex')}`;
}

/** Takes the header apart; undefined where it is not three words of ASCII, the last 40 hex digits. Linear in its length. */
export function parseContainerSyncAuth(header: string): ContainerSyncAuth | undefined {
  const match = /^[ \t]*([!-~]{1,256})[ \t]+([!-~]{1,256})[ \t]+([0-9a-f]{40})[ \t]*$/.exec(header);
  if (match === null) return undefined;
  const [, realm, nonce, signature] = match as unknown as [string, string, string, string];
  return { realm, nonce, signature };
}

/**
 * Which of the candidates signed the request, in constant time per candidate; undefined if none. The caller chooses candidates by the
 * header's realm. An empty key never matches, as in Swift.
 */
export function verifyContainerSync<Tag>(
  header: string,
  parts: SignedParts,
  candidates: readonly SyncKeyCandidate<Tag>[],
): Tag | undefined {
  const auth = parseContainerSyncAuth(header);
  if (auth === undefined) return undefined;
  const given = Buffer.from(auth.signature, 'hex');
  const match = candidates.find(
    (keys) =>
      keys.realmKey !== '' &&
      keys.containerKey !== '' &&
      timingSafeEqual(given, signatureOf(parts, auth.nonce, keys)),
  );
  return match?.tag;
}

/**
 * The path that Swift signs over: percent-decoded and quoted again (swob's `Request.path`), so that spellings of one path are one.
 *
 * @param rawTarget the request target as it came; a query is cut off
 */
export function canonicalPath(rawTarget: string): string {
  const end = rawTarget.indexOf('?');
  return quoteBytes(unquoteBytes(end < 0 ? rawTarget : rawTarget.slice(0, end)));
}

function signatureOf(
  { method, path, timestamp }: SignedParts,
  nonce: string,
  { realmKey, containerKey }: { readonly realmKey: string; readonly containerKey: string },
): Buffer {
  const text = [method, path, timestamp ?? '0', nonce, containerKey].join('\n');
  return createHmac('sha1', realmKey).update(text, 'utf8').digest();
}
