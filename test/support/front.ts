// Stands between a gateway and a real Swift: answers chosen requests in Swift's place, and passes all others on, byte for byte.
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Refusal {
  readonly status: number;
  readonly text: string;
}

/** What to answer in Swift's place; undefined: Swift answers. @param path percent-encoded, without query */
export type Judge = (method: string, path: string) => Refusal | undefined;

export class Front {
  /** Requests that it answered itself. */
  refused = 0;
  judge: Judge = () => undefined;
  readonly #swift: URL;
  readonly #server: Server;

  private constructor(swift: string) {
    this.#swift = new URL(swift);
    this.#server = createServer((req, res) => this.#handle(req, res));
  }

  /** @param swift where it is; no slash at the end */
  static async start(swift: string): Promise<Front> {
    const front = new Front(swift);
    await new Promise<void>((resolve) => front.#server.listen(0, '127.0.0.1', resolve));
    return front;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #handle(req: IncomingMessage, res: ServerResponse): void {
    const { method = '', url = '', rawHeaders } = req;
    const refusal = this.judge(method, url.split('?', 1)[0]!);
    if (refusal !== undefined) {
      this.refused += 1;
      req.resume();
      res.writeHead(refusal.status, { 'Content-Type': 'text/plain' }).end(refusal.text);
      return;
    }
    const { hostname: host, port } = this.#swift;
    const onward = request({ host, port, method, path: url, headers: rawHeaders }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.statusMessage, answer.rawHeaders);
      answer.pipe(res);
    });
    onward.on('error', () => res.destroy());
    req.pipe(onward);
  }
}
