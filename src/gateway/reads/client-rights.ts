// Requests of this gateway's own in a client's name, to the local Swift: who the client is goes along, and of what it sent nothing else. So
// Swift reads the very path that is meant here, whatever it made of the client's own request (s3api, domain_remap).
import { askBeforeBody } from '../../http/before-body.js';
import { formatRequestHead, removeHopByHop } from '../../http/head.js';
import { HeaderList } from '../../http/headers.js';
import { ShortMemory } from '../../lib/short-memory.js';
import { swiftTarget } from '../../swift/path.js';
import { isSuccess } from '../../swift/swift-client.js';
import type { ContainerName } from '../../site/site.js';
import type { Site } from '../site.js';
import type { Exchange, OutgoingResponse } from '../station.js';
import type { ObjectName } from './pointer.js';

/** By what Swift knows a client, and how it came. */
const WHO = new Set([
  ...['x-auth-token', 'x-storage-token', 'x-service-token', 'referer', 'via', 'x-forwarded-for'],
]);
/** What of a request decides what it gets of an object. */
const SELECTING = new Set([
  ...['range', 'if-range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'],
  'origin',
]);

/** How long it is believed that a client may read a container's objects, or list it. Swift itself believes an ACL for a minute. */
const FRESH_MS = 1_000;

/** Who may, and what: by all that says who a client is. */
const memories = new WeakMap<Site, ShortMemory<true>>();

/** Of a client's headers those that say what it wants of an object. */
export function selectionOf(headers: HeaderList): HeaderList {
  return only(headers, SELECTING);
}

/** Whether it says who it is; else it is nobody in particular. */
export function hasToken(headers: HeaderList): boolean {
  return headers.has('x-auth-token') || headers.has('x-storage-token');
}

export class ClientRights {
  readonly #site: Site;
  readonly #exchange: Exchange;
  readonly #who: HeaderList;

  constructor(site: Site, exchange: Exchange) {
    this.#site = site;
    this.#exchange = exchange;
    this.#who = only(exchange.request.headers, WHO);
  }

  /** Who the client is, for a request of its own. */
  get headers(): HeaderList {
    return this.#who.clone();
  }

  /** What Swift says to this client; its body streams. @throws AutosyncError UPSTREAM_…; a retry may help */
  async ask(
    method: 'GET' | 'HEAD' | 'DELETE',
    target: string,
    selection = new HeaderList(),
  ): Promise<OutgoingResponse> {
    const { transport } = this.#site;
    const headers = new HeaderList(['Host', transport.authority, ...this.#who.raw, ...selection.raw]);
    const response = await transport.send({
      method,
      head: formatRequestHead(method, target, headers),
      body: undefined,
      isIdempotent: true,
      onStart: (abort) => (this.#exchange.request.onGone = () => abort()),
    });
    removeHopByHop(response.headers);
    return response;
  }

  /**
   * Whether Swift lets the client read that object, or list that container, be it here or not: it says 401 or 403 to others before it looks.
   * Rights are those of a container, so that who was let read one of its objects a moment ago may read the next.
   *
   * @throws as `ask`
   */
  async mayRead({ account, container, object }: ContainerName & Partial<ObjectName>): Promise<boolean> {
    const memory = memories.get(this.#site) ?? new ShortMemory(FRESH_MS);
    memories.set(this.#site, memory);
    const key = JSON.stringify([account, container, object === undefined, ...this.#who.raw]);
    if (memory.get(key) === true) return true;
    const { status } = await this.ask('HEAD', swiftTarget(account, container, object));
    const isAllowed = isSuccess(status) || status === 404;
    if (isAllowed) memory.set(key, true);
    return isAllowed;
  }

  /**
   * What Swift says to this client where it may not do that to that object; undefined where it may, though the object be elsewhere. It is asked as
   * for a PUT, whose rights are those of a POST and a DELETE: nothing is done by that.
   *
   * @throws as `ask`
   */
  async refusalOf(
    method: 'PUT' | 'POST' | 'DELETE',
    { account, container, object }: ObjectName,
  ): Promise<OutgoingResponse | undefined> {
    const target = swiftTarget(account, container, object);
    const { transport } = this.#site;
    const headers = new HeaderList(['Host', transport.authority, ...this.#who.raw]);
    const said = await askBeforeBody(transport, target, headers);
    if (said === 'continue') return undefined;
    // Quotas are looked at after rights, and are for uploads (middleware/account_quotas.py, container_quotas.py).
    if (said.status === 413 && method !== 'PUT') {
      said.body.abandon();
      return undefined;
    }
    removeHopByHop(said.headers);
    return said;
  }
}

function only(headers: HeaderList, names: ReadonlySet<string>): HeaderList {
  const kept = headers.clone();
  kept.removeWhere((header) => !names.has(header));
  return kept;
}
