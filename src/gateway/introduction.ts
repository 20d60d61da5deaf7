// What a gateway tells a peer that asks, signed, for /info: what has to be equal on both sides, and no secret.
import { HeaderList } from '../http/headers.js';
import { realmKeyProof } from '../sync/realm-proof.js';
import type { Site } from './site.js';
import type { OutgoingResponse } from './station.js';

/** The JSON that `autosync check` compares with its own side. */
export interface Introduction {
  /** As this gateway's file names its cluster. */
  readonly cluster: string;
  /** Current generation of the secret file; the proofs are made with it. */
  readonly generation: number;
  /** See realm-proof.ts: of `key`, and of `key2` where there is one. */
  readonly realm_key_proofs: readonly string[];
  readonly user_sync: 'deny' | 'allow';
  /** Account patterns, sorted. */
  readonly accounts: readonly string[];
}

export function introduce(site: Site): Introduction {
  const { clusters, options } = site;
  const { current } = site.secrets.get();
  return {
    cluster: clusters.mine,
    generation: current.number,
    realm_key_proofs: clusters.realmKeys().map((key) => realmKeyProof(current, clusters.realmName, key)),
    user_sync: options.userSync,
    accounts: [...options.accounts].sort(),
  };
}

export function introductionAnswer(site: Site): OutgoingResponse {
  const headers = HeaderList.from({ 'Content-Type': 'application/json', 'Date': new Date().toUTCString() });
  return { status: 200, reason: 'OK', headers, body: Buffer.from(`${JSON.stringify(introduce(site))}\n`) };
}
