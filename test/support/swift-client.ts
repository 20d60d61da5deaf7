// A tiny Swift client for tests: sends what it is told, byte for byte, and returns all that comes back.
import { request, type IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';

export type Body = string | Buffer | Readable;

/** One header per name, several values, or a raw list of name, value, name, value. */
export type Headers = Readonly<Record<string, string | readonly string[]>> | readonly string[];

export interface Answer {
  readonly status: number;
  /** As on the wire: name, value, name, value. */
  readonly rawHeaders: readonly string[];
  /** By lower-case name; several values are joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The body as UTF-8. */
  readonly text: string;
}

export interface User {
  /** As in URLs: `AUTH_t1`. */
  readonly account: string;
  /** As for login: `t1:u`. */
  readonly user: string;
  readonly key: string;
}

const TIMEOUT_MS = 60_000;

/**
 * One request on a connection of its own. The raw target travels untouched; a string or Buffer gets its
 * Content-Length, a stream goes chunked unless the headers say otherwise.
 */
export async function send(
  baseUrl: string,
  method: string,
  rawTarget: string,
  headers: Headers = {},
  body?: Body,
  signal?: AbortSignal,
): Promise<Answer> {
  const { hostname, port, host } = new URL(baseUrl);
  const req = request({
    host: hostname,
    port,
    method,
    path: rawTarget,
    headers: wireHeaders(host, headers, body),
    agent: false,
    timeout: TIMEOUT_MS,
    ...(signal && { signal }),
  });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    req.once('response', resolve);
    req.once('error', reject);
    req.once('timeout', () =>
      req.destroy(new Error(`${method} ${rawTarget}: no answer in ${TIMEOUT_MS} ms`)),
    );
  });
  if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) req.end(body);
  else body.pipe(req);
  return collect(await answer);
}

/** A user's way into one cluster, through its gateway or its proxy. */
export class SwiftSession {
  readonly baseUrl: string;
  readonly user: User;
  readonly token: string;

  private constructor(baseUrl: string, user: User, token: string) {
    this.baseUrl = baseUrl;
    this.user = user;
    this.token = token;
  }

  /** Logs in the TempAuth way. */
  static async login(baseUrl: string, user: User): Promise<SwiftSession> {
    const headers = { 'X-Auth-User': user.user, 'X-Auth-Key': user.key };
    const answer = await send(baseUrl, 'GET', '/auth/v1.0', headers);
    const token = answer.headers['x-auth-token'];
    if (token === undefined)
      throw new Error(`login of ${user.user} at ${baseUrl}: ${answer.status} ${answer.text}`);
    return new SwiftSession(baseUrl, user, token);
  }

  /** The same rights, in another account: for reseller admins. */
  in(account: string): SwiftSession {
    return new SwiftSession(this.baseUrl, { ...this.user, account }, this.token);
  }

  /** The same token, at another gateway of the cluster. */
  at(baseUrl: string): SwiftSession {
    return new SwiftSession(baseUrl, this.user, this.token);
  }

  /** A request with the user's token below the user's account; `path` is raw: `''`, `/c`, `/c/o?format=json`. */
  async request(method: string, path: string, headers: Headers = {}, body?: Body): Promise<Answer> {
    const fields = [...flatten(headers), 'X-Auth-Token', this.token];
    return send(this.baseUrl, method, `/v1/${this.user.account}${path}`, fields, body);
  }
}

function flatten(headers: Headers): string[] {
  if (Array.isArray(headers)) return [...(headers as readonly string[])];
  return Object.entries(headers as Record<string, string | readonly string[]>).flatMap(([name, values]) =>
    [values].flat().flatMap((value) => [name, value]),
  );
}

function wireHeaders(host: string, headers: Headers, body: Body | undefined): string[] {
  const fields = flatten(headers);
  const names = new Set(fields.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()));
  if (!names.has('host')) fields.unshift('Host', host);
  const hasFraming = names.has('content-length') || names.has('transfer-encoding');
  if (hasFraming || body === undefined) return fields;
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    return [...fields, 'Content-Length', String(Buffer.byteLength(body))];
  }
  return [...fields, 'Transfer-Encoding', 'chunked'];
}

async function collect(res: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of res) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(res.headers)) headers[name] = [value ?? ''].flat().join(', ');
  return {
    status: res.statusCode ?? 0,
    rawHeaders: res.rawHeaders,
    headers,
    body,
    text: body.toString('utf8'),
  };
}
