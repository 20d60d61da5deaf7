// One peer cluster's gateway: signed requests to it, and whether it is known to be down.
import { HeaderList } from '../http/headers.js';
import { formatRequestHead, type ResponseHead } from '../http/head.js';
import { HttpClient } from '../http/http-client.js';
import { collectBody, MessageBody } from '../http/message-body.js';
import type { IncomingResponse } from '../http/client-connection.js';
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

type Generation = 'current' | 'previous';

type Signable = Pick<PeerRequest, 'method' | 'target'> & {
  readonly headers?: HeaderList | undefined;
  readonly body?: Buffer | 'streamed' | undefined;
};

export interface StreamedPeerRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: HeaderList;
  readonly body: MessageBody | Buffer;
  readonly length: number;
  /** Lets the peer's Swift refuse the body before it has come; it begins to flow meanwhile, and stops at its answer. */
  readonly expectsContinue: boolean;
}

/** What came of a request to a peer. */
export type PeerResult =
  | { readonly kind: 'answer'; readonly answer: ClientAnswer }
  /** It did not answer, or is known to be down. Whether it did what it was asked is not known. */
  | { readonly kind: 'unreachable'; readonly detail: string };

/** A request whose answer streams, and whose body does so too. */
export interface OpenedPeerRequest {
  readonly method: string;
  /** `/v1/…`, percent-encoded. */
  readonly target: string;
  readonly headers?: HeaderList | undefined;
  /** Of a change of an object: nothing is signed of it. */
  readonly body?: MessageBody | Buffer | undefined;
  /** The server is to say 100 before the body comes; that goes to `onInformation`. */
  readonly expectsContinue?: boolean;
  /** How long it may say nothing; `timeoutMs` if not said. */
  readonly silenceMs?: number | undefined;
  readonly onInformation?: (head: ResponseHead) => void;
}

/** What came of a request whose answer streams. */
export type PeerStream =
  | { readonly kind: 'answer'; readonly response: IncomingResponse }
  | {
      readonly kind: 'unreachable';
      readonly detail: string;
      /** It surely did nothing: it is known to be down, cannot be connected to, or refused. */
      readonly hasDoneNothing: boolean;
    };

/** Says why a peer's request was refused. */
export const REFUSAL_HEADER = 'X-Autosync-Refusal';

const CONNECT_TIMEOUT_MS = 2_000;
const IDLE_MS = 15_000;
const MAX_IDLE = 64;
const MAX_ANSWER_BYTES = 65_536;
/** How much of the time that answers take is that of the last one. */
const NEWS = 0.2;

export class Peer {
  readonly name: string;
  readonly #options: PeerOptions;
  readonly #pool: OriginPool;
  readonly #client: HttpClient;
  /** Of the secret, that it took last. */
  #generation: Generation = 'current';
  /** Why it is taken to be down. */
  #downBecause: string | undefined;
  #downSinceMs = 0;
  #latencyMs = 0;
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

  /** How long it takes to begin an answer to a read, by and large; 0 while that is not known. */
  get latencyMs(): number {
    return this.#latencyMs;
  }

