// Plays a history, heals everything, lets the daemons work until they find nothing more to do, and says what is wrong then.
import { adoptAccount } from '../../src/daemon/adopt.js';
import { audit, type AuditOptions } from '../../src/daemon/audit.js';
import { PassCount, type PassReport } from '../../src/daemon/report.js';
import { HeaderList } from '../../src/http/headers.js';
import { lifeOf } from '../../src/records/record.js';
import { STORE_CONTAINER } from '../../src/records/store.js';
import { parseSyncTo } from '../../src/sync/sync-to.js';
import { ACCOUNT, Cluster, OWN_ACCOUNT, type Planted } from './cluster.js';
import { BASE, CONTAINERS, disagreements, growth } from './agreement.js';
import { Network } from './network.js';
import { type Deed, type History, type Setting } from './history.js';
import { Ledger } from './ledger.js';
import { SYNC_KEY, SYNC_TO } from './model-swift.js';
import { settled, World } from './world.js';

/** Passes of all daemons within which everything has to be quiet. */
const MAX_PASSES = 36;
const LOOK_EVERY = 3;
/** Of the audits after all is healed: as if everybody had been there all the time. */
const RECLAIM_MS = 7 * 86_400_000;
/** Longer than whatever the daemons wait for. */
const PASS_MS = 400_000;
const OBJECT_KINDS = ['PUT object', 'DELETE object'];

export interface Outcome {
  /** Empty: all is as it should be. */
  readonly wrong: readonly string[];
  readonly trace: readonly string[];
  readonly passes: number;
  readonly steps: number;
}

export interface SimulationOptions {
  readonly isTraced?: boolean;
  /** What is wrong on purpose. */
  readonly planted?: Planted;
}

export async function simulate(history: History, options: SimulationOptions = {}): Promise<Outcome> {
  const simulation = new Simulation(history, options);
  return simulation.play();
}

type Passes = Partial<Pick<AuditOptions, 'forgetAfterMs' | 'lookEvery'>>;

class Simulation {
  readonly #history: History;
  readonly #world: World;
  readonly #network = new Network();
  readonly #ledger = new Ledger();
  readonly #clusters: Cluster[] = [];
  readonly #audited = new Map<Cluster, { readonly turn: number; readonly troubled: ReadonlySet<string> }>();
  readonly #wrong: string[] = [];
  #passes = 0;

  constructor(history: History, { isTraced = false, planted = {} }: SimulationOptions) {
    this.#history = history;
    this.#world = new World(history.picks, isTraced);
    const names = ['one', 'two', 'three'].slice(0, history.clusters);
    names.forEach((name, i) => {
      const offsetMs = history.swiftOffsetsMs[i] ?? 0;
      this.#clusters.push(
        new Cluster(this.#world, this.#network, name, i, () => this.#clusters, offsetMs, planted),
      );
    });
    const offsets = history.swiftOffsetsMs;
    this.#ledger.skewMs += Math.max(...offsets) - Math.min(...offsets);
  }

  async play(): Promise<Outcome> {
    await this.#adopt();
    for (const [id, { deed, steps }] of this.#history.events.entries()) {
      this.#world.note(`== ${id}. ${deed.kind}`);
      await this.#do(deed, id);
      await this.#world.run(steps);
    }
    await this.#heal();
    this.#wrong.push(...disagreements(this.#clusters, this.#ledger), ...growth(this.#clusters));
    if (this.#wrong.length === 0) {
      await this.#forget();
      this.#wrong.push(...disagreements(this.#clusters, this.#ledger));
    }
    const faults = this.#world.faults.map((fault) => `a fault: ${(fault as Error).stack ?? String(fault)}`);
    return {
      wrong: [...faults, ...this.#world.wrong, ...this.#wrong],
      trace: this.#world.trace,
      passes: this.#passes,
      steps: this.#world.count,
    };
  }

  /** The account is ours already: containers that die with their gateway are taken over, not left alone. */
  async #adopt(): Promise<void> {
    this.#world.isFree = true;
    const { site, keeper } = this.#at(0).process('d');
    await adoptAccount(site, keeper, ACCOUNT);
    this.#world.trace.length = 0;
    this.#world.isFree = false;
  }

