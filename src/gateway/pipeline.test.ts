// Promises of the pipeline, and of the guard about a user's own filter.
import { describe, expect, it, vi } from 'vitest';
import { SILENT } from '../../test/support/bare-gateway.js';
import { HeaderList } from '../http/headers.js';
import { MessageBody } from '../http/message-body.js';
import { AutosyncError } from '../lib/errors.js';
import { composePipeline, guardFilter, type GuardOptions } from './pipeline.js';
import type { App, Exchange, Filter, IncomingRequest, Logger, OutgoingResponse } from './station.js';

function request(target = '/v1/a/c'): IncomingRequest {
  return {
    method: 'PUT',
    target,
    version: '1.1',
    headers: HeaderList.from([['Host', 'h']]),
    framing: { kind: 'none' },
    body: new MessageBody({ kind: 'none' }, { pause: () => undefined, resume: () => undefined }),
    remoteAddress: '127.0.0.1',
    expectsContinue: false,
    inform: () => undefined,
    onGone: undefined,
  };
}

function answer(status: number, body?: MessageBody): OutgoingResponse {
  return { status, reason: 'x', headers: new HeaderList(), body };
}

interface Run {
  readonly response: OutgoingResponse | undefined;
  readonly error: unknown;
  readonly placements: (readonly string[] | undefined)[];
  readonly log: string[];
}

