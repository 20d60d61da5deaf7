// Steers the realm of a test run from the tests' own processes, over loopback HTTP. Knows method names, not what they do.
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Everything a test may call on an object of the realm. Calls and answers travel as JSON. */
export interface Call {
  /** Names the object: `realm`, `cluster:one`, `link:one:two`. */
  readonly target: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** The methods of T as another process sees them. */
export type Remote<T> = {
  readonly [K in keyof T as T[K] extends (...args: never[]) => unknown ? K : never]: T[K] extends (
    ...args: infer A
  ) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never;
};

/** Serves calls on the objects that `find` knows; `url` goes to the tests. */
export async function serveControl(
  find: (target: string) => object,
): Promise<{ url: string; close(): void }> {
  const server = createServer((req, res) => {
    void answer(req, find).then(
      (value) => res.end(JSON.stringify({ value })),
      (error: unknown) => res.end(JSON.stringify({ error: String(error) })),
    );
  });
  await listen(server);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** An object whose methods run on the target in the process behind the URL. */
export function remote<T extends object>(url: string, target: string): Remote<T> {
  return new Proxy({} as Remote<T>, {
    get:
      (_, method) =>
      (...args: unknown[]) =>
        call(url, { target, method: String(method), args }),
  });
}

async function answer(req: IncomingMessage, find: (target: string) => object): Promise<unknown> {
  const { target, method, args } = JSON.parse(await read(req)) as Call;
  const object = find(target) as Record<string, unknown>;
  const found = object[method];
  if (typeof found === 'function') return (await found.apply(object, args)) as unknown;
  throw new Error(`${target} has no method ${method}`);
}

async function call(url: string, what: Call): Promise<unknown> {
  const req = request(url, { method: 'POST', agent: false });
  req.end(JSON.stringify(what));
  const res = await new Promise<IncomingMessage>((resolve, reject) => {
    req.once('response', resolve);
    req.once('error', reject);
  });
  const { value, error } = JSON.parse(await read(res)) as { value?: unknown; error?: string };
  if (error !== undefined) throw new Error(`${what.target}.${what.method}: ${error}`);
  return value;
}

async function read(message: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of message.setEncoding('utf8')) text += chunk as string;
  return text;
}

async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
}
