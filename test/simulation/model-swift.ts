// One Swift cluster in memory: containers, settings, objects, tombstones and listings that may lag, as Swift itself treats them.
// Knows nothing of autosync, of time's passing or of other clusters. Left out: rights, policies but one, replicas, sharding.
import { HeaderList } from '../../src/http/headers.js';
import type { ClientAnswer } from '../../src/http/request-sender.js';
import { compareNames } from '../../src/lib/name-order.js';
import { parseSwiftPath, queryParameter, type SwiftPath } from '../../src/swift/path.js';
import { headerKey, isSetting } from '../../src/swift/settings.js';
import { formatTimestamp, parseTimestamp } from '../../src/swift/timestamp.js';
import { Listing, type Row } from './listing.js';

export interface ModelObject {
  readonly ticks: number;
  /** Undefined: a tombstone. */
  readonly body: Buffer | undefined;
  readonly contentType: string;
}

export interface ModelContainer {
  exists: boolean;
  /** Stays that of the first creation, through delete and re-create. */
  readonly createdTicks: number;
  putTicks: number;
  readonly settings: Map<string, string>;
  readonly policy: string;
  /** Tombstones included; they survive the container's deletion. */
  readonly objects: Map<string, ModelObject>;
  listing: Listing;
}

export interface ModelRequest {
  readonly method: string;
  readonly target: string;
  readonly headers?: HeaderList | undefined;
  readonly body?: string | Buffer | undefined;
}

/** A target taken apart; the same few come again and again. */
interface Parsed {
  readonly path: SwiftPath;
  readonly marker: string;
  readonly prefix: string;
  readonly hasDelimiter: boolean;
  readonly limit: number;
}

const parsed = new Map<string, Parsed>();

function parse(target: string): Parsed {
  const known = parsed.get(target);
  if (known !== undefined) return known;
  const fresh: Parsed = {
    path: parseSwiftPath(target),
    marker: queryParameter(target, 'marker') ?? '',
    prefix: queryParameter(target, 'prefix') ?? '',
    hasDelimiter: queryParameter(target, 'delimiter') !== undefined,
    limit: Number(queryParameter(target, 'limit') ?? 10_000),
  };
  if (parsed.size < 10_000) parsed.set(target, fresh);
  return fresh;
}

interface ModelAccount {
  readonly settings: Map<string, string>;
  readonly containers: Map<string, ModelContainer>;
  listing: Listing;
}

export const SYNC_TO = 'x-container-sync-to';
export const SYNC_KEY = 'x-container-sync-key';
const POLICY = 'gold';

export class ModelSwift {
  readonly #index: number;
  readonly #now: () => number;
  readonly #accounts = new Map<string, ModelAccount>();
  #lastTicks = 0;
  /** How long listings of containers, and of the service user's objects, lag behind. */
  lagMs = 0;
  /** State changes so far. */
  writes = 0;

  /** @param index tells the timestamps of clusters apart @param now this cluster's clock, in milliseconds */
  constructor(index: number, now: () => number) {
    this.#index = index;
    this.#now = now;
  }

  handle(request: ModelRequest): ClientAnswer {
    const { path } = parse(request.target);
    switch (path.kind) {
      case 'account':
        return this.#account(this.account(path.account), request);
      case 'container':
        return this.#container(this.account(path.account), path.container, request);
      case 'object':
        return this.#object(this.account(path.account).containers.get(path.container), path.object, request);
      case 'other':
        return answer(412);
    }
  }

  account(name: string): ModelAccount {
    let account = this.#accounts.get(name);
    if (account === undefined) {
      account = { settings: new Map(), containers: new Map(), listing: new Listing() };
      this.#accounts.set(name, account);
    }
    return account;
  }

  /** A container that is there. */
  find(account: string, name: string): ModelContainer | undefined {
    const container = this.account(account).containers.get(name);
    return container?.exists === true ? container : undefined;
  }

