// The keys derived from a generation of the realm's secret. Knows nothing of files, containers' states or requests.
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Generation } from './secrets.js';

/**
 * The container's sync key: equal on all clusters without talking, and of no use for any other container.
 *
 * @param account its decoded name, e.g. `AUTH_test`
 * @param container its decoded name
 * @returns 64 hex digits, for `X-Container-Sync-Key`
 */
export function containerSyncKey(generation: Generation, account: string, container: string): string {
  return derive(generation, 'autosync container-sync-key 1', [account, container]).toString('hex');
}

/**
 * The secret with which the gateways of a realm sign what they ask of each other.
 *
 * @param realm its name in any case, as Swift compares realms without case; '' where clusters are named by URL
 */
export function peerSecret(generation: Generation, realm: string): KeyObject {
  let byRealm = peerSecrets.get(generation);
  if (byRealm === undefined) peerSecrets.set(generation, (byRealm = new Map<string, KeyObject>()));
  let secret = byRealm.get(realm);
  if (secret === undefined) {
    secret = createSecretKey(derive(generation, 'autosync peer-secret 1', [realm.toUpperCase()]));
    byRealm.set(realm, secret);
  }
  return secret;
}

/** Deriving costs as much as signing, so it is done once per generation and realm. */
const peerSecrets = new WeakMap<Generation, Map<string, KeyObject>>();

/** JSON keeps parts apart whatever is in them: ('a', 'bc') and ('ab', 'c') differ, and so do ill-formed strings. */
function derive(generation: Generation, label: string, parts: readonly string[]): Buffer {
  return createHmac('sha256', generation.secret)
    .update(JSON.stringify([label, ...parts]), 'utf8')
    .digest();
}
