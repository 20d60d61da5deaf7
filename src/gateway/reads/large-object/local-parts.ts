// Whether all that a large object of this cluster is made of is placed here. Swift reads what it has: of a dynamic one whose segments are
// elsewhere that is nothing, or too little, and a static one breaks off where the first is missing. What such an object is made of is
// remembered for a short time.
import { collectBody, MessageBody } from '../../../http/message-body.js';
import type { HeaderList } from '../../../http/headers.js';
import { AutosyncError } from '../../../lib/errors.js';
import { ShortMemory } from '../../../lib/short-memory.js';
import { swiftTarget } from '../../../swift/path.js';
import type { ContainerName } from '../../../site/site.js';
import type { Site } from '../../site.js';
import type { OutgoingResponse } from '../../station.js';
import { pointerIn, type ObjectName } from '../pointer.js';
import type { Places } from '../where.js';
import { parseSegments, type Segment } from './segments.js';

/** Asks the local Swift with the client's own rights. */
export type AskHere = (method: 'GET' | 'HEAD', target: string) => Promise<OutgoingResponse>;

/** How long what an object is made of is believed. */
const KEPT_MS = 60_000;
/** Nested ones included; what more of them are made of is not looked at. */
const MAX_MANIFESTS = 20;
/** Large objects in each other that Swift reads, the first included (middleware/slo.py, max_slo_recursion_depth). */
export const MAX_DEPTH = 10;
const MAX_MANIFEST_BYTES = 8 * 1024 * 1024;
const ITSELF = '?multipart-manifest=get';

/**
 * Whether an answer of the local Swift may be that of a large object some of whose parts it has not. 409: the first of them. 500: any, where
 * that comes out before Swift has sent anything, which it does from 4 KiB on (eventlet's `minimum_write_chunk_size`).
 */
export function lacksParts(method: string, { status }: OutgoingResponse): boolean {
  return method === 'GET' && (status === 409 || status === 500);
}

/** Whether an answer of the local Swift may be that of a large object with parts that it has not read, or not looked at. */
export function isOfLargeObject(method: string, { status, headers }: OutgoingResponse): boolean {
  if (headers.has('x-object-manifest')) return true;
  if (isDloRange({ status, headers })) return true;
  const isRead = status === 200 || status === 206;
  return method === 'GET' && isRead && headers.get('x-static-large-object')?.toLowerCase() === 'true';
}

/** Of a dynamic one this is all that Swift says; of any other object it would tell the ETag. */
function isDloRange({ status, headers }: Pick<OutgoingResponse, 'status' | 'headers'>): boolean {
  return status === 416 && !headers.has('etag');
}

export class LocalParts {
  readonly #site: Site;
  readonly #places: Places;
  /** Containers, by an SLO's name and its manifest's ETag. */
  readonly #containers = new ShortMemory<ReadonlySet<string>>(KEPT_MS);

  constructor(site: Site, places: Places) {
    this.#site = site;
    this.#places = places;
  }

  /** True also where that cannot be told. @param local one of `isOfLargeObject` */
  async areHere(
    { name, query }: { readonly name: ObjectName; readonly query: string },
    local: OutgoingResponse,
    ask: AskHere,
  ): Promise<boolean> {
    try {
      const containers = await this.#containersOf(name, query, local, ask);
      const areHere = [...containers].map((container) => this.#isHere({ account: name.account, container }));
      return (await Promise.all(areHere)).every(Boolean);
    } catch (error) {
      if (error instanceof AutosyncError) return true;
      throw error;
    }
  }

  async #isHere(name: ContainerName): Promise<boolean> {
    const { isHere } = await this.#places.findSoon(name, this.#site.options.defaultPlacement(name));
    return isHere;
  }