  /** Sends a signed request when its turn has come. Takes `timeoutMs` at most from then on, and no time at all while the peer is known to be down. Never rejects for a peer's trouble. */
  async send(request: PeerRequest): Promise<PeerResult> {
    if (this.#downBecause !== undefined) return { kind: 'unreachable', detail: this.#downBecause };
    try {
      const { throttle = AT_ONCE } = this.#options;
      let answer = await throttle(() => this.#ask(request, 'current'));
      const isTooNewForIt =
        answer.status === 401 && answer.headers.get(REFUSAL_HEADER) === 'unknown-generation';
      this.#generation = isTooNewForIt ? 'previous' : 'current';
      if (isTooNewForIt || isReadTwice(request, answer))
        answer = await throttle(() => this.#ask(request, this.#generation));
      return { kind: 'answer', answer };
    } catch (error) {
      if (!isPeersTrouble(error)) throw error;
      this.#goDown(error.message);
      return { kind: 'unreachable', detail: error.message };
    }
  }

  /**
   * Sends a signed request whose body streams, by the generation of the secret that the peer took last. Takes as long as bytes
   * flow. Never rejects for a peer's trouble, nor for one with the body.
   */
  async stream(request: StreamedPeerRequest): Promise<PeerResult> {
    const { method, target, body, expectsContinue } = request;
    const isStreamed = body instanceof MessageBody;
    if (this.#downBecause !== undefined) {
      if (isStreamed) body.abandon();
      return { kind: 'unreachable', detail: this.#downBecause };
    }
    let abort: ((reason?: Error) => void) | undefined;
    try {
      const signable = { method, target, headers: request.headers, body: 'streamed' } as const;
      const headers = this.#sign(signable, this.#generation);
      headers.raw.unshift('Host', this.#pool.authority);
      headers.add('Content-Length', String(request.length));
      if (expectsContinue) headers.add('Expect', '100-continue');
      const response = await this.#pool.send({
        method,
        head: formatRequestHead(method, this.#options.gateway.basePath + target, headers),
        body,
        isIdempotent: true,
        expectsContinue,
        onStart: (onward) => (abort = onward),
      });
      const answer = { ...response, body: await collectBody(response.body, MAX_ANSWER_BYTES) };
      // It has answered before it took all: the connection is of no more use.
      if (isStreamed && !body.isComplete) abort?.();
      return { kind: 'answer', answer };
    } catch (error) {
      if (isStreamed) body.abandon();
      if (!isPeersTrouble(error)) throw error;
      if (error.code === 'CONNECTION_FAILED') this.#goDown(error.message);
      return { kind: 'unreachable', detail: error.message };
    }
  }

  /**
   * Sends a signed request, and comes back with the head of its Swift's answer, whose body streams. Never rejects for a peer's trouble.
   *
   * @param onStart receives, once, a function that gives the request up
   */
  async open(
    request: OpenedPeerRequest,
    onStart: (abort: () => void) => void = () => undefined,
  ): Promise<PeerStream> {
    if (this.#downBecause !== undefined)
      return { kind: 'unreachable', detail: this.#downBecause, hasDoneNothing: true };
    const given = { up: false };
    const beganMs = performance.now();
    const ask = (generation: Generation): Promise<IncomingResponse> =>
      this.#open(request, generation, (abort) =>
        onStart(() => {
          given.up = true;
          abort();
        }),
      );
    try {
      let response = await ask(this.#generation);
      if (response.headers.get(REFUSAL_HEADER) === 'unknown-generation' && !given.up) {
        this.#generation = this.#generation === 'current' ? 'previous' : 'current';
        if (!(request.body instanceof MessageBody)) {
          response.body.abandon();
          response = await ask(this.#generation);
        }
      }
      if (isReadTwice(request, response) && !given.up) {
        response.body.abandon();
        response = await ask(this.#generation);
      }
      const refusal = response.headers.get(REFUSAL_HEADER);
      if (refusal !== undefined) {
        response.body.abandon();
        // Sent again on a new connection, it may have been taken the first time.
        const hasDoneNothing = refusal !== 'replayed';
        return { kind: 'unreachable', detail: `it refuses: ${refusal}`, hasDoneNothing };
      }
      const tookMs = performance.now() - beganMs;
      this.#latencyMs = this.#latencyMs === 0 ? tookMs : this.#latencyMs * (1 - NEWS) + tookMs * NEWS;
      return { kind: 'answer', response };
    } catch (error) {
      if (!isPeersTrouble(error)) throw error;
      // Who was given more time than a peer that is well needs may be at work.
      const isAtWork = error.code === 'UPSTREAM_TIMEOUT' && request.silenceMs !== undefined;
      if (!given.up && !isAtWork) this.#goDown(error.message);
      const hasDoneNothing = error.code === 'CONNECTION_FAILED';
      return { kind: 'unreachable', detail: error.message, hasDoneNothing };
    }
  }

  #open(
    request: OpenedPeerRequest,
    generation: Generation,
    onStart: (abort: () => void) => void,
  ): Promise<IncomingResponse> {
    const { method, target, headers: given, body, expectsContinue = false, onInformation } = request;
    const signed = body instanceof MessageBody ? 'streamed' : body;
    const headers = this.#sign({ method, target, headers: given, body: signed }, generation);
    headers.raw.unshift('Host', this.#pool.authority);
    addFraming(headers, method, body);
    if (expectsContinue) headers.add('Expect', '100-continue');
    const head = formatRequestHead(method, this.#options.gateway.basePath + target, headers);
    const how = { holdsBody: expectsContinue, ...(onInformation === undefined ? {} : { onInformation }) };
    return this.#pool.send({
      ...{ method, head, body, expectsContinue, silenceMs: request.silenceMs, isIdempotent: true, onStart },
      ...how,
    });
  }

  #ask(request: PeerRequest, generation: Generation): Promise<ClientAnswer> {
    const { method, target } = request;
    const body = request.body === undefined ? {} : { body: request.body };
    const headers = this.#sign(request, generation);
    const { gateway, timeoutMs } = this.#options;
    return this.#client.request({ method, target: gateway.basePath + target, headers, ...body, timeoutMs });
  }

  #sign({ method, target, headers: given, body }: Signable, useGeneration: Generation): HeaderList {
    const headers = given?.clone() ?? new HeaderList();
    headers.set('X-Orig-Cluster', this.#options.mySignatureName);
    signPeerRequest({
      method,
      target,
      headers,
      body,
      from: this.#options.mySignatureName,
      to: this.#options.signatureName,
      realm: this.#options.realm,
      secrets: this.#options.secrets.get(),
      nowMs: Date.now(),
      useGeneration,
    });
    return headers;
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

function addFraming(headers: HeaderList, method: string, body: MessageBody | Buffer | undefined): void {
  if (body instanceof MessageBody && body.framing.kind === 'length')
    headers.add('Content-Length', String(body.framing.length));
  else if (body instanceof MessageBody) headers.add('Transfer-Encoding', 'chunked');
  else if (body !== undefined || method === 'PUT' || method === 'POST')
    headers.add('Content-Length', String(body?.length ?? 0));
}

/** What cannot be signed is the sender's. */
function isPeersTrouble(error: unknown): error is AutosyncError {
  return error instanceof AutosyncError && error.code !== 'HEADERS_TOO_LARGE';
}

/**
 * A read whose connection broke under it: it was sent again as it was, and the peer had it already. Signed anew it is answered; a change is
 * not sent again, as nobody knows what became of it.
 */
function isReadTwice({ method }: { readonly method: string }, { headers }: { headers: HeaderList }): boolean {
  return (method === 'GET' || method === 'HEAD') && headers.get(REFUSAL_HEADER) === 'replayed';
}
