// The daemon's comparison of all objects on all clusters: what is missing or old is copied, what was deleted elsewhere is deleted. Containers
// that did not change since they were proven equal are passed over.
import { createHash } from 'node:crypto';
import { listObjects, type Member } from '../converge/object-member.js';
import { HeaderList } from '../http/headers.js';
import { eachOf } from '../lib/each-of.js';
import { AutosyncError } from '../lib/errors.js';
import type { ReasonCode } from '../lib/reasons.js';
import type { Keeper } from '../records/keeper.js';
import type { BaseSite, ContainerName } from '../site/site.js';
import { swiftTarget } from '../swift/path.js';
import type { Finding, Kind } from '../verify/finding.js';
import { idOf, Run } from '../verify/run.js';
import { containersOf, isWholeNow, placedOn, verifyPlaced, type Placed } from '../verify/verify.js';
import type { KeptObjectReport, Proven } from './passes.js';
import { PassCount } from './report.js';
import { isInShare, type Share } from './share.js';

export interface ObjectAuditOptions {
  readonly reclaimAgeMs: number;
  readonly share: Share;
  /** Of the audit before; undefined: every container is compared. */
  readonly last: Pick<KeptObjectReport, 'proven'> | undefined;
  readonly signal: AbortSignal;
  /** Five minutes if not said: by then container sync has brought what copy jobs could not. */
  readonly graceMs?: number;
}

const GRACE_MS = 300_000;
/** Containers compared at once. */
const CONCURRENCY = 2;
/** Small enough that a page comes within peer_timeout. */
const PAGE = 2_000;
/** In one audit: more deletions are for a person to look at. */
const MAX_DELETE = 100;
/** Kept for the next audit; what is beyond is compared in each. */
const MAX_PROVEN = 10_000;
/** An object rewritten with as many bytes, at a cluster whose own daemon does not run, shows only when all is compared. */
const BELIEVED_MS = 86_400_000;

const CODES: Readonly<Record<Kind, ReasonCode>> = {
  'missing': 'OBJECTS_MISSING',
  'stale': 'OBJECTS_MISSING',
  'segments-missing': 'OBJECTS_MISSING',
  'stray': 'OBJECTS_STRAY',
  'different-bytes': 'OBJECTS_DIFFER',
  'different-metadata': 'OBJECTS_DIFFER',
  'orphaned': 'OBJECTS_ORPHANED',
  'account-gone': 'OBJECTS_UNCLEAR',
  'container-missing': 'OBJECTS_MISSING',
  'container-left': 'DELETE_BLOCKED',
  'unclear': 'OBJECTS_UNCLEAR',
};

/** Never rejects for a cluster's trouble: the report says so. */
export async function auditObjects(
  site: BaseSite,
  records: Keeper,
  options: ObjectAuditOptions,
): Promise<KeptObjectReport> {
  const startedAt = new Date().toISOString();
  const pass = new ObjectPass(site, records, options);
  let brokenOff: string | undefined;
  try {
    await site.fence.load();
    await pass.work();
    if (options.signal.aborted) brokenOff = 'told to stop';
  } catch (error) {
    if (!(error instanceof AutosyncError)) throw error;
    brokenOff = error.message;
    site.log.error({ code: error.code }, `the object audit was broken off: ${error.message}`);
  }
  return {
    ...{ cluster: site.clusters.mine, isDryRun: false, startedAt, finishedAt: new Date().toISOString() },
    ...pass.summary(),
    ...(brokenOff === undefined ? {} : { brokenOff }),
  };
}

class ObjectPass {
  readonly #records: Keeper;
  readonly #options: ObjectAuditOptions;
  readonly #run: Run;
  readonly #count = new PassCount();
  readonly #proven = new Map<string, Proven>();
  #unchanged = 0;