  /** As the daemon makes them: what looks well by listings and records is looked at once in `LOOK_EVERY` audits. */
  async #audit(
    cluster: Cluster,
    { forgetAfterMs = Infinity, lookEvery = LOOK_EVERY }: Passes = {},
  ): Promise<PassReport> {
    const { site, keeper } = cluster.process('d');
    const { turn, troubled } = this.#audited.get(cluster) ?? { turn: 0, troubled: new Set<string>() };
    const count = new PassCount();
    const options = { isDryRun: false, lookEvery, turn, troubled, count, forgetAfterMs };
    const report = await audit(site, keeper, options);
    const isBroken = report.brokenOff !== undefined;
    this.#audited.set(cluster, {
      turn: isBroken ? turn : (turn + 1) % lookEvery,
      troubled: new Set([...(isBroken ? troubled : []), ...count.troubled]),
    });
    return report;
  }

  #at(index: number): Cluster {
    return this.#clusters[index % this.#clusters.length] as Cluster;
  }

  async #do(deed: Deed, id: number): Promise<void> {
    switch (deed.kind) {
      case 'PUT':
      case 'POST':
      case 'DELETE': {
        this.#change(deed, id);
        return;
      }
      case 'direct PUT':
      case 'direct POST':
      case 'direct DELETE': {
        this.#changeDirectly(deed, id);
        return;
      }
      case 'PUT object':
      case 'DELETE object': {
        this.#writeObject(deed, id);
        return;
      }
      case 'container sync': {
        this.#sync(this.#at(deed.at));
        return;
      }
      case 'pending': {
        const { pending } = this.#at(deed.at).process('d');
        this.#background(pending.round());
        return;
      }
      case 'audit': {
        this.#background(this.#audit(this.#at(deed.at)));
        return;
      }
      case 'wipe':
      case 'lose containers':
        return this.#wipe(this.#at(deed.at), deed.kind === 'wipe');
      case 'cut':
        this.#network.cut(this.#at(deed.at).name, this.#at(deed.to).name);
        return;
      case 'mend':
        this.#network.mend();
        return;
      case 'message':
        this.#network.doom(this.#at(deed.at).name, this.#at(deed.to).name, deed.fate);
        return;
      case 'kill':
        this.#at(deed.at).restart(deed.process, deed.unheard);
        return;
      case 'clock': {
        this.#setClock(this.#at(deed.at), deed.process, deed.offsetMs);
        return;
      }
      case 'trouble': {
        const { name, troubles } = this.#at(deed.at);
        troubles.set(deed.process, [...(troubles.get(deed.process) ?? []), deed.when]);
        this.#ledger.losses.push({ cluster: name, turn: this.#ledger.turn() });
        return;
      }
      case 'lag':
        this.#at(deed.at).swift.lagMs = deed.ms;
        return;
      case 'wait':
        return this.#world.wait(deed.ms);
    }
  }

  /** What goes wrong in a daemon is said in its log, and tried again. */
  #background(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if ((error as { code?: string }).code === undefined) this.#world.faults.push(error);
    });
  }

  #change(deed: Deed & { kind: 'PUT' | 'POST' | 'DELETE' }, id: number): void {
    const cluster = this.#at(deed.at);
    const settings = 'set' in deed ? valuesOf(deed.set, id) : new Map<string, string>();
    const entry = this.#enter(deed.kind, cluster, deed.container, settings, id, false);
    const headers = HeaderList.from([...settings]);
    const work = cluster.change(deed.gateway, deed.kind, deed.container, headers).then((answer) => {
      entry.end = {
        status: answer.status,
        ms: this.#world.nowMs,
        turn: this.#ledger.turn(),
        isUnrecorded: answer.headers.has('X-Autosync-Unrecorded'),
        behind: answer.headers.get('X-Autosync-Pending')?.split(', ') ?? [],
      };
      this.#world.note(`== ${id}. ${deed.kind} ${deed.container}: ${answer.status}${describe(entry.end)}`);
    });
    this.#background(work);
  }

  #changeDirectly(deed: Deed & { kind: 'direct PUT' | 'direct POST' | 'direct DELETE' }, id: number): void {
    const cluster = this.#at(deed.at);
    const method = deed.kind.slice('direct '.length) as 'PUT' | 'POST' | 'DELETE';
    const settings = method === 'DELETE' ? new Map<string, string>() : valuesOf(deed.set, id);
    const entry = this.#enter(method, cluster, deed.container, settings, id, true);
    const target = `/v1/${ACCOUNT}/${deed.container}`;
    const { status } = cluster.swift.handle({ method, target, headers: HeaderList.from([...settings]) });
    const { nowMs: ms } = this.#world;
    entry.end = { status, ms, turn: this.#ledger.turn(), isUnrecorded: true, behind: [] };
  }

  #enter(
    kind: 'PUT' | 'POST' | 'DELETE',
    { name: cluster }: Cluster,
    container: string,
    settings: ReadonlyMap<string, string>,
    id: number,
    isDirect: boolean,
  ): Ledger['deeds'][number] {
    const { nowMs: startMs } = this.#world;
    const startTurn = this.#ledger.turn();
    const end = undefined;
    const entry = { id, kind, cluster, container, settings, isDirect, startMs, startTurn, end };
    this.#ledger.deeds.push(entry);
    return entry;
  }

  #writeObject(deed: Deed & { kind: 'PUT object' | 'DELETE object' }, id: number): void {
    const { swift, name: cluster } = this.#at(deed.at);
    const { container, object } = deed;
    const method = deed.kind === OBJECT_KINDS[0] ? 'PUT' : 'DELETE';
    const before = swift.find(ACCOUNT, container)?.objects.get(object);
    const answer = swift.handle({
      method,
      target: `/v1/${ACCOUNT}/${container}/${object}`,
      body: method === 'PUT' ? `${id}` : undefined,
    });
    this.#world.note(`    ${cluster} ${object} ${answer.status}`);
    const now = swift.find(ACCOUNT, container)?.objects.get(object);
    if (now === undefined || now === before) return;
    const value = now.body?.toString();
    this.#ledger.objects.push({ cluster, container, object, ticks: now.ticks, value });
  }

  /** Swift's own, for all containers of a cluster: rows of objects and tombstones go where sync-to says, if keys agree. */
  #sync(from: Cluster): void {
    for (const name of [...BASE, ...CONTAINERS]) {
      const container = from.swift.find(ACCOUNT, name);
      const syncTo = parseSyncTo(container?.settings.get(SYNC_TO) ?? '');
      if (container === undefined || syncTo?.form !== 'realm') continue;
      const to = this.#clusters.find((each) => each.name === syncTo.cluster);
      const there = to?.swift.find(ACCOUNT, name);
      if (to === undefined || there === undefined || this.#network.isCut(from.name, to.name)) continue;
      if (there.settings.get(SYNC_KEY) !== container.settings.get(SYNC_KEY)) continue;
      for (const [object, copy] of container.objects) to.swift.take(there, object, copy);
    }
  }

  /** All was well before: what only that cluster held is lost whatever anybody does. */
  async #wipe(cluster: Cluster, isWhole: boolean): Promise<void> {
    for (const container of BASE) this.#change({ kind: 'PUT', at: 0, gateway: 'g0', container, set: [] }, -1);
    await this.#heal({ lookEvery: 1 });
    this.#world.note(`${cluster.name} loses ${isWhole ? 'everything' : 'its container databases'}`);
    if (isWhole) cluster.swift.wipe();
    else cluster.swift.loseContainers();
    this.#world.isFree = false;
    this.#ledger.losses.push({ cluster: cluster.name, turn: this.#ledger.turn() });
  }

  #setClock(cluster: Cluster, process: string, offsetMs: number): void {
    cluster.offsets.set(process, offsetMs);
    this.#ledger.skewMs += Math.abs(offsetMs);
  }

  async #heal(passes: Passes = {}): Promise<void> {
    this.#world.note('== heal');
    this.#network.mend();
    for (const cluster of this.#clusters) {
      cluster.offsets.clear();
      cluster.troubles.clear();
      cluster.swift.lagMs = 0;
    }
    await this.#world.finish();
    this.#world.isFree = true;
    this.#passes = 0;
    await this.#passUntilQuiet(passes);
  }

  /** When every container has been looked at, and there was nothing to do. */
  async #passUntilQuiet(passes: Passes): Promise<void> {
    for (let quiet = 0; quiet < (passes.lookEvery ?? LOOK_EVERY);) {
      this.#passes += 1;
      if (this.#passes > MAX_PASSES) {
        this.#wrong.push(`not quiet after ${MAX_PASSES} passes`);
        return;
      }
      quiet = (await this.#pass(passes)) ? quiet + 1 : 0;
    }
  }

  /** Tombstones are over, and what they stood for does not come back. */
  async #forget(): Promise<void> {
    this.#world.note('== much later');
    this.#world.nowMs += 2 * RECLAIM_MS;
    this.#passes = 0;
    await this.#passUntilQuiet({ forgetAfterMs: RECLAIM_MS });
    for (const cluster of this.#clusters)
      for (const container of [...BASE, ...CONTAINERS]) {
        const record = await cluster.process('d').keeper.read({ account: ACCOUNT, container });
        if (lifeOf(record) === 'deleted' && this.#isRecordListed(cluster, container))
          this.#wrong.push(`${cluster.name} keeps the tombstone of ${container}`);
      }
  }

  /** What a lost container database listed, nobody finds any more: it is read by name only. */
  #isRecordListed({ swift }: Cluster, container: string): boolean {
    const listed = swift.find(OWN_ACCOUNT, STORE_CONTAINER)?.listing.at(this.#world.nowMs) ?? [];
    return listed.some(([name]) => name.startsWith('c/') && name.endsWith(`/${ACCOUNT}/${container}`));
  }

  /** Says whether there was nothing to do. */
  async #pass(passes: Passes): Promise<boolean> {
    const before = this.#writes();
    this.#world.nowMs += PASS_MS;
    for (const cluster of this.#clusters) {
      const { pending } = cluster.process('d');
      this.#world.note(`== pass ${this.#passes} at ${cluster.name}`);
      await pending.round();
      const report = await this.#audit(cluster, passes);
      for (const { container, code, detail } of report.findings)
        this.#world.note(`    ${cluster.name} ${container ?? ''} ${code}: ${detail}`);
      if (report.brokenOff !== undefined) this.#world.note(`    broken off: ${report.brokenOff}`);
      await settled();
      this.#sync(cluster);
    }
    return this.#writes() === before;
  }

  #writes(): number {
    return this.#clusters.reduce((sum, { swift }) => sum + swift.writes, 0);
  }
}

/** A value tells which request it came from. */
function valuesOf(set: readonly Setting[], id: number): Map<string, string> {
  return new Map(set.map(({ name, isRemoval }) => [name, isRemoval ? '' : `v${id}`]));
}

function describe({ isUnrecorded, behind }: { isUnrecorded: boolean; behind: readonly string[] }): string {
  return `${isUnrecorded ? ', unrecorded' : ''}${behind.length > 0 ? `, pending ${behind.join(', ')}` : ''}`;
}
