// Several clients who change the same few objects, and the headers of their containers, at random, at all gateways at once, and remember
// what they were told. Knows the gateways only.
import { createHash } from 'node:crypto';
import { Ledger } from '../simulation/ledger.js';
import { Chance } from '../support/chance.js';
import { waitFor } from '../support/clusters.js';
import { unexplained, type Deed, type HeldObject } from '../support/object-ledger.js';
import { SwiftSession, type Answer, type User } from '../support/swift-client.js';
import { isTokenLost, loginWhenUp } from './client-login.js';
import { changeContainer, checkContainer } from './container-deed.js';

export interface Place {
  readonly name: string;
  readonly gatewayUrl: string;
  readonly proxyUrl: string;
}

const CLIENTS_PER_GATEWAY = 2;
const OBJECTS = ['o1', 'o2', 'o3', 'o4', 'o5', 'o6'];
/** Also PUT with X-Delete-After. */
const FLEETING = ['e1', 'e2'];
/** Only ever PUT: what a COPY may have found is known. */
const SOURCES = ['s1', 's2'];
const KINDS = [
  'PUT',
  'PUT',
  'PUT',
  'PUT source',
  'PUT fleeting',
  'POST',
  'POST',
  'POST',
  'DELETE',
  'bulk delete',
  'COPY',
  'headers',
] as const;
/** More than what copy jobs send without asking first. */
const LARGE_BYTES = 70_000;
/** What is cut off for longer expires before it is copied. */
const FLEETING_SECONDS = 2;
const MARK = 'x-object-meta-mark';
const SERVED_BY = 'x-autosync-served-by';
const LONGEST_MS = 240_000;

export interface CrowdOptions {
  readonly places: readonly Place[];
  readonly user: User;
  /** They are there. */
  readonly containers: readonly string[];
  readonly seed: number;
  /** With `failover = all`: makes all clusters know a token of one of them. */
  readonly shareToken?: (place: Place, token: string) => Promise<void>;
}

/** What a client is about to do to an object. */
type Intent = Omit<Deed, 'beganMs' | 'endedMs' | 'isTold'>;

export class ObjectCrowd {
  readonly deeds: Deed[] = [];
  readonly containers: readonly string[];
  readonly #options: CrowdOptions;
  readonly #chance: Chance;
  readonly #headers = new Ledger();
  /** What was ever PUT to a source. */
  readonly #sources = new Map<string, string[]>();
  readonly #clients: Promise<void>[];
  #isOver = false;
  #count = 0;

  /** Changes of objects that clients were told of, by the cluster whose gateway said so. */
  readonly #told = new Map<string, number>();

