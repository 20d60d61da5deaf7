// What each copier of a cluster keeps of itself in the store, so that every host's `autosync status`, and the copier after it, know how
// far objects are behind. A report says when it was written: one that is old says nothing of now.
import type { Keeper } from '../records/keeper.js';
import { clusterLabel, lagPrefix } from '../records/names.js';
import type { CopierStatus } from './copier.js';
import type { Span } from './unproven.js';

export interface LagReport {
  /** The gateway that it belongs to: HOST-PORT. */
  readonly copier: string;
  /** When it was written: milliseconds since 1970. */
  readonly atMs: number;
  /** It has ended since, and said all that it left undone. */
  readonly isEnded: boolean;
  readonly peers: readonly CopierStatus[];
}

/** As it is known now. */
export interface CopierState extends LagReport {
  /** It has not ended, and yet is not heard of: what it did since its last report is not known. */
  readonly isSilent: boolean;
}

const FORMAT = 1;
/** A report is written every ten seconds at least. */
const SILENT_MS = 30_000;

/** All reject with RECORDS_UNAVAILABLE; a retry may help. */
export class LagLog {
  readonly #records: Keeper;
  readonly #cluster: string;
  readonly #object: string;
  readonly #copier: string;

  constructor(records: Keeper, cluster: string, copier: string) {
    this.#records = records;
    this.#copier = copier;
    this.#cluster = cluster;
    this.#object = objectOf(cluster, copier);
  }

  /** Of the copier that was in this one's place before; undefined where there was none. */
  last(): Promise<LagReport | undefined> {
    return read(this.#records, this.#object);
  }

  /** Of this cluster's other copiers. */
  async others(nowMs: number): Promise<readonly CopierState[]> {
    const all = await readLag(this.#records, this.#cluster, nowMs);
    return all.filter(({ copier }) => copier !== this.#copier);
  }

  /** Another one's, which was taken over. */
  async drop({ copier }: LagReport): Promise<void> {
    await this.#records.store.delete(objectOf(this.#cluster, copier));
  }

  async keep(report: Omit<LagReport, 'copier'>): Promise<void> {
    const json = JSON.stringify({ format: FORMAT, copier: this.#copier, ...report });
    await this.#records.store.put(this.#object, Buffer.from(json), 'application/json');
  }
}

function objectOf(cluster: string, copier: string): string {
  return lagPrefix(cluster) + clusterLabel(copier);
}

/** What every copier of this cluster last said. @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
export async function readLag(
  records: Keeper,
  cluster: string,
  nowMs: number,
): Promise<readonly CopierState[]> {
  const states: CopierState[] = [];
  for await (const { name } of records.store.list(lagPrefix(cluster))) {
    const report = await read(records, name);
    if (report === undefined) continue;
    states.push({ ...report, isSilent: !report.isEnded && nowMs - report.atMs > SILENT_MS });
  }
  return states;
}

/** It was killed: what it had not done then, and what it took on after its last report, may be in any container. Undefined where it ended well. */
export function lostWith({ isEnded, atMs, peers }: LagReport, nowMs: number): Span | undefined {
  if (isEnded) return undefined;
  const oldestSeconds = Math.max(0, ...peers.map((peer) => peer.oldestSeconds));
  return { firstMs: atMs - oldestSeconds * 1000, lastMs: nowMs };
}

/** Undefined as well for what another version of the program wrote. */
async function read(records: Keeper, object: string): Promise<LagReport | undefined> {
  const bytes = await records.store.get(object);
  if (bytes === undefined) return undefined;
  const json = JSON.parse(bytes.toString('utf8')) as LagReport & { readonly format?: number };
  return json.format === FORMAT ? json : undefined;
}
