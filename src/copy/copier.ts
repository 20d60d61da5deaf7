// Copies objects to the peers of their containers as soon as it is told of them. Keeps nothing: what is lost with it, container sync brings.
import { DESIRED } from '../records/record.js';
import { audienceFor, type BaseSite, type ContainerName } from '../site/site.js';
import type { Peer } from '../peers/peer.js';
import { copyObject, type Copied } from './copy-object.js';
import type { CopyJob, CopyOutcome } from './job.js';
import { LocalObjects } from './local-object.js';
import { PeerCopier, type PeerCopierStatus } from './peer-copier.js';

export interface CopierOptions {
  /** Copies to one peer at once. */
  readonly concurrency: number;
  /** Jobs that wait for one peer at most. */
  readonly queueLength: number;
}

const SERVICE = { kind: 'service' } as const;
/** How long a container's placement is believed. */
const PLACEMENT_MS = 30_000;
const MAX_PLACEMENTS = 10_000;

export class Copier {
  readonly #site: BaseSite;
  readonly #options: CopierOptions;
  readonly #local: LocalObjects;
  readonly #copiers = new Map<string, PeerCopier>();
  readonly #placements = new Map<
    string,
    { readonly peers: Promise<readonly Peer[]>; readonly untilMs: number }
  >();

  constructor(site: BaseSite, options: CopierOptions) {
    this.#site = site;
    this.#options = options;
    this.#local = new LocalObjects(site);
  }

  add(job: CopyJob): void {
    this.#peersOf(job).then(
      (peers) => peers.forEach((peer) => this.#copierFor(peer).add(job)),
      (error: unknown) =>
        this.#site.log.warn(
          { ...job, err: error },
          'not copied: its placement is not known; container sync does it',
        ),
    );
  }

  async copy(job: CopyJob): Promise<readonly CopyOutcome[]> {
    const peers = await this.#peersOf(job);
    return Promise.all(peers.map((peer) => this.#copierFor(peer).copy(job)));
  }

  status(): PeerCopierStatus[] {
    return [...this.#copiers.values()].map((copier) => copier.status());
  }

  close(): void {
    for (const copier of this.#copiers.values()) copier.close();
  }

  #copierFor(peer: Peer): PeerCopier {
    let copier = this.#copiers.get(peer.name);
    if (copier === undefined) {
      const { log } = this.#site;
      copier = new PeerCopier({
        ...this.#options,
        peer: peer.name,
        log,
        copy: (job) => this.#copy(peer, job),
      });
      this.#copiers.set(peer.name, copier);
    }
    return copier;
  }

  async #copy(peer: Peer, job: CopyJob): Promise<Copied> {
    const known = await this.#site.containerKeys.get(job, SERVICE);
    // Versioned, its owner's own, or fenced.
    if (known?.isSynced !== true) return { kind: 'apart' };
    return copyObject(this.#local, peer, job, known.key, job.isMetadataOnly);
  }

  #peersOf(name: ContainerName): Promise<readonly Peer[]> {
    const id = `${name.account}/${name.container}`;
    const known = this.#placements.get(id);
    if (known !== undefined && known.untilMs > performance.now()) return known.peers;
    const peers = this.#readPeers(name);
    peers.catch(() => this.#placements.delete(id));
    if (this.#placements.size >= MAX_PLACEMENTS) this.#placements.clear();
    this.#placements.set(id, { peers, untilMs: performance.now() + PLACEMENT_MS });
    return peers;
  }

  async #readPeers({ account, container }: ContainerName): Promise<readonly Peer[]> {
    const record = await this.#site.records?.read({ account, container });
    const placement = record?.desired.get(DESIRED.placement)?.value.split(', ');
    return audienceFor(this.#site, placement ?? this.#site.options.defaultPlacement({ account, container }))
      .peers;
  }
}
