// Strings the stations of the configured pipeline together, and guards those that are a user's own modules.
import { randomBytes } from 'node:crypto';
import type { IncomingRequest, RequestHandler } from '../http/server-connection.js';
import { parseSwiftPath } from '../swift/path.js';
import { textAnswer } from './answer.js';
import type { App, Exchange, Filter, Logger, OutgoingResponse, SwiftPath } from './station.js';

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
  /** How long the module may take before it calls `next()`. */
  readonly timeoutMs: number;
  /** What happens when it takes longer, or throws: go on without it, or refuse the request. */
  readonly failure: 'default' | 'refuse';
}

/** Keeps a user's filter from standing between a client and Swift: bounded in time, and passed over (or refused) when it fails. */
export function guardFilter(filter: Filter, options: GuardOptions, log: Logger): Filter {
  return (exchange, next) =>
    new Promise<OutgoingResponse>((resolve, reject) => {
      let answer: Promise<OutgoingResponse> | undefined;
      let isGivenUp = false;
      const timer = setTimeout(
        () => giveUp(`took longer than ${options.timeoutMs / 1000} s`),
        options.timeoutMs,
      );
      const onward: () => Promise<OutgoingResponse> = () => {
        if (isGivenUp) return Promise.reject(new Error('The request went on without this filter.'));
        clearTimeout(timer);
        answer ??= next();
        return answer;
      };
      const giveUp = (what: string, error?: unknown): void => {
        clearTimeout(timer);
        if (isGivenUp) return;
        log.error(
          { txn: exchange.id, filter: options.name, err: error },
          `the filter ${options.name} ${what}`,
        );
        if (answer !== undefined) {
          answer.then(resolve, reject);
          return;
        }
        isGivenUp = true;
        if (options.failure === 'refuse') {
          resolve(
            textAnswer(
              exchange,
              503,
              `The placement engine ${options.name} ${what}; placement_failure = refuse.`,
            ),
          );
          return;
        }
        exchange.placement = undefined;
        next().then(resolve, reject);
      };
      Promise.resolve()
        .then(() => filter(exchange, onward))
        .then(
          (response) => {
            clearTimeout(timer);
            if (!isGivenUp) resolve(response);
          },
          (error: unknown) => giveUp('threw an error', error),
        );
    });
}
