// The main job, shown on running clusters: a container made once is everywhere, objects travel both ways, and any cluster answers.
import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalCluster } from './cluster.js';
import { LocalError } from './local-error.js';
import { TEST_USERS, type LocalUser } from './users.js';

/** Something that was done and seen to work. */
export interface DemoStep {
  readonly text: string;
  readonly ms: number;
}

/** Who does it; also the user the commands printed by `start` use. */
export const DEMO_USER = TEST_USERS[0] as LocalUser;

/** With three clusters or more: containers of that name are placed on the first two. */
export const PAIR = 'pair-*';

const COLOUR = 'sea green';
const READ_ACL = '.r:*,.rlistings';
const WRITE_ACL = 'test2:tester2';
const ARRIVAL_MS = 30_000;

/** The container's settings that have to be equal everywhere. */
const SETTINGS = {
  'X-Container-Meta-Colour': COLOUR,
  'X-Container-Read': READ_ACL,
  'X-Container-Write': WRITE_ACL,
} as const;

/**
 * Does it all through the gateways and checks each step in the Swift of every cluster, past the gateways.
 *
 * @param container a name nobody has used
 * @throws LocalError saying what was not as it should be, and where
 */
export async function* runDemo(
  clusters: readonly LocalCluster[],
  container: string,
): AsyncGenerator<DemoStep> {
  const [first, ...others] = clusters as [LocalCluster, ...LocalCluster[]];
  yield await createContainer(first, container);
  if (others.length === 0) return;
  yield await compareContainers(clusters, container);
  yield await sendObject(first, others, container);
  const last = others.at(-1) as LocalCluster;
  yield await sendObject(
    last,
    clusters.filter((cluster) => cluster !== last),
    container,
  );
  if (others.length > 1) yield await usePlacedElsewhere(clusters, PAIR.replace('*', container));
}

async function createContainer(at: LocalCluster, container: string): Promise<DemoStep> {
  const gateway = await Visitor.login(at.name, at.gatewayUrl);
  const began = performance.now();
  const answer = await gateway.call('PUT', container, SETTINGS);
  const text = `container ${container} created at ${at.name}, with ACL and metadata`;
  const ms = performance.now() - began;
  const pending = answer.headers.get('X-Autosync-Pending');
  if (answer.status !== 201)
    throw gateway.wrong(`PUT of container ${container}`, `${answer.status}, not 201`);
  if (pending !== null) throw gateway.wrong(`PUT of container ${container}`, `still pending at ${pending}`);
  return { text, ms };
}

async function compareContainers(clusters: readonly LocalCluster[], container: string): Promise<DemoStep> {
  const began = performance.now();
  const keys = new Set<string | null>();
  for (const cluster of clusters) {
    const swift = await Visitor.login(cluster.name, cluster.proxyUrl);
    const { status, headers } = await swift.call('HEAD', container);
    if (status !== 204) throw swift.wrong(`container ${container}`, `HEAD says ${status}, not 204`);
    for (const [name, wanted] of Object.entries(SETTINGS)) {
      const found = headers.get(name);
      if (found !== wanted) throw swift.wrong(name, `“${String(found)}”, not “${wanted}”`);
    }
    if (headers.get('X-Container-Sync-To') === null) throw swift.wrong('X-Container-Sync-To', 'not set');
    keys.add(headers.get('X-Container-Sync-Key'));
  }
  if (keys.size !== 1 || keys.has(null)) throw new LocalError('The sync key is not the same everywhere.');
  const names = namesOf(clusters.slice(1));
  const verb = clusters.length > 2 ? 'have' : 'has';
  const text = `${names} ${verb} it: same ACL and metadata, container sync set up`;
  return { text, ms: performance.now() - began };
}