  async #containersOf(
    name: ObjectName,
    query: string,
    local: OutgoingResponse,
    ask: AskHere,
  ): Promise<Iterable<string>> {
    const itself = swiftTarget(name.account, name.container, name.object) + ITSELF;
    const { headers } = isDloRange(local) ? await ask('HEAD', itself) : local;
    const pointer = pointerIn(headers, name, query);
    if (pointer?.kind === 'dlo') return [pointer.container];
    return pointer?.kind === 'slo' ? this.#containersOfStatic(name, headers, ask) : [];
  }

  /** None where its manifest cannot be read now. */
  async #containersOfStatic(
    name: ObjectName,
    headers: HeaderList,
    ask: AskHere,
  ): Promise<ReadonlySet<string>> {
    const key = keyOf(name, headers.get('x-manifest-etag') ?? headers.get('etag'));
    const known = this.#containers.get(key);
    if (known !== undefined) return known;
    const found = new Set<string>();
    if (!(await this.#addContainers(found, name, ask))) return new Set();
    this.#containers.set(key, found);
    return found;
  }

  /** Of it, and of large objects among its segments, up to the first that is not here; false where one of their manifests cannot be read. */
  async #addContainers(found: Set<string>, name: ObjectName, ask: AskHere): Promise<boolean> {
    const manifests = new Map([[keyOf(name), name]]);
    let count = 0;
    for (const { account, container, object } of manifests.values()) {
      if ((count += 1) > MAX_MANIFESTS) return true;
      const segments = await segmentsOf({ account, container, object }, ask);
      if (segments === undefined) return false;
      for (const segment of segments) {
        if ('data' in segment) continue;
        const nested = { account, container: segment.container, object: segment.object };
        const isNew = !found.has(nested.container);
        found.add(nested.container);
        if (isNew && !(await this.#isHere(nested))) return true;
        if (segment.isLargeObject) manifests.set(keyOf(nested), nested);
      }
    }
    return true;
  }
}

/** Whether Swift refuses a static one for the depth of those in it, whatever it has of them; false where that cannot be told. */
export async function isNestedTooDeep(name: ObjectName, ask: AskHere): Promise<boolean> {
  try {
    return await reachesDepth(MAX_DEPTH + 1, name, ask);
  } catch (error) {
    if (error instanceof AutosyncError) return false;
    throw error;
  }
}

async function reachesDepth(wanted: number, name: ObjectName, ask: AskHere): Promise<boolean> {
  let level = new Map([[keyOf(name), name]]);
  let count = 0;
  for (let depth = 1; level.size > 0; depth += 1) {
    if (depth === wanted) return true;
    const nested: typeof level = new Map();
    for (const each of level.values()) {
      if ((count += 1) > MAX_MANIFESTS) return false;
      for (const segment of (await segmentsOf(each, ask)) ?? []) {
        if ('data' in segment || !segment.isLargeObject) continue;
        const { container, object } = segment;
        const one = { account: name.account, container, object };
        nested.set(keyOf(one), one);
      }
    }
    level = nested;
  }
  return false;
}

/** As its manifest names them; undefined where that cannot be read. */
async function segmentsOf(
  { account, container, object }: ObjectName,
  ask: AskHere,
): Promise<readonly Segment[] | undefined> {
  const answer = await ask('GET', swiftTarget(account, container, object) + ITSELF);
  const body = await bodyOf(answer);
  return answer.status === 200 ? parseSegments(body) : undefined;
}

function keyOf({ account, container, object }: ObjectName, etag = ''): string {
  return `${account}/${container}/${object} ${etag}`;
}

/** Nothing where it is longer than a manifest may be. */
async function bodyOf({ body }: OutgoingResponse): Promise<Buffer> {
  if (!(body instanceof MessageBody)) return body ?? Buffer.alloc(0);
  try {
    return await collectBody(body, MAX_MANIFEST_BYTES);
  } catch (error) {
    if (error instanceof AutosyncError && error.code === 'BODY_TOO_LARGE') return Buffer.alloc(0);
    throw error;
  }
}
