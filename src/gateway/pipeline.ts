// Strings the stations of the configured pipeline together, and guards those that are a user's own modules.
import { randomBytes } from 'node:crypto';
import { MessageBody } from '../http/message-body.js';
import type { IncomingRequest, RequestHandler } from '../http/server-connection.js';
import { parseSwiftPath } from '../swift/path.js';
import { textAnswer } from './answer.js';
import type { App, Exchange, Filter, Logger, Next, OutgoingResponse, SwiftPath } from './station.js';

class RequestExchange implements Exchange {
  readonly request: IncomingRequest;
  readonly path: SwiftPath;
  placement: readonly string[] | undefined;
  outlivesClient = false;
  #id: string | undefined;

  constructor(request: IncomingRequest) {
    this.request = request;
    this.path = parseSwiftPath(request.target);
  }

  get id(): string {
    this.#id ??= `tx${randomBytes(10).toString('hex')}-autosync`;
    return this.#id;
  }
}

/** The filters, outermost first, around the app. */
export function composePipeline(filters: readonly Filter[], app: App): RequestHandler {
  const run = filters.reduceRight<App>(
    (inner, filter) => (exchange) => filter(exchange, () => inner(exchange)),
    app,
  );
  return (request) => run(new RequestExchange(request));
}

export interface GuardOptions {
  readonly name: string;
  /** How long the module may take before it calls `next()`, and from the answer to its own end. */
  readonly timeoutMs: number;
  /** What happens when it takes longer, or throws: go on without it, or refuse the request. */
  readonly failure: 'default' | 'refuse';
}

/** Keeps a user's filter from standing between a client and Swift: bounded in time, and passed over (or refused) when it fails. */
export function guardFilter(filter: Filter, options: GuardOptions, log: Logger): Filter {
  return (exchange, next) =>
    new Promise((resolve, reject) => {
      new GuardedCall({ exchange, next, options, log, resolve, reject }).run(filter);
    });
}

interface CallParts {
  readonly exchange: Exchange;
  readonly next: Next;
  readonly options: GuardOptions;
  readonly log: Logger;
  readonly resolve: (response: OutgoingResponse | Promise<OutgoingResponse>) => void;
  readonly reject: (error: unknown) => void;
}

/** One request in the hands of a user's filter. */
class GuardedCall {
  readonly #parts: CallParts;
  /** What the next station answers; set once the filter has called `next()`. */
  #answer: Promise<OutgoingResponse> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The filter has had its say. */
  #isOver = false;

  constructor(parts: CallParts) {
    this.#parts = parts;
  }

  run(filter: Filter): void {
    this.#startTimer();
    Promise.resolve()
      .then(() => filter(this.#parts.exchange, () => this.#next()))
      .then(
        (response) => {
          if (isAnswer(response)) this.#finish(response);
          else this.#giveUp('returned no answer');
        },
        (error: unknown) => this.#giveUp('threw an error', error),
      );
  }

  #next(): Promise<OutgoingResponse> {
    if (this.#isOver) return Promise.reject(new Error('The request went on without this filter.'));
    if (this.#answer === undefined) {
      clearTimeout(this.#timer);
      this.#answer = this.#parts.next();
      // However the next station ends, the filter may not look at it.
      this.#answer.then(
        () => this.#startTimer(),
        () => this.#startTimer(),
      );
    }
    return this.#answer;
  }

  #startTimer(): void {
    if (this.#isOver) return;
    const { timeoutMs } = this.#parts.options;
    this.#timer = setTimeout(() => this.#giveUp(`took longer than ${timeoutMs / 1000} s`), timeoutMs);
  }

  #finish(response: OutgoingResponse): void {
    if (!this.#end()) return;
    this.#parts.resolve(response);
    // An answer that the filter replaced by its own must not keep its connection waiting.
    this.#answer?.then(
      ({ body }) => {
        if (body !== response.body && body instanceof MessageBody && !body.hasConsumer) body.abandon();
      },
      () => undefined,
    );
  }

  #giveUp(what: string, error?: unknown): void {
    if (!this.#end()) return;
    const { exchange, next, options, resolve } = this.#parts;
    if (this.#answer !== undefined) {
      resolve(this.#answer);
      this.#answer.then(
        () => this.#report(what, error),
        // What went wrong is further in: no fault of the filter's, which only passes it on.
        () => undefined,
      );
      return;
    }
    this.#report(what, error);
    exchange.placement = undefined;
    const refusal = `The placement engine ${options.name} ${what}; placement_failure = refuse.`;
    resolve(options.failure === 'refuse' ? textAnswer(exchange, 503, refusal) : next());
  }

  #report(what: string, error: unknown): void {
    const { exchange, options, log } = this.#parts;
    const fields = { txn: exchange.id, filter: options.name, err: error };
    log.error(fields, `the filter ${options.name} ${what}`);
  }

  /** False when it was over before. */
  #end(): boolean {
    clearTimeout(this.#timer);
    const isFirst = !this.#isOver;
    this.#isOver = true;
    return isFirst;
  }
}

function isAnswer(response: OutgoingResponse | undefined): response is OutgoingResponse {
  return typeof response?.status === 'number' && Array.isArray(response.headers.raw);
}