/** One request through the guarded filter; what the app saw, what came out, and what was logged. */
async function run(filter: Filter, options: Partial<GuardOptions> = {}, app?: App): Promise<Run> {
  const log: string[] = [];
  const placements: (readonly string[] | undefined)[] = [];
  const logger: Logger = { ...SILENT, error: (_fields, message) => log.push(message) };
  const guarded = guardFilter(
    filter,
    { name: 'mine', timeoutMs: 40, failure: 'default', ...options },
    logger,
  );
  const handler = composePipeline([guarded], (exchange) => {
    placements.push(exchange.placement);
    return app === undefined ? Promise.resolve(answer(201)) : app(exchange);
  });
  try {
    return { response: await handler(request()), error: undefined, placements, log };
  } catch (error) {
    return { response: undefined, error, placements, log };
  } finally {
    // Whatever is late, is late by now.
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
}

const never = (): Promise<OutgoingResponse> => new Promise(() => undefined);

function place(exchange: Exchange): void {
  exchange.placement = ['one', 'two'];
}

describe('a pipeline', () => {
  it('runs its filters from the outermost in, and back', async () => {
    const steps: string[] = [];
    const station = (name: string): Filter => {
      return async (_exchange, next) => {
        steps.push(`${name} in`);
        const response = await next();
        steps.push(`${name} out`);
        return response;
      };
    };
    const handler = composePipeline([station('a'), station('b')], (exchange) => {
      steps.push(`app ${exchange.path.kind}`);
      return Promise.resolve(answer(200));
    });
    expect((await handler(request())).status).toBe(200);
    expect(steps).toEqual(['a in', 'b in', 'app container', 'b out', 'a out']);
  });

  it('names each request anew', async () => {
    const ids = new Set<string>();
    const handler = composePipeline([], (exchange) => {
      ids.add(exchange.id).add(exchange.id);
      return Promise.resolve(answer(200));
    });
    for (let i = 0; i < 10; i += 1) await handler(request());
    expect(ids.size).toBe(10);
  });
});

describe("a user's filter", () => {
  it('that does as it should is not in the way', async () => {
    const result = await run(async (exchange, next) => {
      place(exchange);
      const response = await next();
      response.headers.add('X-Mine', '1');
      return response;
    });
    expect(result).toMatchObject({ response: { status: 201 }, placements: [['one', 'two']], log: [] });
    expect(result.response?.headers.get('x-mine')).toBe('1');
  });

  it.each<[string, Filter]>([
    [
      'throws',
      () => {
        throw new Error('engine fault');
      },
    ],
    ['rejects', () => Promise.reject(new Error('engine fault'))],
    ['hangs', never],
    ['returns nothing', (() => Promise.resolve(undefined)) as unknown as Filter],
    ['returns what is no answer', (() => Promise.resolve({ status: 'x' })) as unknown as Filter],
    ['returns no promise', (() => 7) as unknown as Filter],
  ])('that %s before next() is passed over, without its placement, and logged once', async (_, filter) => {
    const result = await run((exchange, next) => {
      place(exchange);
      return filter(exchange, next);
    });
    expect(result).toMatchObject({ response: { status: 201 }, placements: [undefined] });
    expect(result.log).toHaveLength(1);
    expect(result.log[0]).toContain('the filter mine');
  });

  it('that fails is refused with 503 where placement_failure says so', async () => {
    const result = await run(() => Promise.reject(new Error('engine fault')), { failure: 'refuse' });
    expect(result).toMatchObject({ response: { status: 503 }, placements: [] });
    expect((result.response?.body as Buffer).toString()).toContain(
      'mine threw an error; placement_failure = refuse',
    );
  });

  it('that answers itself has the last word, and Swift is not asked', async () => {
    const result = await run(() => Promise.resolve(answer(418)));
    expect(result).toMatchObject({ response: { status: 418 }, placements: [], log: [] });
  });

  it.each<[string, Filter]>([
    [
      'throws',
      async (_exchange, next) => {
        await next();
        throw new Error('engine fault');
      },
    ],
    [
      'hangs',
      async (_exchange, next) => {
        await next();
        return never();
      },
    ],
    [
      'returns nothing',
      (async (_exchange: Exchange, next: () => Promise<unknown>) => {
        await next();
      }) as unknown as Filter,
    ],
  ])('that %s after next() is logged, and the answer it had goes to the client', async (_, filter) => {
    const result = await run(filter);
    expect(result).toMatchObject({ response: { status: 201 } });
    expect(result.placements).toHaveLength(1);
    expect(result.log).toHaveLength(1);
  });

  it('may take as long as Swift takes for its answer', async () => {
    const slow = (): Promise<OutgoingResponse> =>
      new Promise((resolve) => setTimeout(() => resolve(answer(200)), 150));
    const result = await run(async (_exchange, next) => next(), {}, slow);
    expect(result).toMatchObject({ response: { status: 200 }, log: [] });
  });

  it('is not blamed for an error from further in', async () => {
    const down = new AutosyncError('UPSTREAM_DOWN');
    const passedOn = await run(
      (_exchange, next) => next(),
      {},
      () => Promise.reject(down),
    );
    expect(passedOn).toMatchObject({ error: down, log: [] });
    const wrapped = await run(
      (_exchange, next) => next().catch(() => Promise.reject(new Error('mine'))),
      {},
      () => Promise.reject(down),
    );
    expect(wrapped).toMatchObject({ error: down, log: [] });
  });

  it('may turn an error from further in into an answer', async () => {
    const result = await run(
      (_exchange, next) => next().catch(() => answer(418)),
      {},
      () => Promise.reject(new AutosyncError('UPSTREAM_DOWN')),
    );
    expect(result).toMatchObject({ response: { status: 418 }, log: [] });
  });

  it('that calls next() twice has the request made once', async () => {
    const result = await run(async (_exchange, next) => {
      const [first, second] = await Promise.all([next(), next()]);
      expect(first).toBe(second);
      return second;
    });
    expect(result).toMatchObject({ response: { status: 201 }, placements: [undefined], log: [] });
  });

  it('that wakes up too late can neither send the request again nor answer', async () => {
    let late: unknown;
    const result = await run(async (_exchange, next) => {
      await new Promise((resolve) => setTimeout(resolve, 70));
      late = await next().catch((error: unknown) => error);
      return answer(418);
    });
    expect(result).toMatchObject({ response: { status: 201 }, placements: [undefined] });
    expect(late).toBeInstanceOf(Error);
  });

  it('that forgets to wait for next() brings nothing down, whatever comes of it', async () => {
    const unhandled = vi.fn();
    process.once('unhandledRejection', unhandled);
    const result = await run(
      (_exchange, next) => {
        void next();
        return Promise.resolve(answer(202));
      },
      {},
      () => Promise.reject(new Error('later')),
    );
    process.removeListener('unhandledRejection', unhandled);
    expect(result).toMatchObject({ response: { status: 202 }, log: [] });
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('that puts its own answer in place of the one it got lets that go', async () => {
    const body = new MessageBody(
      { kind: 'length', length: 9 },
      { pause: () => undefined, resume: () => undefined },
    );
    const result = await run(
      async (_exchange, next) => {
        await next();
        return answer(418);
      },
      {},
      () => Promise.resolve(answer(200, body)),
    );
    expect(result.response?.status).toBe(418);
    expect(body.isAbandoned).toBe(true);
  });
});
