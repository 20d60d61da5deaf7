// The container sync keys that containers have in the local Swift, remembered for a short while: each copied object needs one.
import { ShortMemory } from '../lib/short-memory.js';
import type { Clusters } from '../peers/clusters.js';
import type { Rights, SwiftClient } from '../swift/swift-client.js';
import type { ContainerName } from './site.js';

export interface ContainerKey {
  readonly key: string;
  /** Our sync-to is set as well: the container is kept the same on all its clusters. */
  readonly isSynced: boolean;
}

const KEPT_MS = 10_000;

export class ContainerKeys {
  readonly #swift: SwiftClient;
  readonly #clusters: Clusters;
  readonly #kept: ShortMemory<ContainerKey>;

  /** @param monotonic milliseconds; the process's own if not given */
  constructor(swift: SwiftClient, clusters: Clusters, monotonic?: () => number) {
    this.#swift = swift;
    this.#clusters = clusters;
    this.#kept = new ShortMemory(KEPT_MS, undefined, monotonic);
  }

  /** Undefined where there is no such container, or it has no key. @throws AutosyncError what Swift's client throws; a retry may help */
  async get({ account, container }: ContainerName, rights: Rights): Promise<ContainerKey | undefined> {
    const id = `${account}/${container}`;
    const kept = this.#kept.get(id);
    if (kept !== undefined) return kept;
    const { state } = await this.#swift.readContainer(rights, account, container);
    const isSynced =
      state?.syncTo !== undefined && this.#clusters.isOwnSyncTo(state.syncTo, account, container);
    const found = state?.syncKey === undefined ? undefined : { key: state.syncKey, isSynced };
    // What is not there yet may be so in a moment.
    if (found?.isSynced !== true) return found;
    this.#kept.set(id, found);
    return found;
  }

  /** Swift would not take it: it is asked anew the next time. */
  drop({ account, container }: ContainerName): void {
    this.#kept.drop(`${account}/${container}`);
  }
}
