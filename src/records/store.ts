// Small objects of our own in the service user's account of the local Swift: the only place where anything of ours is kept.
// Knows how they are read, written and listed; nothing of what is in them.
import { HeaderList } from '../http/headers.js';
import type { ClientAnswer } from '../http/request-sender.js';
import { AutosyncError } from '../lib/errors.js';
import { encodeName, swiftTarget } from '../swift/path.js';
import { isSuccess, type SwiftClient } from '../swift/swift-client.js';

/** The container of the service user's account that all is in. */
export const STORE_CONTAINER = 'autosync';

/** Metadata of ours, lost with the database that it is in. */
const LABELS = { account: 'X-Account-Meta-Autosync-Marker', container: 'X-Container-Meta-Autosync-Marker' };

export interface StoredRow {
  readonly name: string;
  readonly contentType: string;
  /** ISO 8601 without a zone: UTC. */
  readonly lastModified: string;
}

/** What came of a PUT. */
export interface StorePut {
  /** All that was kept before is gone. */
  readonly isNew: boolean;
  /** Its date by Swift's clock, to the second: milliseconds since 1970; NaN where Swift did not say. */
  readonly atMs: number;
}

/** Rows asked for at once. Swift gives up to 10,000, which take several times the memory and save little time. */
const PAGE = 2_000;

export class Store {
  readonly #swift: SwiftClient;
  readonly #account: () => Promise<string | undefined>;
  #made: Promise<void> | undefined;
  #answeredAtMs: number | undefined;

  /** @param account the service user's own; undefined while nobody knows it */
  constructor(swift: SwiftClient, account: () => Promise<string | undefined>) {
    this.#swift = swift;
    this.#account = account;
  }

  /** When Swift answered last, by its own clock, to the second: milliseconds since 1970; undefined where it does not say. */
  get answeredAtMs(): number | undefined {
    return this.#answeredAtMs;
  }

  /** The newest on all replicas; undefined where there is none. @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
  async get(name: string): Promise<Buffer | undefined> {
    const answer = await this.#ask('GET', name, HeaderList.from([['X-Newest', 'true']]));
    if (answer.status === 404) return undefined;
    return expectSuccess(answer, `GET ${name}`).body;
  }

  /** @throws AutosyncError RECORDS_UNAVAILABLE */
  async put(name: string, body: Buffer, contentType: string): Promise<StorePut> {
    await this.#makeContainer();
    let isNew = false;
    const headers = HeaderList.from([['Content-Type', contentType]]);
    let answer = await this.#ask('PUT', name, headers, body);
    if (answer.status === 404) {
      // Somebody took the container away.
      isNew = true;
      this.#made = undefined;
      await this.#makeContainer();
      answer = await this.#ask('PUT', name, headers, body);
    }
    const { headers: said } = expectSuccess(answer, `PUT ${name}`);
    return { isNew, atMs: Date.parse(said.get('last-modified') ?? '') };
  }

  /** Done as well where there is none. @throws AutosyncError RECORDS_UNAVAILABLE */
  async delete(name: string): Promise<void> {
    const answer = await this.#ask('DELETE', name);
    if (answer.status !== 404) expectSuccess(answer, `DELETE ${name}`);
  }

  /** A word kept with the account and with the container; undefined where one has none. @throws AutosyncError RECORDS_UNAVAILABLE */
  async labels(): Promise<readonly (string | undefined)[]> {
    const newest = HeaderList.from([['X-Newest', 'true']]);
    const label = async (kind: keyof typeof LABELS): Promise<string | undefined> => {
      const answer = await this.#request('HEAD', kind, newest);
      if (answer.status === 404) return undefined;
      return expectSuccess(answer, `HEAD of the ${kind}`).headers.get(LABELS[kind]);
    };
    return Promise.all([label('container'), label('account')]);
  }