  /** They begin at once. */
  constructor(options: CrowdOptions) {
    this.#options = options;
    this.containers = options.containers;
    this.#chance = new Chance(options.seed);
    this.#clients = options.places.flatMap((place) =>
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

  /** Waits until the clients at each of these clusters' gateways were told of so many more changes of objects. */
  async toldMore(
    count: number,
    clusters: readonly string[] = this.#options.places.map(({ name }) => name),
  ): Promise<void> {
    const toldAt = (cluster: string): number => this.#told.get(cluster) ?? 0;
    const wanted = clusters.map((cluster) => [cluster, toldAt(cluster) + count] as const);
    const areTold = (): boolean => wanted.every(([cluster, least]) => toldAt(cluster) >= least);
    await waitFor(`clients at ${clusters.join(', ')} are told of ${count} changes`, areTold, LONGEST_MS);
  }

  /** Until then all that was to expire has expired. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    const expired = Date.now() + (FLEETING_SECONDS + 1) * 1_000;
    await waitFor('what is fleeting has expired', () => Date.now() > expired);
  }

  /** What is wrong at one cluster, past its gateway. */
  async wrongAt({ proxyUrl }: Place): Promise<string[]> {
    const session = await SwiftSession.login(proxyUrl, this.#options.user);
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

  async #live(place: Place): Promise<void> {
    const { user, shareToken } = this.#options;
    let session: SwiftSession | undefined;
    while (!this.#isOver) {
      if (session === undefined) {
        session = await loginWhenUp(place.gatewayUrl, user, () => this.#isOver);
        if (session !== undefined) await shareToken?.(place, session.token);
      }
      if (session === undefined) continue;
      const status = await this.#change(place.name, session);
      // All clusters know shared tokens, and one that is down gives no new ones.
      if (shareToken === undefined ? isTokenLost(status) : status === 401) session = undefined;
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
    const among = kind === 'PUT fleeting' ? FLEETING : [...OBJECTS, ...FLEETING];
    const [source, object, second] = [SOURCES, among, among].map(
      (names) => `${container}/${this.#chance.pick(names)}`,
    ) as [string, string, string];
    const headers = { 'X-Object-Meta-Mark': mark };
    const intent = { cluster, mark, name: object, bodies: [mark] };
    switch (kind) {
      case 'COPY': {
        const fresh = { ...headers, 'X-Fresh-Metadata': 'true', 'Destination': object };
        const copied = { ...intent, does: 'write', bodies: this.#bodiesOf(source) } as const;
        return this.#tell([copied], () => session.request('COPY', `/${source}`, fresh));
      }
      case 'PUT source':
        this.#bodiesOf(source).push(mark);
        return this.#tell([{ ...intent, does: 'write', name: source }], () =>
          session.request('PUT', `/${source}`, headers, this.#bodyOf(mark)),
        );
      case 'PUT':
        return this.#tell([{ ...intent, does: 'write' }], () =>
          session.request('PUT', `/${object}`, headers, this.#bodyOf(mark)),
        );
      case 'PUT fleeting':
        return this.#tell([{ ...intent, does: 'write', isFleeting: true }], () =>
          session.request('PUT', `/${object}`, { ...headers, 'X-Delete-After': `${FLEETING_SECONDS}` }, mark),
        );
      case 'POST':
        return this.#tell([{ ...intent, does: 'describe' }], () =>
          session.request('POST', `/${object}`, headers),
        );
      case 'DELETE':
        return this.#tell([{ ...intent, does: 'delete' }], () => session.request('DELETE', `/${object}`));
      case 'bulk delete': {
        const deletions = [object, second].map((name) => ({ ...intent, does: 'delete', name }) as const);
        return this.#tell(deletions, () => bulkDelete(session, [object, second]));
      }
    }
  }

  /** Does it, and remembers it with what came of it. The status; undefined where no answer came. */
  async #tell(intents: readonly Intent[], request: () => Promise<Answer>): Promise<number | undefined> {
    const beganMs = Date.now();
    const answer = await request().catch(() => undefined);
    const status = answer?.status;
    // The millisecond that it ended in.
    const endedMs = status === undefined || status >= 500 ? Infinity : Date.now() + 1;
    const isTold = status !== undefined && status < 300;
    const isRefused = status !== undefined && status >= 400 && status < 500;
    for (const intent of intents) {
      // A DELETE of what is not there may leave its tombstone all the same.
      if (isRefused && !(status === 404 && intent.does === 'delete')) continue;
      const etag = answer?.headers['etag']?.replaceAll('"', '');
      // What a COPY found, it says.
      const bodies =
        isTold && intent.does === 'write'
          ? intent.bodies.filter((each) => [each, large(each)].some((body) => md5(body) === etag))
          : intent.bodies;
      const deed = { ...intent, bodies, beganMs, endedMs };
      this.#remember(deed, isTold, answer?.headers[SERVED_BY]);
    }
    return status;
  }

  /** @param servedBy another cluster than the one asked: that one may have done it before, and not said so */
  #remember(deed: Omit<Deed, 'isTold'>, isTold: boolean, servedBy: string | undefined): void {
    if (isTold) this.#told.set(deed.cluster, (this.#told.get(deed.cluster) ?? 0) + 1);
    const isElsewhere = this.#options.shareToken !== undefined && !isTold;
    if (servedBy !== undefined) this.deeds.push({ ...deed, isTold: false });
    this.deeds.push({ ...deed, isTold, cluster: servedBy ?? (isElsewhere ? '' : deed.cluster) });
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

/** The answer with the status that its body tells: 404 where any of them was not there, 500 where it does not say which were deleted. */
async function bulkDelete(session: SwiftSession, names: readonly string[]): Promise<Answer> {
  const headers = { 'Content-Type': 'text/plain', 'Accept': 'application/json' };
  const answer = await session.request('POST', '?bulk-delete', headers, names.join('\n'));
  if (answer.status !== 200) return answer;
  const told = JSON.parse(answer.text) as Readonly<Record<'Response Status' | 'Number Not Found', unknown>>;
  if (told['Response Status'] !== '200 OK') return { ...answer, status: 500 };
  return told['Number Not Found'] === 0 ? answer : { ...answer, status: 404 };
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