  constructor(site: BaseSite, records: Keeper, options: ObjectAuditOptions) {
    this.#records = records;
    this.#options = options;
    const mayDelete = (): Promise<boolean> => Promise.resolve(true);
    this.#run = new Run(site, {
      ...{ graceMs: options.graceMs ?? GRACE_MS, isDeep: false, page: PAGE },
      reclaimAgeMs: options.reclaimAgeMs,
      repair: { isDryRun: false, maxDelete: MAX_DELETE, isForced: false, mayDelete },
      signal: options.signal,
      onFinding: (finding) => this.#found(finding),
    });
  }

  async work(): Promise<void> {
    await eachOf(containersOf(this.#run, this.#records, {}), CONCURRENCY, async (name) => {
      if (this.#run.mayGoOn && isInShare(this.#options.share, name)) await this.#audit(name);
    });
    await this.#run.deleteOrphans((account) => isWholeNow(this.#run, this.#records, account));
  }

  summary(): Omit<KeptObjectReport, 'cluster' | 'isDryRun' | 'startedAt' | 'finishedAt' | 'brokenOff'> {
    const { objects, onTheirWay } = this.#run.count;
    const provenSince: Record<string, string> = {};
    for (const [cluster, at] of [...this.#proven.values()].flatMap((each) => Object.entries(each.at)))
      if (at < (provenSince[cluster] ?? '~')) provenSince[cluster] = at;
    return {
      ...this.#count.summary(),
      ...{ objects, onTheirWay, provenSince, unchanged: this.#unchanged },
      // A fenced one is named by its fence.
      unreachable: [...this.#run.notAsked.keys()].filter((each) => !this.#run.site.fence.isFenced(each)),
      proven: Object.fromEntries(this.#proven),
    };
  }

  async #audit(known: ContainerName): Promise<void> {
    const name = { account: known.account, container: known.container };
    const placed = await placedOn(this.#run, this.#records, name);
    const { state, members } = placed;
    if (state !== 'present') return;
    this.#count.containers += 1;
    // Before it is compared: what changes meanwhile shows in the next audit.
    const print = await this.#printOf(name, placed);
    const last = this.#options.last?.proven[idOf(name)];
    if (last !== undefined && last.print === print && this.#isBelieved(last)) {
      this.#unchanged += 1;
      this.#keep(name, last);
      return;
    }
    this.#count.looked += 1;
    const at = new Date(this.#run.nowMs).toISOString();
    await verifyPlaced(this.#run, name, placed);
    if (this.#run.unequal.delete(idOf(name)) || print === undefined || !this.#run.mayGoOn) return;
    const times = members.map(({ cluster }) => [cluster, at] as const);
    this.#keep(name, { print, at: Object.fromEntries(times) });
  }

  #keep(name: ContainerName, proven: Proven): void {
    if (this.#proven.size < MAX_PROVEN) this.#proven.set(idOf(name), proven);
  }

  #isBelieved({ at }: Proven): boolean {
    return Object.values(at).every((each) => this.#run.nowMs - Date.parse(each) < BELIEVED_MS);
  }

  /** Own rows with the date of the newest one, and what the peers count: undefined where one does not say. */
  async #printOf(name: ContainerName, { members, others }: Placed): Promise<string | undefined> {
    try {
      const seen = await Promise.all(
        [...members, ...others].map(async (member) => {
          const isMine = this.#run.site.clusters.isMine(member.cluster);
          return `${member.cluster} ${await (isMine ? rowsOf(member, name) : countOf(member, name))}`;
        }),
      );
      return createHash('md5').update(seen.join('\n')).digest('hex');
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
      return undefined;
    }
  }

  #found({ kind, account, container, object, clusters, detail = '', outcome }: Finding): void {
    const isMended = outcome === 'repaired';
    for (const cluster of clusters) {
      const what = [kind, object, detail].filter((each) => each !== undefined && each !== '').join(': ');
      const finding = { account, container, cluster, code: CODES[kind], detail: what } as const;
      this.#count.add({ ...finding, outcome: isMended ? 'mended' : 'unmended' });
      this.#run.site.log.info({ ...finding, outcome }, `object audit: ${what}`);
    }
  }
}

async function rowsOf(member: Member, name: ContainerName): Promise<string> {
  let count = 0;
  let bytes = 0;
  let newest = '';
  for await (const [, row] of listObjects(member, name, { page: PAGE })) {
    count += 1;
    bytes += row.bytes;
    if (row.date > newest) newest = row.date;
  }
  return `${count} ${bytes} ${newest}`;
}

async function countOf(member: Member, { account, container }: ContainerName): Promise<string> {
  const newest = HeaderList.from([['X-Newest', 'true']]);
  const { status, headers } = await member.ask('HEAD', swiftTarget(account, container), newest);
  const [count, bytes] = ['x-container-object-count', 'x-container-bytes-used'].map((each) =>
    headers.get(each),
  );
  return `${status} ${count ?? ''} ${bytes ?? ''}`;
}