  /** Makes the container where it is not. @throws AutosyncError RECORDS_UNAVAILABLE */
  async setLabels(label: string): Promise<void> {
    const set = async (method: string, kind: keyof typeof LABELS): Promise<void> => {
      const headers = HeaderList.from([[LABELS[kind], label]]);
      expectSuccess(await this.#request(method, kind, headers), `${method} of the ${kind}`);
    };
    await set('PUT', 'container');
    await set('POST', 'account');
  }

  /** Takes the container away, and the account's label. @throws AutosyncError RECORDS_UNAVAILABLE, also where something is in it */
  async remove(): Promise<void> {
    const answer = await this.#ask('DELETE', undefined);
    this.#made = undefined;
    if (answer.status !== 404) expectSuccess(answer, `DELETE ${STORE_CONTAINER}`);
    const headers = HeaderList.from([[LABELS.account, '']]);
    expectSuccess(await this.#request('POST', 'account', headers), 'POST of the account');
  }

  /** Rows whose names begin with the prefix, in Swift's order, so many at a time. A listing may lag behind what was written. */
  async *list(prefix: string, marker = '', limit = PAGE): AsyncGenerator<StoredRow> {
    for (let last = marker; ;) {
      const rows = await this.page({ prefix, marker: last, limit });
      yield* rows;
      const next = rows.at(-1)?.name;
      if (next === undefined || rows.length < limit) return;
      last = next;
    }
  }

  /** @throws AutosyncError RECORDS_UNAVAILABLE */
  async page(query: { prefix: string; marker: string; limit: number }): Promise<readonly StoredRow[]> {
    const { prefix, marker, limit } = query;
    const text = `?format=json&limit=${limit}&prefix=${encodeName(prefix)}&marker=${encodeName(marker)}`;
    const answer = await this.#ask(
      'GET',
      undefined,
      HeaderList.from([['X-Newest', 'true']]),
      undefined,
      text,
    );
    // The container may be gone while Swift's proxies still remember it, and take objects that no listing will show.
    if (answer.status === 404) this.#made = undefined;
    if (answer.status === 404 || answer.status === 204) return [];
    const rows = JSON.parse(expectSuccess(answer, `list ${prefix}`).body.toString('utf8')) as {
      name: string;
      content_type: string;
      last_modified: string;
    }[];
    return rows.map((row) => ({
      name: row.name,
      contentType: row.content_type,
      lastModified: row.last_modified,
    }));
  }

  /** What stands between the prefix and the next `/`, each once. @throws AutosyncError RECORDS_UNAVAILABLE */
  async folders(prefix: string): Promise<string[]> {
    const found: string[] = [];
    for (let marker = ''; ;) {
      const query = `?format=json&delimiter=/&prefix=${encodeName(prefix)}&marker=${encodeName(marker)}`;
      const answer = await this.#ask('GET', undefined, new HeaderList(), undefined, query);
      if (answer.status === 404 || answer.status === 204) return found;
      const rows = JSON.parse(expectSuccess(answer, `list ${prefix}`).body.toString('utf8')) as {
        name?: string;
        subdir?: string;
      }[];
      if (rows.length === 0) return found;
      for (const { subdir } of rows) if (subdir !== undefined) found.push(subdir.slice(prefix.length, -1));
      marker = rows.at(-1)?.subdir ?? rows.at(-1)?.name ?? '';
    }
  }

  #makeContainer(): Promise<void> {
    this.#made ??= this.#ask('PUT', undefined).then(
      (answer) => void expectSuccess(answer, `PUT ${STORE_CONTAINER}`),
    );
    this.#made.catch(() => (this.#made = undefined));
    return this.#made;
  }

  /** Of an object, or without a name of the container. */
  #ask(
    method: string,
    name: string | undefined,
    headers = new HeaderList(),
    body?: Buffer,
    query = '',
  ): Promise<ClientAnswer> {
    return this.#request(method, 'container', headers, { name, body, query });
  }

  async #request(
    method: string,
    kind: 'account' | 'container',
    headers: HeaderList,
    { name, body, query = '' }: { name?: string | undefined; body?: Buffer | undefined; query?: string } = {},
  ): Promise<ClientAnswer> {
    const account = await this.#account();
    if (account === undefined)
      throw new AutosyncError('RECORDS_UNAVAILABLE', 'The account of the service user is not known.');
    const target =
      kind === 'account' ? swiftTarget(account) : swiftTarget(account, STORE_CONTAINER, name) + query;
    try {
      const content = body === undefined ? {} : { body };
      const answer = await this.#swift.request({ kind: 'service' }, { method, target, headers, ...content });
      const atMs = Date.parse(answer.headers.get('date') ?? '');
      this.#answeredAtMs = Number.isNaN(atMs) ? undefined : atMs;
      return answer;
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
      throw new AutosyncError('RECORDS_UNAVAILABLE', error.message, { cause: error });
    }
  }
}

function expectSuccess(answer: ClientAnswer, what: string): ClientAnswer {
  if (isSuccess(answer.status)) return answer;
  throw new AutosyncError('RECORDS_UNAVAILABLE', `${what}: ${answer.status} ${answer.reason}`);
}
