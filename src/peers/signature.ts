// How gateways prove themselves to each other: one signature over a request. Knows nothing of what a peer may ask for.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { HeaderList } from '../http/headers.js';
import { peerSecret } from '../sync/key.js';
import { findGeneration, type Secrets } from '../sync/secrets.js';
import type { NonceMemory } from './nonce-memory.js';
import { namesToSign, signatureOf } from './signed-text.js';
import {
  formatClaims,
  joinSignature,
  type ParsedSignature,
  parseSignature,
  SIGNATURE_HEADER,
} from './signature-header.js';

/** Larger bodies are not digested: they stream, and an ETag checks them. */
export const MAX_DIGESTED_BODY_BYTES = 65_536;
/** In place of a digest. */
export const UNSIGNED_BODY = 'none';
export const DEFAULT_MAX_CLOCK_SKEW_SECONDS = 60;

export interface PeerRequestToSign {
  readonly method: string;
  /** The raw request target with its query. */
  readonly target: string;
  /** The signature is added here; a former one is replaced. */
  readonly headers: HeaderList;
  /** The whole body, or `streamed`; none if not given. */
  readonly body?: Buffer | 'streamed' | undefined;
  /** This cluster and the one asked: `//realm/cluster` or a URL. */
  readonly from: string;
  readonly to: string;
  readonly secrets: Secrets;
  readonly realm: string;
  readonly nowMs: number;
  /** 16 to 64 characters of A-Z a-z 0-9 _ -; random if not given. */
  readonly nonce?: string;
  /** `previous` for a peer that does not have the current generation yet (it answered `unknown-generation`). */
  readonly useGeneration?: 'current' | 'previous';
}

export interface PeerRequestToVerify {
  readonly method: string;
  readonly target: string;
  /** As they came. */
  readonly headers: HeaderList;
  /** This cluster. */
  readonly to: string;
  readonly secrets: Secrets;
  readonly realm: string;
  readonly nowMs: number;
  readonly maxClockSkewSeconds?: number;
  /** Where given, a nonce seen before is refused. */
  readonly nonces?: NonceMemory | undefined;
}

export type RefusalReason =
  'malformed' | 'unknown-generation' | 'bad-signature' | 'wrong-cluster' | 'clock' | 'replayed';

export type PeerVerdict =
  | {
      readonly ok: true;
      readonly from: string;
      readonly digest: string;
      readonly signedNames: readonly string[];
    }
  | { readonly ok: false; readonly reason: RefusalReason; readonly detail: string };

/**
 * Signs a request to a peer's gateway: method, target, clusters, time, nonce, digest of the body, and every header present at this
 * moment but those that proxies own (see namesToSign).
 *
 * @throws AutosyncError HEADERS_TOO_LARGE for more headers than one signature covers; no retry helps
 */
export function signPeerRequest(request: PeerRequestToSign): void {
  const { headers, secrets, body } = request;
  const generation = (request.useGeneration === 'previous' ? secrets.previous : undefined) ?? secrets.current;
  const signedNames = namesToSign(headers);
  const claimsText = formatClaims({
    from: request.from,
    to: request.to,
    generation: generation.number,
    timeMs: Math.floor(request.nowMs),
    nonce: request.nonce ?? randomBytes(16).toString('hex'),
    signedNames,
    digest: body === 'streamed' ? UNSIGNED_BODY : digestOf(body ?? Buffer.alloc(0)),
  });
  const signature = signatureOf(peerSecret(generation, request.realm), request, claimsText, signedNames);
  headers.set(SIGNATURE_HEADER, joinSignature(claimsText, signature));
}

/**
 * Whether a gateway of the realm sent this very request to this cluster, just now. The signature is judged before what it says, so that
 * only a holder of the secret learns of clocks and names. After `ok` the caller must drop what was not signed (keepOnlySigned) and
 * compare the body (bodyMatches).
 */
export function verifyPeerRequest(request: PeerRequestToVerify): PeerVerdict {
  const [header, ...more] = request.headers.getAll(SIGNATURE_HEADER);
  const parsed = header === undefined || more.length > 0 ? undefined : parseSignature(header);
  if (parsed === undefined) return refuse('malformed', `no single, well-formed ${SIGNATURE_HEADER}`);
  const generation = findGeneration(request.secrets, parsed.generation);
  if (generation === undefined) return refuse('unknown-generation', `secret generation ${parsed.generation}`);
  const secret = peerSecret(generation, request.realm);
  const expected = signatureOf(secret, request, parsed.claimsText, parsed.signedNames);
  if (!timingSafeEqual(expected, parsed.signature))
    return refuse('bad-signature', `as if from ${parsed.from}`);
  return judgeClaims(request, parsed);
}

/** Removes every header that was not signed, the signature itself included: by the very name that was, as `_` for `-` makes another one. */
export function keepOnlySigned(headers: HeaderList, signedNames: readonly string[]): void {
  const signed = new Set(signedNames);
  headers.retain((name) => signed.has(name.toLowerCase()));
}

/** Whether a body is the one signed. False for the digest `none`: whoever streams a body must check it by other means. */
export function bodyMatches(digest: string, body: Buffer): boolean {
  return digest !== UNSIGNED_BODY && digestOf(body) === digest;
}

function judgeClaims(request: PeerRequestToVerify, claims: ParsedSignature): PeerVerdict {
  if (!isSameCluster(claims.to, request.to))
    return refuse('wrong-cluster', `signed for ${claims.to}, this is ${request.to}`);
  const skewMs = (request.maxClockSkewSeconds ?? DEFAULT_MAX_CLOCK_SKEW_SECONDS) * 1000;
  const aheadMs = claims.timeMs - request.nowMs;
  if (Math.abs(aheadMs) > skewMs) {
    const side = aheadMs > 0 ? 'ahead of' : 'behind';
    return refuse(
      'clock',
      `${claims.from} is ${(Math.abs(aheadMs) / 1000).toFixed(1)} s ${side} this host's clock`,
    );
  }
  // A request may be dated as far ahead as the skew, and is then good for twice that long.
  const isNew =
    request.nonces?.remember(`${claims.from} ${claims.nonce}`, request.nowMs, 2 * skewMs + 1) ?? true;
  if (!isNew) return refuse('replayed', `from ${claims.from}`);
  return { ok: true, from: claims.from, digest: claims.digest, signedNames: claims.signedNames };
}

function refuse(reason: RefusalReason, detail: string): PeerVerdict {
  return { ok: false, reason, detail };
}

function isSameCluster(a: string, b: string): boolean {
  const normalise = (name: string) => name.replace(/\/$/, '').toLowerCase();
  return normalise(a) === normalise(b);
}

function digestOf(body: Buffer): string {
  return body.length > MAX_DIGESTED_BODY_BYTES
    ? UNSIGNED_BODY
    : createHash('sha256').update(body).digest('hex');
}
