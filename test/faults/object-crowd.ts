// Several clients who change the same few objects, and the headers of their containers, at random, at all gateways at once, and remember
// what they were told. Knows the gateways only.
import { createHash } from 'node:crypto';
import { Ledger } from '../simulation/ledger.js';
import { Chance } from '../support/chance.js';
import { waitFor } from '../support/clusters.js';
import { unexplained, type Deed, type HeldObject } from '../support/object-ledger.js';
import { SwiftSession, type User } from '../support/swift-client.js';
import { isTokenLost, loginWhenUp } from './client-login.js';
import { changeContainer, checkContainer } from './container-deed.js';

export interface Place {
  readonly name: string;
  readonly gatewayUrl: string;
  readonly proxyUrl: string;
}

const CLIENTS_PER_GATEWAY = 2;
const OBJECTS = ['o1', 'o2', 'o3', 'o4', 'o5', 'o6'];
/** Only ever PUT: what a COPY may have found is known. */
const SOURCES = ['s1', 's2'];
const KINDS = [
  'PUT',
  'PUT',
  'PUT',
  'PUT source',
  'POST',
  'POST',
  'POST',
  'DELETE',
  'COPY',
  'headers',
] as const;
/** More than what copy jobs send without asking first. */
const LARGE_BYTES = 70_000;
const MARK = 'x-object-meta-mark';
const LONGEST_MS = 240_000;

export class ObjectCrowd {
  readonly deeds: Deed[] = [];
  readonly #places: readonly Place[];
  readonly #user: User;
  readonly containers: readonly string[];
  readonly #chance: Chance;
  readonly #headers = new Ledger();
  /** What was ever PUT to a source. */
  readonly #sources = new Map<string, string[]>();
  readonly #clients: Promise<void>[];
  #isOver = false;
  #count = 0;

  /** They begin at once; the containers are there. */
  constructor(places: readonly Place[], user: User, containers: readonly string[], seed: number) {
    this.#places = places;
    this.#user = user;
    this.containers = containers;
    this.#chance = new Chance(seed);
    this.#clients = places.flatMap((place) =>
      Array.from({ length: CLIENTS_PER_GATEWAY }, () => this.#live(place)),
    );
  }

  get requests(): number {
    return this.#count;
  }

  get told(): number {
    return this.deeds.filter(({ isTold }) => isTold).length;
  }

  /** Objects that anybody tried to change. */
  get names(): number {
    return new Set(this.deeds.map(({ name }) => name)).size;
  }

  /** Waits until the clients at each of these clusters were told of so many more changes of objects. */
  async toldMore(
    count: number,
    clusters: readonly string[] = this.#places.map(({ name }) => name),
  ): Promise<void> {
    const toldAt = (cluster: string): number =>
      this.deeds.filter((deed) => deed.cluster === cluster && deed.isTold).length;
    const wanted = clusters.map((cluster) => [cluster, toldAt(cluster) + count] as const);
    const areTold = (): boolean => wanted.every(([cluster, least]) => toldAt(cluster) >= least);
    await waitFor(`clients at ${clusters.join(', ')} are told of ${count} changes`, areTold, LONGEST_MS);
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
  }

  /** What is wrong at one cluster, past its gateway. */
  async wrongAt({ proxyUrl }: Place): Promise<string[]> {
    const session = await SwiftSession.login(proxyUrl, this.#user);
    const found = new Map<string, HeldObject>();
    for (const name of new Set(this.deeds.map((deed) => deed.name))) {
      const { status, text, headers } = await session.request('GET', `/${name}`);
      if (status !== 200 && status !== 404) throw new Error(`GET ${name} at ${proxyUrl}: ${status}`);
      found.set(name, status === 404 ? undefined : { body: nameIn(text), mark: headers[MARK] ?? '' });
    }
    const wrong = unexplained(this.deeds, found);
    for (const container of this.containers)
      wrong.push(...(await checkContainer(this.#headers, session, container)));
    return wrong;
  }

  async #live({ name, gatewayUrl }: Place): Promise<void> {
    let session: SwiftSession | undefined;
    while (!this.#isOver) {
      session ??= await loginWhenUp(gatewayUrl, this.#user, () => this.#isOver);
      if (session !== undefined && isTokenLost(await this.#change(name, session))) session = undefined;
    }
  }

  async #change(cluster: string, session: SwiftSession): Promise<number | undefined> {
    this.#count += 1;
    const container = this.#chance.pick(this.containers);
    const kind = this.#chance.pick(KINDS);
    if (kind === 'headers') {
      const what = { kind: this.#chance.pick(['PUT', 'POST'] as const), cluster, container };
      return changeContainer(this.#headers, what, session, this.#chance);
    }
    const mark = `m${this.#count}`;
    const [source, object] = [this.#chance.pick(SOURCES), this.#chance.pick(OBJECTS)].map(
      (each) => `${container}/${each}`,
    ) as [string, string];
    const headers = { 'X-Object-Meta-Mark': mark };
    const does = kind === 'DELETE' ? 'delete' : kind === 'POST' ? 'describe' : 'write';
    const deed = { cluster, does, mark } as const;
    if (kind === 'COPY') {
      const fresh = { ...headers, 'X-Fresh-Metadata': 'true', 'Destination': object };
      return this.#tell({ ...deed, name: object, bodies: this.#bodiesOf(source) }, () =>
        session.request('COPY', `/${source}`, fresh),
      );
    }
    const name = kind === 'PUT source' ? source : object;
    if (kind === 'PUT source') this.#bodiesOf(source).push(mark);
    const body = does === 'write' ? this.#bodyOf(mark) : undefined;
    const method = kind === 'PUT source' ? 'PUT' : kind;
    return this.#tell({ ...deed, name, bodies: [mark] }, () =>
      session.request(method, `/${name}`, headers, body),
    );
  }

  /** Does it, and remembers it with what came of it. The status; undefined where no answer came. */
  async #tell(
    what: Omit<Deed, 'beganMs' | 'endedMs' | 'isTold'>,
    request: () => ReturnType<SwiftSession['request']>,
  ): Promise<number | undefined> {
    const beganMs = Date.now();
    const answer = await request().catch(() => undefined);
    const status = answer?.status;
    // The millisecond that it ended in.
    const endedMs = status === undefined || status >= 500 ? Infinity : Date.now() + 1;
    const isTold = status !== undefined && status < 300;
    const isRefused = status !== undefined && status >= 400 && status < 500;
    // A DELETE of what is not there may leave its tombstone all the same.
    if (isRefused && !(status === 404 && what.does === 'delete')) return status;
    const etag = answer?.headers['etag']?.replaceAll('"', '');
    // What a COPY found, it says.
    const bodies =
      isTold && what.does === 'write'
        ? what.bodies.filter((each) => [each, large(each)].some((body) => md5(body) === etag))
        : what.bodies;
    this.deeds.push({ ...what, bodies, beganMs, endedMs, isTold });
    return status;
  }

  #bodiesOf(source: string): string[] {
    const known = this.#sources.get(source) ?? [];
    this.#sources.set(source, known);
    return known;
  }

  #bodyOf(mark: string): string {
    return this.#chance.next() < 0.1 ? large(mark) : mark;
  }
}

function large(mark: string): string {
  return mark.padEnd(LARGE_BYTES, '.');
}

/** The mark that a whole body was made of. */
function nameIn(body: string): string {
  return body.length === LARGE_BYTES ? body.replace(/\.+$/, '') : body;
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