  /** Whether the account's listing shows that container, or the object's; anything else is taken to be shown. */
  isListed(target: string): boolean {
    const { path } = parse(target);
    if (path.kind !== 'container' && path.kind !== 'object') return true;
    return this.account(path.account)
      .listing.at(this.#now())
      .some(([name]) => name === path.container);
  }

  /** What a copy that came by container sync does: the newer stays. */
  take(container: ModelContainer, name: string, object: ModelObject): void {
    const known = container.objects.get(name);
    if (known !== undefined && known.ticks >= object.ticks) return;
    this.writes += 1;
    container.objects.set(name, object);
    container.listing.note(name, object.body === undefined ? undefined : object, 0);
  }

  wipe(): void {
    this.#accounts.clear();
  }

  /** Containers, their settings and listings are gone; objects are not, and can be read by name. */
  loseContainers(): void {
    for (const account of this.#accounts.values()) {
      account.listing = new Listing();
      for (const container of account.containers.values()) {
        container.exists = false;
        container.settings.clear();
        container.listing = new Listing();
      }
    }
  }

  #account(account: ModelAccount, { method, target, headers }: ModelRequest): ClientAnswer {
    if (method === 'GET') {
      const rows = page(account.listing.at(this.#now()), target).map(([name, { ticks }]) => ({
        name,
        last_modified: listingTime(ticks),
      }));
      return json(rows);
    }
    if (method === 'HEAD') return answer(204, [...account.settings]);
    if (method !== 'POST' && method !== 'PUT') return answer(405);
    this.writes += 1;
    applySettings('account', account.settings, headers);
    return answer(204);
  }

  #container(account: ModelAccount, name: string, request: ModelRequest): ClientAnswer {
    const known = account.containers.get(name);
    const here = known?.exists === true ? known : undefined;
    switch (request.method) {
      case 'PUT':
        return this.#putContainer(account, name, known, request);
      case 'POST':
        if (here === undefined) return answer(404);
        if ([...(request.headers ?? [])].some(([header]) => header.toLowerCase().startsWith('x-c')))
          this.writes += 1;
        here.putTicks = this.#tick();
        applySettings('container', here.settings, request.headers);
        return answer(204);
      case 'DELETE':
        if (here === undefined) return answer(404);
        if (countOf(here) > 0) return answer(409);
        this.writes += 1;
        here.exists = false;
        here.settings.clear();
        account.listing.note(name, undefined, this.#now() + this.lagMs);
        return answer(204);
      case 'HEAD':
        return here === undefined ? answer(404) : answer(204, containerHeaders(here));
      case 'GET':
        return here === undefined ? answer(404) : listObjects(here, request.target, this.#now());
      default:
        return answer(405);
    }
  }

  #putContainer(
    account: ModelAccount,
    name: string,
    known: ModelContainer | undefined,
    { headers }: ModelRequest,
  ): ClientAnswer {
    const ticks = this.#tick();
    const policy = headers?.get('x-storage-policy') ?? POLICY;
    if (policy !== POLICY) return answer(400);
    this.writes += 1;
    const container: ModelContainer = known ?? {
      exists: false,
      createdTicks: ticks,
      putTicks: ticks,
      settings: new Map(),
      policy,
      objects: new Map(),
      listing: new Listing(),
    };
    const isNew = !container.exists;
    container.exists = true;
    container.putTicks = ticks;
    account.containers.set(name, container);
    applySettings('container', container.settings, headers);
    account.listing.note(name, { ticks, contentType: '' }, this.#now() + this.lagMs);
    return answer(isNew ? 201 : 202);
  }

  #object(container: ModelContainer | undefined, name: string, request: ModelRequest): ClientAnswer {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (container === undefined || (!container.exists && !isRead)) return answer(404);
    const key = request.headers?.get(SYNC_KEY);
    if (key !== undefined && key !== container.settings.get(SYNC_KEY)) return answer(401);
    const known = container.objects.get(name);
    const sent = key === undefined ? undefined : parseTimestamp(request.headers?.get('x-timestamp') ?? '');
    const ticks = sent === undefined ? this.#tick() : Number(sent);
    const isOlder = known !== undefined && known.ticks >= ticks;
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        if (known?.body === undefined) return answer(404);
        return answer(
          200,
          [
            ['X-Timestamp', formatTimestamp(BigInt(known.ticks))],
            ['Content-Type', known.contentType],
          ],
          request.method === 'GET' ? known.body : undefined,
        );
      case 'PUT':
        if (isOlder) return answer(202);
        if (request.headers?.has('expect') === true) return answer(100);
        this.#write(container, name, {
          ticks,
          body: Buffer.from(request.body ?? ''),
          contentType: request.headers?.get('content-type') ?? '',
        });
        return answer(201, [['Last-Modified', httpDate(ticks)]]);
      case 'DELETE':
        if (isOlder) return answer(known.body === undefined ? 404 : 409);
        this.#write(container, name, { ticks, body: undefined, contentType: '' });
        return answer(known?.body === undefined ? 404 : 204);
      default:
        return answer(405);
    }
  }

  #write(container: ModelContainer, name: string, object: ModelObject): void {
    this.writes += 1;
    container.objects.set(name, object);
    const lagMs = isOfRecords(name) ? this.lagMs : 0;
    container.listing.note(name, object.body === undefined ? undefined : object, this.#now() + lagMs);
  }

  /** Of 10 µs each; never twice the same, here or on another cluster. */
  #tick(): number {
    const ms = Math.max(this.#now(), Math.floor(this.#lastTicks / 100) + 1);
    this.#lastTicks = ms * 100 + this.#index * 10;
    return this.#lastTicks;
  }
}

