// Objects as the local Swift keeps them: symlinks, SLO and DLO manifests as themselves. Read as container sync reads them, by its
// signature, since that follows no pointer with anybody's rights.
import type { ClientAnswer } from '../http/request-sender.js';
import { formatRequestHead } from '../http/head.js';
import { HeaderList } from '../http/headers.js';
import { HttpClient } from '../http/http-client.js';
import { collectBody, type MessageBody } from '../http/message-body.js';
import { AutosyncError } from '../lib/errors.js';
import { syncProof } from '../site/sync-proof.js';
import type { BaseSite } from '../site/site.js';
import { swiftTarget } from '../swift/path.js';
import { isSuccess } from '../swift/swift-client.js';
import { FIRST_TICK, formatTimestamp, parseTimestamp } from '../swift/timestamp.js';
import { probeDeletion, probeObject, type DeletionAnswer, type ProbeAnswer } from '../sync/probe.js';

export interface ObjectName {
  readonly account: string;
  readonly container: string;
  readonly object: string;
}

/** What makes an object, but for its bytes. */
export interface ObjectState {
  readonly ticks: bigint;
  readonly etag: string;
  readonly length: number;
  /** All that goes to a peer with it. */
  readonly headers: HeaderList;
}

/** Tell of one answer, or of one cluster, not of the object. */
const NOT_THE_OBJECTS = new Set([
  ...['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'date', 'last-modified', 'server'],
  ...['accept-ranges', 'x-timestamp', 'x-trans-id', 'x-openstack-request-id', 'via', 'content-range', 'vary'],
  ...['x-auth-token', 'x-storage-token', 'www-authenticate', 'set-cookie', 'age'],
]);

/** Undefined where the answer does not say it all. */
export function readObjectState({ headers }: Pick<ClientAnswer, 'headers'>): ObjectState | undefined {
  const ticks = parseTimestamp(headers.get('x-timestamp') ?? '');
  const etag = headers.get('etag')?.replace(/^"|"$/g, '');
  const length = Number(headers.get('content-length') ?? NaN);
  if (ticks === undefined || etag === undefined || !Number.isSafeInteger(length)) return undefined;
  const kept = new HeaderList();
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    const isOurs = !NOT_THE_OBJECTS.has(lower) && !lower.startsWith('access-control-');
    if (isOurs && lower !== 'etag') kept.add(name, value);
  }
  return { ticks, etag, length, headers: kept };
}

/** A symlink itself, not what it points to; a manifest, not its segments. */
export const RAW = '?symlink=get&multipart-manifest=get';

export class LocalObjects {
  readonly #site: BaseSite;
  readonly #client: HttpClient;

  constructor(site: BaseSite) {
    this.#site = site;
    this.#client = new HttpClient(site.transport);
  }

  /** Where they are. */
  get cluster(): string {
    return this.#site.clusters.mine;
  }

  /** Undefined where it is not here. @throws AutosyncError SWIFT_REFUSED and what the connection throws; a retry may help */
  async head(name: ObjectName, key: string): Promise<ObjectState | undefined> {
    const target = swiftTarget(name.account, name.container, name.object);
    const headers = this.#proof('HEAD', target, key).set('X-Newest', 'true');
    const timeoutMs = this.#site.options.peerTimeoutMs;
    const answer = await this.#client.request({ method: 'HEAD', target: target + RAW, headers, timeoutMs });
    return stateOf(answer);
  }

  /** With its bytes, which flow as they are taken. @throws as `head` */
  async get(
    name: ObjectName,
    key: string,
  ): Promise<{ readonly state: ObjectState; readonly body: MessageBody } | undefined> {
    const target = swiftTarget(name.account, name.container, name.object);
    const headers = this.#proof('GET', target, key).set('X-Newest', 'true');
    headers.raw.unshift('Host', this.#site.transport.authority);
    const response = await this.#site.transport.send({
      method: 'GET',
      head: formatRequestHead('GET', target + RAW, headers),
      body: undefined,
      isIdempotent: true,
    });
    const { status, reason, headers: answered } = response;
    if (status === 200) {
      const state = readObjectState(response);
      if (state !== undefined) return { state, body: response.body };
    }
    const body = await collectBody(response.body, MAX_REFUSAL_BYTES);
    stateOf({ status, reason, headers: answered, body });
    return undefined;
  }

  /** Whether it was deleted here since then. @throws as `head` */
  probe(name: ObjectName, key: string, ticks: bigint): Promise<DeletionAnswer> {
    return probeDeletion(
      () => this.#probe(name, key, ticks),
      async () => (await this.head(name, key)) !== undefined,
    );
  }

  /** `newer-here`: it is here, or was. @throws as `head` */
  probeAny(name: ObjectName, key: string): Promise<ProbeAnswer> {
    return this.#probe(name, key, FIRST_TICK);
  }

  #probe(name: ObjectName, key: string, ticks: bigint): Promise<ProbeAnswer> {
    const target = swiftTarget(name.account, name.container, name.object);
    const proof = this.#proof('PUT', target, key, formatTimestamp(ticks));
    return probeObject(this.#site.transport, target, proof);
  }

  #proof(method: string, target: string, key: string, timestamp = formatTimestamp(0n)): HeaderList {
    const proof = syncProof(this.#site, { method, target, timestamp }, key);
    if (proof !== undefined) return proof;
    throw new AutosyncError('SWIFT_REFUSED', 'The realm has no key: objects cannot be read.');
  }
}

const MAX_REFUSAL_BYTES = 1_048_576;

function stateOf(answer: ClientAnswer): ObjectState | undefined {
  if (answer.status === 404) return undefined;
  const state = isSuccess(answer.status) ? readObjectState(answer) : undefined;
  if (state !== undefined) return state;
  throw new AutosyncError('SWIFT_REFUSED', `reading an object: ${answer.status} ${answer.reason}.`);
}
