// The server side of the HTTP layer in this process, with a handler of the test's own.
import { onTestFinished } from 'vitest';
import { HeaderList } from '../../src/http/headers.js';
import { collectBody } from '../../src/http/message-body.js';
import type {
  IncomingRequest,
  OutgoingResponse,
  RequestHandler,
  ServerLimits,
} from '../../src/http/server-connection.js';
import { HttpServer } from '../../src/http/server.js';
import { LIMITS } from './bare-gateway.js';
import { RawSocket } from './raw-sockets.js';

/** Serves until the test ends; hands back what opens a connection. */
export async function serve(
  handler: RequestHandler,
  limits: Partial<ServerLimits> = {},
): Promise<() => Promise<RawSocket>> {
  const server = new HttpServer({ handler, limits: { ...LIMITS, ...limits }, maxConnections: 100 });
  const port = await server.listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.destroy();
    return server.close(0);
  });
  return () => connectTo(port);
}

/** A connection that ends with the test. */
export async function connectTo(port: number): Promise<RawSocket> {
  const client = await RawSocket.connect(port);
  onTestFinished(() => client.destroy());
  return client;
}

export function answer(text: string, status = 200): OutgoingResponse {
  return { status, reason: 'OK', headers: new HeaderList(), body: Buffer.from(text) };
}

/** Answers with what came: method, target and body. */
export async function echo(request: IncomingRequest): Promise<OutgoingResponse> {
  const body = await collectBody(request.body, 1_000_000);
  return answer(`${request.method} ${request.target} ${body.toString('latin1')}`);
}

export function get(target: string, fields = ''): string {
  return `GET ${target} HTTP/1.1\r\nHost: h\r\n${fields}\r\n`;
}

export function put(target: string, body: string): string {
  return `PUT ${target} HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
