// Tells whether two clusters have the same realm key, without showing it. Pure.
import { createHmac } from 'node:crypto';
import { peerSecret } from './key.js';
import type { Generation } from './secrets.js';

/** Equal where realm and key are; of no use to anyone without the realm's secret file, who has the key already. */
export function realmKeyProof(generation: Generation, realm: string, realmKey: string): string {
  return createHmac('sha256', peerSecret(generation, realm))
    .update(JSON.stringify(['autosync realm-key proof 1', realm.toUpperCase(), realmKey]), 'utf8')
    .digest('hex');
}
