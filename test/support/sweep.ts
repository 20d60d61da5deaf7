// Kills a process at every step of a change, one life for each step; then lets the daemons pass, and compares all clusters.
// A step is a request that the process sends: it dies before anybody hears of it, or after it was carried out. What is left of a process
// that was killed is what the clusters hold; so of reads with no change between them, one is enough (`FAULTS_EVERY_READ=1`: all).
import { eachLimited } from '../../src/lib/each-limited.js';
import { clusters, serviceUserOf, SwiftSession, type TestCluster } from './clusters.js';
import { differencesAt, ONLY_ONE_HAS, stateOf, type ContainerState } from './compare.js';
import { passOver } from './daemon.js';
import { FaultProxy, isWrite, type Step, type When } from './fault-proxy.js';

/** What one change is about. */
export interface Subject {
  readonly account: string;
  /** A name with a slash before it. */
  readonly path: string;
  /** By cluster, past the gateways, with all rights. */
  readonly direct: Readonly<Record<string, SwiftSession>>;
}

/** A process that is about to do the change, and can be killed over it. */
export interface Victim {
  /** Does it. The status that whoever asked for it was told; undefined where the process died before. */
  readonly act: () => Promise<number | undefined>;
  readonly kill: () => Promise<void>;
}

/** What all clusters hold in the end. */
export type Held = ContainerState | undefined;

export interface Sweep {
  readonly change: string;
  /** Whose process is killed: the cluster's name. */
  readonly at: string;
  /** `sweep`: one account for all of them; `each`: every subject has its own. */
  readonly accounts: 'sweep' | 'each';
  /** What was done in the account before. */
  readonly prepareAccount?: (subject: Subject) => Promise<void>;
  /** What is there before. */
  readonly prepare: (subject: Subject) => Promise<void>;
  /** Starts the process, which reaches its Swift and its peers through the proxy. */
  readonly start: (subject: Subject, proxy: FaultProxy) => Promise<Victim>;
  readonly isNew: (held: Held, subject: Subject) => boolean | Promise<boolean>;
  /** Where the change may not have been made in the end; without it, it must have been, whatever died. */
  readonly isOld?: (held: Held, subject: Subject) => boolean | Promise<boolean>;
  /** The change was not even begun, and nobody was told that it was: then clusters differ as they did before, and go on to. */
  readonly isUnbegun?: (subject: Subject) => Promise<boolean>;
  /** The last step of what is swept; the process goes on to what other sweeps are about. */
  readonly until?: RegExp;
  /** How much later than now the daemons take it to be. */
  readonly laterMs?: number;
  /** The process works on more than its subject: only one at a time, and all is settled before the next. */
  readonly isAlone?: boolean;
  /** Objects may differ in the end where the container still is: container sync does not run. */
  readonly areObjectsSynced?: boolean;
  /** Gateways of the peers that the process reaches, by cluster; the run's own where not said. */
  readonly peerUrls?: () => Readonly<Record<string, string>>;
  /** One round of what completes it; where not said, a pass of every daemon. */
  readonly complete?: (accounts: readonly string[]) => Promise<void>;
  /** In the end nothing is synced any more. */
  readonly hasLeft?: boolean;
}

/** One of the places to die at. */
interface Point {
  readonly label: string;
  /** The how-manieth step of that label. */
  readonly nth: number;
  readonly when: When;
}

export interface SweepReport {
  readonly change: string;
  /** Requests of a whole change, and how many of them change something. */
  readonly steps: number;
  readonly writes: number;
  /** Deaths that took place. */
  readonly deaths: number;
  /** Passes of all daemons until all clusters agreed. */
  readonly passes: number;
  readonly failures: readonly string[];
}

const AT_ONCE = 3;
const MAX_PASSES = 3;
const IS_EVERY_READ = process.env['FAULTS_EVERY_READ'] === '1';
let swept = 0;

