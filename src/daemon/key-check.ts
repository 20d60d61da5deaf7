// Whether the Swifts take what container sync signs with this cluster's realm key: asked once per pass, of this cluster's own and of each
// peer's, with a container that both have. Container sync itself only logs `Unauth`, and counts the container as synced.
import { askOnce } from '../http/ask-once.js';
import { HeaderList } from '../http/headers.js';
import { AutosyncError } from '../lib/errors.js';
import type { Peer } from '../peers/peer.js';
import type { BaseSite, ContainerName } from '../site/site.js';
import { syncProof } from '../site/sync-proof.js';
import { readContainerState } from '../swift/container-state.js';
import { swiftTarget } from '../swift/path.js';
import { isSuccess } from '../swift/swift-client.js';
import { formatTimestamp } from '../swift/timestamp.js';
import { realmKeyProof } from '../sync/realm-proof.js';
import { findGeneration } from '../sync/secrets.js';
import type { Finding } from './report.js';

const SERVICE = { kind: 'service' } as const;
/** Containers to try for each peer: some take no part in container sync. */
const MAX_CANDIDATES = 8;
/** A HEAD of it says whether the signature is taken, be it there or not. */
const OBJECT = 'autosync-key-check';

export class KeyCheck {
  readonly #site: BaseSite;
  readonly #candidates = new Map<Peer, ContainerName[]>();

  constructor(site: BaseSite) {
    this.#site = site;
  }

  /** A container that is here, and at that peer. */
  offer(peer: Peer, name: ContainerName): void {
    const names = this.#candidates.get(peer) ?? [];
    if (names.length < MAX_CANDIDATES) this.#candidates.set(peer, [...names, name]);
  }

  /** @throws AutosyncError what Swift's client throws; a retry may help */
  async run(): Promise<Finding[]> {
    if (this.#site.clusters.realmKeys().length === 0) return [];
    const findings: Finding[] = [];
    let isOwnAsked = false;
    for (const [peer, names] of this.#candidates) {
      for (const name of names) {
        const key = await this.#sharedKey(peer, name);
        if (key === undefined) continue;
        if (!isOwnAsked) findings.push(...(await this.#askOwn(name, key)));
        isOwnAsked = true;
        findings.push(...(await this.#askPeer(peer, name, key)));
        break;
      }
    }
    return findings;
  }

  /** The key of a container that is the same here and there; undefined where it cannot tell anything of the realm's. */
  async #sharedKey(peer: Peer, name: ContainerName): Promise<string | undefined> {
    const { state } = await this.#site.swift.readContainer(SERVICE, name.account, name.container);
    if (state?.syncTo === undefined || state.syncKey === undefined) return undefined;
    const target = swiftTarget(name.account, name.container);
    const result = await peer.send({ method: 'HEAD', target });
    if (result.kind === 'unreachable' || !isSuccess(result.answer.status)) return undefined;
    return readContainerState(result.answer.headers).syncKey === state.syncKey ? state.syncKey : undefined;
  }

  async #askOwn(name: ContainerName, key: string): Promise<Finding[]> {
    const target = swiftTarget(name.account, name.container, OBJECT);
    const headers = this.#prove(target, key);
    const anonymous = { kind: 'token', token: undefined } as const;
    const { status } = await this.#site.swift.request(anonymous, { method: 'HEAD', target, headers });
    const detail =
      "Swift here has another realm key than this gateway's container-sync-realms.conf, or no container_sync";
    return isRefused(status) ? [this.#finding(this.#site.clusters.mine, name, detail)] : [];
  }

  /** By the way that container sync goes: the endpoint in the realms file. */
  async #askPeer(peer: Peer, name: ContainerName, key: string): Promise<Finding[]> {
    const endpoint = this.#site.clusters.syncEndpoint(peer.name);
    if (endpoint === undefined) return [];
    const { origin, basePath } = endpoint;
    const target = basePath + swiftTarget(name.account, name.container, OBJECT);
    const headers = this.#prove(target, key);
    try {
      const { peerTimeoutMs } = this.#site.options;
      const { status } = await askOnce({ origin, method: 'HEAD', target, headers }, peerTimeoutMs);
      return isRefused(status) ? [this.#finding(peer.name, name, await this.#why(peer))] : [];
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
      return [];
    }
  }

  async #why(peer: Peer): Promise<string> {
    const { clusters, secrets } = this.#site;
    const [ours = ''] = clusters.realmKeys();
    const result = await peer.send({ method: 'GET', target: '/info' });
    const told = result.kind === 'answer' && result.answer.status === 200 ? parse(result.answer.body) : {};
    const generation = findGeneration(secrets.get(), told.generation ?? secrets.get().current.number);
    const proofs = told.realm_key_proofs;
    if (generation === undefined || proofs === undefined)
      return 'its Swift refuses what container sync signs';
    return proofs.includes(realmKeyProof(generation, clusters.realmName, ours))
      ? 'its gateway has the same realm key; its Swift has another, or no container_sync in its pipeline'
      : 'its container-sync-realms.conf has another realm key';
  }

  #prove(target: string, key: string): HeaderList {
    const timestamp = formatTimestamp(BigInt(Math.round(this.#site.now() * 100)));
    return syncProof(this.#site, { method: 'HEAD', target, timestamp }, key) ?? new HeaderList();
  }

  #finding(cluster: string, name: ContainerName, detail: string): Finding {
    return { ...name, cluster, code: 'REALM_KEY_MISMATCH', detail, outcome: 'unmended' };
  }
}

function isRefused(status: number): boolean {
  return status === 401 || status === 403;
}

/** What a peer's gateway tells of itself (gateway/introduction.ts), as far as it can be read. */
function parse(body: Buffer): {
  readonly generation?: number;
  readonly realm_key_proofs?: readonly string[];
} {
  try {
    return JSON.parse(body.toString('utf8')) as ReturnType<typeof parse>;
  } catch {
    return {};
  }
}