async function sendObject(
  from: LocalCluster,
  to: readonly LocalCluster[],
  container: string,
): Promise<DemoStep> {
  const path = `${container}/hello-from-${from.name}.txt`;
  const body = `Hello from ${from.name}!\n`;
  const gateway = await Visitor.login(from.name, from.gatewayUrl);
  const receivers = await Promise.all(to.map(({ name, proxyUrl }) => Visitor.login(name, proxyUrl)));
  const began = performance.now();
  await gateway.make(path, { 'Content-Type': 'text/plain' }, body);
  await Promise.all(receivers.map((receiver) => receiver.waitForObject(path, body)));
  const text = `object put at ${from.name}, arrived at ${namesOf(to)}`;
  return { text, ms: performance.now() - began };
}

/** At the last cluster, where the container is and its objects are not. */
async function usePlacedElsewhere(clusters: readonly LocalCluster[], container: string): Promise<DemoStep> {
  const last = clusters.at(-1) as LocalCluster;
  const object = `hello-from-${last.name}.txt`;
  const path = `${container}/${object}`;
  const body = `Hello from ${last.name}!\n`;
  const gateway = await Visitor.login(last.name, last.gatewayUrl);
  const began = performance.now();
  await gateway.make(container, SETTINGS);
  await gateway.make(path, {}, body);
  const [read, listed] = await Promise.all([gateway.call('GET', path), gateway.call('GET', container)]);
  if (read.text !== body) throw gateway.wrong(path, `GET says ${read.status}`);
  if (listed.text !== `${object}\n`) throw gateway.wrong(container, `its listing says ${listed.status}`);
  const swift = await Visitor.login(last.name, last.proxyUrl);
  const { status } = await swift.call('HEAD', path);
  if (status !== 404) throw swift.wrong(path, `HEAD says ${status}, not 404`);
  const text = `${path} written, read and listed at ${last.name}; it is on ${namesOf(clusters.slice(0, 2))}`;
  return { text, ms: performance.now() - began };
}

function namesOf(clusters: readonly LocalCluster[]): string {
  const names = clusters.map(({ name }) => name);
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${String(names.at(-1))}`;
}

/** A logged-in user at one gateway or proxy. */
class Visitor {
  private readonly where: string;
  private readonly url: string;
  private readonly token: string;

  private constructor(where: string, url: string, token: string) {
    this.where = where;
    this.url = url;
    this.token = token;
  }

  static async login(name: string, url: string): Promise<Visitor> {
    const where = `${name} (${url})`;
    const headers = { 'X-Auth-User': `${DEMO_USER.account}:${DEMO_USER.user}`, 'X-Auth-Key': DEMO_USER.key };
    const answer = await reach(where, `${url}/auth/v1.0`, { headers });
    await answer.arrayBuffer();
    const token = answer.headers.get('X-Auth-Token');
    if (token === null) throw new LocalError(`At ${where}: login of the test user: ${answer.status}.`);
    return new Visitor(where, url, token);
  }

  async call(method: string, path: string, headers: Record<string, string> = {}, body?: string) {
    const answer = await reach(this.where, `${this.url}/v1/AUTH_${DEMO_USER.account}/${path}`, {
      method,
      headers: { ...headers, 'X-Auth-Token': this.token },
      ...(body !== undefined && { body }),
    });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  }

  /** A PUT of something new. */
  async make(path: string, headers: Record<string, string> = {}, body?: string): Promise<void> {
    const { status } = await this.call('PUT', path, headers, body);
    if (status !== 201) throw this.wrong(`PUT of ${path}`, `${status}, not 201`);
  }

  async waitForObject(path: string, body: string): Promise<void> {
    const deadline = Date.now() + ARRIVAL_MS;
    for (;;) {
      const { status, text } = await this.call('GET', path);
      if (status === 200 && text === body) return;
      if (Date.now() > deadline) {
        throw this.wrong(`object ${path}`, `not there after ${ARRIVAL_MS / 1000} s (GET says ${status})`);
      }
      await sleep(50);
    }
  }

  wrong(what: string, how: string): LocalError {
    return new LocalError(`At ${this.where}: ${what}: ${how}.`);
  }
}

async function reach(where: string, url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(ARRIVAL_MS) });
  } catch (cause) {
    const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    throw new LocalError(`At ${where}: no answer: ${String(reason)}`, '', { cause });
  }
}