/** @param only which of the points to die at; all if not said */
export async function sweep(spec: Sweep, only?: (label: string) => boolean): Promise<SweepReport> {
  const number = (swept += 1);
  const sessions = await adminSessions();
  const subjectAt = (i: number): Subject => {
    const own = spec.accounts === 'each' ? `x${i}` : '';
    const account = `AUTH_t9${String(process.pid)}x${number}${own}`;
    const direct = Object.entries(sessions).map(([name, session]) => [name, session.in(account)] as const);
    return { account, path: `/c${i}`, direct: Object.fromEntries(direct) };
  };
  if (spec.accounts === 'sweep') await spec.prepareAccount?.(subjectAt(0));
  const whole = await run(spec, subjectAt(0), undefined);
  const last =
    spec.until && whole.steps.findLastIndex((step) => spec.until?.test(labelOf(step, subjectAt(0))));
  const steps = whole.steps.slice(0, last === undefined ? undefined : last + 1);
  const points = pointsOf(steps, subjectAt(0)).filter(({ label }) => only?.(label) ?? true);
  const lives: Life[] = [whole];
  const settled = spec.isAlone === true ? [await judge(spec, [whole])] : [];
  await eachLimited([...points.entries()], spec.isAlone === true ? 1 : AT_ONCE, async ([i, point]) => {
    const life = await run(spec, subjectAt(i + 1), point);
    lives.push(life);
    if (spec.isAlone === true) settled.push(await judge(spec, [life]));
  });
  if (spec.isAlone !== true) settled.push(await judge(spec, lives));
  return {
    change: spec.change,
    steps: steps.length,
    writes: steps.filter(isWrite).length,
    deaths: lives.filter(({ hasDied }) => hasDied).length,
    passes: Math.max(...settled.map(({ passes }) => passes)),
    failures: settled.flatMap(({ failures }) => failures),
  };
}

interface Life {
  readonly subject: Subject;
  readonly point: Point | undefined;
  readonly status: number | undefined;
  readonly hasDied: boolean;
  readonly steps: readonly Step[];
}

async function run(spec: Sweep, subject: Subject, point: Point | undefined): Promise<Life> {
  if (spec.accounts === 'each') await spec.prepareAccount?.(subject);
  await spec.prepare(subject);
  const peerUrls = spec.peerUrls?.() ?? {};
  const upstreams = clusters().map(
    ({ name, proxyUrl, gatewayUrl }) =>
      [name, name === spec.at ? proxyUrl : (peerUrls[name] ?? gatewayUrl)] as const,
  );
  const proxy = await FaultProxy.open(Object.fromEntries(upstreams));
  const victim = await spec.start(subject, proxy);
  let met = 0;
  proxy.watch(
    (step) => {
      if (point === undefined || labelOf(step, subject) !== point.label) return undefined;
      met += 1;
      return met === point.nth ? point.when : undefined;
    },
    () => void victim.kill(),
  );
  const status = await victim.act();
  await victim.kill();
  const hasDied = proxy.hasKilled();
  const steps = [...proxy.steps];
  await proxy.close();
  return { subject, point, status, hasDied, steps };
}

/** Before each step, and after each that changes something: after a read everything is as it was before it. */
function pointsOf(steps: readonly Step[], subject: Subject): Point[] {
  const counts = new Map<string, number>();
  const idleReads = new Set<number>();
  return steps.flatMap((step) => {
    const label = labelOf(step, subject);
    const nth = (counts.get(label) ?? 0) + 1;
    counts.set(label, nth);
    const before: Point = { label, nth, when: 'before' };
    if (isWrite(step)) return [before, { ...before, when: 'after' as const }];
    const isAsBefore = step.writesUnderWay === 0 && idleReads.has(step.writesBefore);
    if (step.writesUnderWay === 0) idleReads.add(step.writesBefore);
    return isAsBefore && !IS_EVERY_READ ? [] : [before];
  });
}

/** The same for the same step of every life. */
function labelOf({ of, method, target }: Step, { account, path }: Subject): string {
  const place = decodeURIComponent(target.replace(/^\/v1/, ''))
    .replaceAll(account, 'A')
    .replace(new RegExp(`A(/|&container=)${path.slice(1)}\\b`), 'A$1c')
    .replace(/\b(one|two|three)\.[0-9a-f]{10}\.\d+/g, 'W')
    .replace(/\d{14}\.\d{4}\.W(\.\d+)?/, 'V')
    .replace(/marker=[^&]*/, 'marker');
  return `${method} ${of}:${place}`;
}