/** Swift's own database is what refuses the DELETE of a container, so users' listings do not lag in this model. */
function isOfRecords(object: string): boolean {
  return object.includes('/');
}

function countOf(container: ModelContainer): number {
  let count = 0;
  for (const { body } of container.objects.values()) if (body !== undefined) count += 1;
  return count;
}

function containerHeaders(container: ModelContainer): [string, string][] {
  const { settings, policy, createdTicks, putTicks } = container;
  return [
    ...settings,
    ['X-Container-Object-Count', String(countOf(container))],
    ['X-Storage-Policy', policy],
    ['X-Timestamp', formatTimestamp(BigInt(createdTicks))],
    ['Last-Modified', httpDate(putTicks)],
  ];
}

/** Swift rounds up. */
function httpDate(ticks: number): string {
  return new Date(Math.ceil(ticks / 100_000) * 1000).toUTCString();
}

function listObjects(container: ModelContainer, target: string, nowMs: number): ClientAnswer {
  const rows = page(container.listing.at(nowMs), target);
  const { prefix, hasDelimiter } = parse(target);
  if (!hasDelimiter) {
    return json(
      rows.map(([name, { ticks, contentType }]) => ({
        name,
        content_type: contentType,
        last_modified: listingTime(ticks),
      })),
    );
  }
  const found = new Set<string>();
  for (const [name] of rows) {
    const end = name.indexOf('/', prefix.length);
    if (end >= 0) found.add(name.slice(0, end + 1));
  }
  return json([...found].map((subdir) => ({ subdir })));
}

/** By prefix, marker and limit. A folder's name as the marker passes over all that is in it. */
function page(rows: [string, Row][], target: string): [string, Row][] {
  const { marker, prefix, hasDelimiter, limit } = parse(target);
  const isFolder = hasDelimiter && marker.endsWith('/');
  return rows
    .filter(([name]) => name.startsWith(prefix) && (marker === '' || compareNames(name, marker) > 0))
    .filter(([name]) => !(isFolder && name.startsWith(marker)))
    .slice(0, limit);
}

function applySettings(
  kind: 'account' | 'container',
  settings: Map<string, string>,
  headers: HeaderList | undefined,
): void {
  for (const [header, value] of headers ?? []) {
    const key = headerKey(header);
    const isRemoval = key.startsWith('x-remove-');
    const name = isRemoval ? `x-${key.slice('x-remove-'.length)}` : key;
    if (!isSetting(kind, name) && name !== SYNC_TO && name !== SYNC_KEY) continue;
    if (isRemoval || value === '') settings.delete(name);
    else settings.set(name, value);
  }
}

function listingTime(ticks: number): string {
  const text = new Date(Math.floor(ticks / 100_000) * 1000).toISOString().slice(0, 19);
  return `${text}.${String((ticks % 100_000) * 10).padStart(6, '0')}`;
}

function json(data: unknown): ClientAnswer {
  return answer(200, [['Content-Type', 'application/json']], Buffer.from(JSON.stringify(data)));
}

const NOTHING = Buffer.alloc(0);

function answer(
  status: number,
  headers: Iterable<readonly [string, string]> = [],
  body: Buffer = NOTHING,
): ClientAnswer {
  return { status, reason: `${status}`, headers: HeaderList.from(headers), body };
}
