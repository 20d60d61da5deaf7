// What is kept of the daemon's passes for `autosync status` and for the next pass: each process's last report, and how far the
// one is that runs. Knows where they are kept, not what is in them.
import type { Keeper } from '../records/keeper.js';
import { clusterLabel } from '../records/names.js';
import type { PassReport } from './report.js';
import type { Rotation } from './rotation.js';
import type { Share } from './share.js';

export interface KeptReport extends PassReport {
  readonly rotation?: Rotation;
  /** Who was fenced then: with another ring every container is looked at. */
  readonly fenced?: readonly string[];
  /** Names (ACCOUNT/CONTAINER) that the next pass looks at again. */
  readonly troubled: readonly string[];
}

/** What an object audit kept: its report, and which containers are proven equal. */
export interface KeptObjectReport extends PassReport {
  readonly objects: number;
  /** Changed too lately to be missed. */
  readonly onTheirWay: number;
  /** Proven equal before, and unchanged since. */
  readonly unchanged: number;
  /** By cluster, since when all containers there that are not in the findings have been proven equal; ISO 8601. */
  readonly provenSince: Readonly<Record<string, string>>;
  /** By ACCOUNT/CONTAINER; not all, where there are too many. */
  readonly proven: Readonly<Record<string, Proven>>;
}

/** A container that was found to be the same on several clusters. */
export interface Proven {
  /** Of what can be seen of it cheaply: changes whenever that does. */
  readonly print: string;
  /** When it was compared last, by cluster; ISO 8601. */
  readonly at: Readonly<Record<string, string>>;
}

/** A pass under way. */
export interface Progress {
  /** ISO 8601. */
  readonly startedAt: string;
  /** When this was written. */
  readonly at: string;
  readonly containers: number;
  readonly looked: number;
  readonly mended: number;
  /** Containers in the pass before; undefined for none. */
  readonly expected?: number;
}

/** One process of the daemon. */
export interface ProcessPasses {
  readonly share: Share;
  readonly report: KeptReport | undefined;
  readonly progress: Progress | undefined;
  readonly objects: KeptObjectReport | undefined;
}

const FORMAT = 1;

function reportsPrefix(cluster: string): string {
  return `s/${clusterLabel(cluster)}/`;
}

function reportObject(cluster: string, { processes, process }: Share): string {
  return `${reportsPrefix(cluster)}${process}-of-${Math.max(1, processes)}`;
}

function progressObject(cluster: string, share: Share): string {
  return `${reportObject(cluster, share)}/pass`;
}

function objectsObject(cluster: string, share: Share): string {
  return `${reportObject(cluster, share)}/objects`;
}

/** What one daemon keeps of its passes. All reject with RECORDS_UNAVAILABLE; a retry may help. */
export class PassLog {
  readonly #records: Keeper;
  readonly #cluster: string;
  readonly #share: Share;

  constructor(records: Keeper, cluster: string, share: Share) {
    this.#records = records;
    this.#cluster = cluster;
    this.#share = share;
  }

  last(): Promise<KeptReport | undefined> {
    return read<KeptReport>(this.#records, reportObject(this.#cluster, this.#share));
  }

  keep(report: KeptReport): Promise<void> {
    return write(this.#records, reportObject(this.#cluster, this.#share), report);
  }

  keepProgress(progress: Progress): Promise<void> {
    return write(this.#records, progressObject(this.#cluster, this.#share), progress);
  }

  lastObjects(): Promise<KeptObjectReport | undefined> {
    return read<KeptObjectReport>(this.#records, objectsObject(this.#cluster, this.#share));
  }

  keepObjects(report: KeptObjectReport): Promise<void> {
    return write(this.#records, objectsObject(this.#cluster, this.#share), report);
  }

  dropProgress(): Promise<void> {
    return this.#records.store.delete(progressObject(this.#cluster, this.#share));
  }
}

/** Every process of this cluster's daemon: of those that share the work in one way, the way of the newest report or progress. */
export async function readPasses(records: Keeper, cluster: string): Promise<readonly ProcessPasses[]> {
  let newest: { processes: number; at: string } | undefined;
  for await (const { name, lastModified } of records.store.list(reportsPrefix(cluster))) {
    const processes = Number(/\/\d+-of-(\d+)(?:\/(?:pass|objects))?$/.exec(name)?.[1]);
    if (processes > 0 && (newest === undefined || lastModified > newest.at))
      newest = { processes, at: lastModified };
  }
  if (newest === undefined) return [];
  const { processes } = newest;
  return Promise.all(
    Array.from({ length: processes }, async (_, process) => {
      const share = { processes, process };
      const report = await read<KeptReport>(records, reportObject(cluster, share));
      const progress = await read<Progress>(records, progressObject(cluster, share));
      const objects = await read<KeptObjectReport>(records, objectsObject(cluster, share));
      return { share, report, progress, objects };
    }),
  );
}

async function write(records: Keeper, object: string, what: object): Promise<void> {
  const json = JSON.stringify({ format: FORMAT, ...what });
  await records.store.put(object, Buffer.from(json), 'application/json');
}

/** Undefined as well for what another version of the program wrote. */
async function read<T>(records: Keeper, object: string): Promise<T | undefined> {
  const bytes = await records.store.get(object);
  if (bytes === undefined) return undefined;
  const json = JSON.parse(bytes.toString('utf8')) as T & { readonly format?: number };
  return json.format === FORMAT ? json : undefined;
}