async function judge(
  spec: Sweep,
  lives: readonly Life[],
): Promise<{ passes: number; failures: readonly string[] }> {
  const unbegun = new Set<Life>();
  for (const life of lives) if (await isLeftAlone(spec, life)) unbegun.add(life);
  const begun = lives.filter((life) => !unbegun.has(life));
  const accounts = [...new Set(lives.map(({ subject }) => subject.account))];
  const differing = new Map<Life, readonly string[]>(begun.map((life) => [life, []]));
  let passes = 0;
  while (passes < MAX_PASSES && differing.size > 0) {
    passes += 1;
    if (spec.complete !== undefined) await spec.complete(accounts);
    else for (const { name } of clusters()) await passOver(name, accounts, spec.laterMs);
    await eachLimited([...differing.keys()], AT_ONCE, async (life) => {
      const found = await allDifferences(life.subject, spec);
      if (found.length === 0) differing.delete(life);
      else differing.set(life, found);
    });
    for (const [{ point }, found] of differing)
      console.log(`${spec.change}: after pass ${passes}, of ${point?.when} ${point?.label}:`, found);
  }
  const failures: string[] = [];
  await eachLimited(lives, AT_ONCE, async (life) => {
    const wrong = unbegun.has(life)
      ? (await isLeftAlone(spec, life))
        ? []
        : ['it was not begun, and is not as it was before']
      : [...(differing.get(life) ?? []), ...(await lies(spec, life))];
    const { point, status, subject } = life;
    const death = point === undefined ? 'no death' : `${point.when} ${point.label} (${point.nth})`;
    if (wrong.length > 0)
      failures.push(
        `${death}; answered ${status ?? 'nothing'}; ${subject.account}${subject.path}: ${wrong.join('; ')}`,
      );
  });
  return { passes, failures };
}

async function isLeftAlone(spec: Sweep, { subject, status }: Life): Promise<boolean> {
  return status === undefined && spec.isUnbegun !== undefined && (await spec.isUnbegun(subject));
}

/** Whether whoever asked was told what is not so. */
async function lies(spec: Sweep, { subject, status }: Life): Promise<string[]> {
  const held = await stateOf(subject.direct[spec.at]!, subject.path.slice(1));
  if (await spec.isNew(held, subject)) return [];
  const isAcknowledged = status !== undefined && status < 300;
  const mayBeOld = !isAcknowledged && spec.isOld !== undefined && (await spec.isOld(held, subject));
  return mayBeOld ? [] : [`it holds ${JSON.stringify(held ?? null)}`];
}

/** Existence, settings and key, objects, and that sync-to follows the ring, or is gone. */
async function allDifferences(
  { direct, path, account }: Subject,
  { areObjectsSynced = true, hasLeft = false }: Sweep,
): Promise<string[]> {
  const all = await differencesAt(direct, path.slice(1));
  const found = areObjectsSynced ? all : all.filter((each) => !each.includes(ONLY_ONE_HAS));
  const names = Object.keys(direct);
  for (const [i, name] of names.entries()) {
    const head = await direct[name]!.request('HEAD', path);
    const next = names[(i + 1) % names.length]!;
    const wanted = hasLeft ? undefined : `//local/${next}/${account}${path}`;
    const syncTo = head.headers['x-container-sync-to'];
    if (head.status === 204 && syncTo?.toLowerCase() !== wanted?.toLowerCase())
      found.push(`${name}: sync-to is ${syncTo ?? 'not set'}`);
  }
  return found;
}

async function adminSessions(): Promise<Record<string, SwiftSession>> {
  const each = clusters().map(async (cluster: TestCluster) => {
    return [cluster.name, await SwiftSession.login(cluster.proxyUrl, serviceUserOf(cluster, ''))] as const;
  });
  return Object.fromEntries(await Promise.all(each));
}
