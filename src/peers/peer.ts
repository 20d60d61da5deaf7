// One peer cluster's gateway: signed requests to it, and whether it is known to be down.
import { HeaderList } from '../http/headers.js';
import { HttpClient } from '../http/http-client.js';
import type { Deadlines } from '../http/deadline.js';
import { OriginPool } from '../http/origin-pool.js';
import { AT_ONCE, type ClientAnswer, type Throttle } from '../http/request-sender.js';
import { AutosyncError } from '../lib/errors.js';
import type { SecretsFile } from '../sync/secrets.js';
import { signPeerRequest } from './signature.js';

export interface PeerOptions {
  /** As placements name it. */
  readonly name: string;
  /** As signatures name it: `//realm/cluster` or a URL. */
  readonly signatureName: string;
  /** `//realm/cluster` or URL of the cluster this gateway belongs to. */
  readonly mySignatureName: string;
  readonly realm: string;
  readonly secrets: Pick<SecretsFile, 'get'>;
  /** The peer's gateway: scheme, host, port, and the path before `/v1` if any. */
  readonly gateway: { readonly origin: string; readonly basePath: string };
  readonly timeoutMs: number;
  readonly probeIntervalMs: number;
  readonly deadlines: Deadlines;
  /** At once if not said. */
  readonly throttle?: Throttle;
  readonly onChange: (name: string, isUp: boolean, detail: string) => void;
}

export interface PeerRequest {
  readonly method: string;
  /** `/v1/…`, percent-encoded. */
  readonly target: string;
  readonly headers?: HeaderList;
  readonly body?: Buffer;
}

/** What came of a request to a peer. */
export type PeerResult =
  | { readonly kind: 'answer'; readonly answer: ClientAnswer }
  /** It did not answer, or is known to be down. Whether it did what it was asked is not known. */
  | { readonly kind: 'unreachable'; readonly detail: string };

/** Says why a peer's request was refused. */
export const REFUSAL_HEADER = 'X-Autosync-Refusal';

const CONNECT_TIMEOUT_MS = 2_000;
const IDLE_MS = 15_000;
const MAX_IDLE = 64;

export class Peer {
  readonly name: string;
  readonly #options: PeerOptions;
  readonly #pool: OriginPool;
  readonly #client: HttpClient;
  /** Why it is taken to be down. */
  #downBecause: string | undefined;
  #downSinceMs = 0;
  #probeTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: PeerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#pool = new OriginPool(
      options.gateway.origin,
      {
        connectTimeoutMs: Math.min(CONNECT_TIMEOUT_MS, options.timeoutMs),
        silenceMs: options.timeoutMs,
        idleMs: IDLE_MS,
        maxIdle: MAX_IDLE,
      },
      options.deadlines,
    );
    this.#client = new HttpClient(this.#pool);
  }

  /** Where it is reached: scheme, host, port, and the path before `/v1` if any. */
  get gateway(): PeerOptions['gateway'] {
    return this.#options.gateway;
  }

  get isDown(): boolean {
    return this.#downBecause !== undefined;
  }

  /** Why, and since when (milliseconds since 1970), it is taken to be down; undefined while it is not. */
  get downtime(): { readonly because: string; readonly sinceMs: number } | undefined {
    return this.#downBecause === undefined
      ? undefined
      : { because: this.#downBecause, sinceMs: this.#downSinceMs };
  }

  /** Sends a signed request when its turn has come. Takes `timeoutMs` at most from then on, and no time at all while the peer is known to be down. Never rejects for a peer's trouble. */
  async send(request: PeerRequest): Promise<PeerResult> {
    if (this.#downBecause !== undefined) return { kind: 'unreachable', detail: this.#downBecause };
    try {
      const { throttle = AT_ONCE } = this.#options;
      const answer = await throttle(() => this.#ask(request, 'current'));
      const isTooNewForIt =
        answer.status === 401 && answer.headers.get(REFUSAL_HEADER) === 'unknown-generation';
      return {
        kind: 'answer',
        answer: isTooNewForIt ? await throttle(() => this.#ask(request, 'previous')) : answer,
      };
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
      this.#goDown(error.message);
      return { kind: 'unreachable', detail: error.message };
    }
  }

  #ask(request: PeerRequest, generation: 'current' | 'previous'): Promise<ClientAnswer> {
    const { method, target } = request;
    const body = request.body === undefined ? {} : { body: request.body };
    const headers = request.headers?.clone() ?? new HeaderList();
    headers.set('X-Orig-Cluster', this.#options.mySignatureName);
    signPeerRequest({
      method,
      target,
      headers,
      ...body,
      from: this.#options.mySignatureName,
      to: this.#options.signatureName,
      realm: this.#options.realm,
      secrets: this.#options.secrets.get(),
      nowMs: Date.now(),
      useGeneration: generation,
    });
    const { gateway, timeoutMs } = this.#options;
    return this.#client.request({ method, target: gateway.basePath + target, headers, ...body, timeoutMs });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#probeTimer);
    this.#pool.close();
  }

  #goDown(detail: string): void {
    if (this.#downBecause !== undefined || this.#isClosed) return;
    this.#downBecause = detail;
    this.#downSinceMs = Date.now();
    this.#options.onChange(this.name, false, detail);
    this.#scheduleProbe();
  }

  /** Asks, without anyone waiting, whether it is back. */
  #scheduleProbe(): void {
    this.#probeTimer = setTimeout(() => void this.#probe(), this.#options.probeIntervalMs);
    this.#probeTimer.unref();
  }

  async #probe(): Promise<void> {
    const { basePath } = this.#options.gateway;
    const isBack = await this.#client
      .request({ method: 'GET', target: `${basePath}/healthcheck`, timeoutMs: this.#options.timeoutMs })
      .then(
        (answer) => answer.status < 500,
        () => false,
      );
    if (this.#isClosed) return;
    if (!isBack) {
      this.#scheduleProbe();
      return;
    }
    this.#downBecause = undefined;
    this.#options.onChange(this.name, true, '');
  }
}
