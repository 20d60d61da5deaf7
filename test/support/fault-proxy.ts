// Stands between one process and all that it asks: its Swift, its peers. Keeps every request, and can kill the process at one of
// them. Knows HTTP, and nothing of what is asked.
import {
  createServer,
  request,
  type ClientRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request that the process sent. */
export interface Step {
  /** Whom it asked, by the name of the upstream. */
  readonly of: string;
  readonly method: string;
  /** Raw. */
  readonly target: string;
  /** As on the wire: name, value, name, value. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** Requests that change something, as far as they were sent before this one. */
  readonly writesBefore: number;
  /** How many of these were not answered when this one was sent. */
  readonly writesUnderWay: number;
}

/** `before`: nobody has heard of the request; `after`: it was carried out, and the process never hears of it. */
export type When = 'before' | 'after';

/** Whether the process dies over this request. `refuse`: it lives; the answer is 503, and nobody else has heard of it. */
export type Doom = (step: Step) => When | 'refuse' | undefined;

/** Whether it changes what anybody holds. */
export function isWrite({ method }: Pick<Step, 'method'>): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

const HOP_BY_HOP = new Set(['connection', 'keep-alive']);

export class FaultProxy {
  /** Since `watch`. */
  readonly steps: Step[] = [];
  readonly #upstreams: ReadonlyMap<string, string>;
  readonly #servers = new Map<string, Server>();
  #doom: Doom | undefined;
  #kill: () => void = () => undefined;
  #isDead = false;
  #writes = 0;
  #writesUnderWay = 0;

  private constructor(upstreams: Readonly<Record<string, string>>) {
    this.#upstreams = new Map(Object.entries(upstreams));
  }

  /** @param upstreams where requests go, by name: `http://HOST:PORT` */
  static async open(upstreams: Readonly<Record<string, string>>): Promise<FaultProxy> {
    const proxy = new FaultProxy(upstreams);
    await Promise.all([...proxy.#upstreams.keys()].map((name) => proxy.#listen(name)));
    return proxy;
  }

  /** Where the process reaches that upstream. No slash at the end. */
  urlOf(name: string): string {
    const { port } = this.#servers.get(name)!.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** From now on requests count. */
  watch(doom: Doom, kill: () => void = () => undefined): void {
    this.steps.length = 0;
    this.#doom = doom;
    this.#kill = kill;
  }

  /** The process was killed here. */
  hasKilled(): boolean {
    return this.#isDead;
  }

  async close(): Promise<void> {
    this.#isDead = true;
    await Promise.all(
      [...this.#servers.values()].map((server) => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      }),
    );
  }

  async #listen(name: string): Promise<void> {
    const serve = (req: IncomingMessage, res: ServerResponse): void => {
      this.#relay(name, req, res).catch(() => res.destroy());
    };
    const server = createServer({ noDelay: true }, serve);
    server.on('checkContinue', serve);
    this.#servers.set(name, server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
  }

  async #relay(name: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
    // Who waits for a 100 sends no body before it.
    const isExpecting = req.headers.expect !== undefined;
    const body = isExpecting ? Buffer.alloc(0) : await collect(req);
    if (this.hasKilled()) {
      res.destroy();
      return;
    }
    const step: Step = {
      of: name,
      method: req.method ?? '',
      target: req.url ?? '',
      headers: req.rawHeaders,
      body,
      writesBefore: this.#writes,
      writesUnderWay: this.#writesUnderWay,
    };
    this.steps.push(step);
    const when = this.#doom?.(step);
    if (when === 'before') {
      this.#die(res);
      return;
    }
    if (when === 'refuse') {
      res.writeHead(503).end();
      return;
    }
    const upstream = this.#send(step);
    req.once('close', () => {
      if (isExpecting) upstream.destroy();
    });
    const { answer, content } = await this.#carryOut(step, upstream, isExpecting);
    if (when === 'after') {
      upstream.destroy();
      this.#die(res);
      return;
    }
    if (this.hasKilled()) {
      res.destroy();
      return;
    }
    if (answer === 'continue') {
      res.writeContinue();
      return;
    }
    res.sendDate = false;
    res.writeHead(answer.statusCode ?? 0, answer.statusMessage ?? '', endToEnd(answer.rawHeaders));
    res.end(content);
  }

  async #carryOut(
    step: Step,
    upstream: ClientRequest,
    isExpecting: boolean,
  ): Promise<{ answer: IncomingMessage | 'continue'; content: Buffer | undefined }> {
    const count = isWrite(step) ? 1 : 0;
    this.#writes += count;
    this.#writesUnderWay += count;
    try {
      const answer = await answerOf(upstream, isExpecting);
      return { answer, content: answer === 'continue' ? undefined : await collect(answer) };
    } finally {
      this.#writesUnderWay -= count;
    }
  }

  #send({ of, method, target, headers, body }: Step): ClientRequest {
    const { hostname, port } = new URL(this.#upstreams.get(of)!);
    const sent = request({
      ...{ hostname, port, method, path: target, agent: false },
      headers: endToEnd(headers),
    });
    if (headers.some((each, i) => i % 2 === 0 && each.toLowerCase() === 'expect')) sent.flushHeaders();
    else sent.end(body);
    return sent;
  }

  #die(res: ServerResponse): void {
    this.#isDead = true;
    this.#kill();
    res.destroy();
  }
}

function endToEnd(raw: readonly string[]): string[] {
  return raw.filter((_, i) => !HOP_BY_HOP.has(raw[i - (i % 2)]!.toLowerCase()));
}

function answerOf(sent: ClientRequest, isExpecting: boolean): Promise<IncomingMessage | 'continue'> {
  return new Promise((resolve, reject) => {
    sent.once('response', resolve);
    sent.on('error', reject);
    if (isExpecting) sent.once('continue', () => resolve('continue'));
  });
}

async function collect(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
