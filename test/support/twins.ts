// Sends one request to two twins: past the gateway to one account, through it to another of the same shape; and says how the
// answers differ, apart from what differs by nature.
import { expect } from 'vitest';
import { cluster, freshUser, SwiftSession, type User } from './clusters.js';
import { exchange, NoAnswer, type Part, type RawAnswer } from './raw-http.js';

/** One of the two ways, with an account of its own. */
export interface Side {
  readonly name: 'directly' | 'through the gateway';
  readonly port: number;
  readonly user: User;
  readonly token: string;
}

/** How a request body travels. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length' }
  /** In chunks of these sizes, over and over. */
  | { readonly kind: 'chunked'; readonly sizes: readonly number[] };

export interface TwinRequest {
  readonly method: string;
  /** Raw; `{account}` is replaced by the side's own. Latin1 text: one character, one byte. */
  readonly target: string;
  /** Raw names and values, in order; `{account}` and `{token}` are replaced. */
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: Buffer;
  readonly framing?: Framing;
  /** Send `Expect: 100-continue` and wait for the answer before the body. */
  readonly isExpecting?: boolean;
  /** Leave the token out. */
  readonly isAnonymous?: boolean;
}

/**
 * Headers of an answer that differ between any two answers (an SLO's X-Manifest-Etag covers dates; its Etag too where the
 * manifest itself is read), or that only a gateway adds (docs/reference/transparency.md).
 */
const MAX_ATTEMPTS = 5;
const BY_NATURE =
  /^(?:date|x-trans-id|x-openstack-request-id|x-timestamp|x-put-timestamp|x-manifest-etag|last-modified|connection|x-autosync-.*|x-container-sync-.*|x-account-(?:object-count|bytes-used|container-count|storage-policy-.*))$/i;
const TIMES = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?|\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \w+/g;
/** Swift's own message of a path that it cannot take names the partition, which goes by the account's name. */
const PARTITION = /\/sdb1\/\d+\//g;
const TRANSACTION = /tx[0-9a-f]{21}-[0-9a-f]{10}/g;

export class Twins {
  readonly direct: Side;
  readonly gateway: Side;

  private constructor(direct: Side, gateway: Side) {
    this.direct = direct;
    this.gateway = gateway;
  }

  /** Two fresh accounts with names of one length, at cluster one. */
  static async make(): Promise<Twins> {
    let users: [User, User] = [await freshUser(), await freshUser()];
    while (users[0].account.length !== users[1].account.length) users = [users[1], await freshUser()];
    const { proxyUrl, gatewayUrl } = cluster('one');
    const side = async (name: Side['name'], url: string, user: User): Promise<Side> => {
      const { token } = await SwiftSession.login(url, user);
      return { name, port: Number(new URL(url).port), user, token };
    };
    return new Twins(
      await side('directly', proxyUrl, users[0]),
      await side('through the gateway', gatewayUrl, users[1]),
    );
  }

  /** Sends to both; fails with both answers where they are not the same. Returns the one through the gateway. */
  async same(request: TwinRequest): Promise<RawAnswer> {
    return this.sameOf(() => request);
  }

  /** The same, for requests that differ between the sides by more than `{account}` and `{token}` (signatures). */
  async sameOf(request: (side: Side) => TwinRequest): Promise<RawAnswer> {
    const [a, b] = await Promise.all([
      answerOfSwift(() => sendTo(this.direct, request(this.direct))),
      sendTo(this.gateway, request(this.gateway)),
    ]);
    const { method, target } = request(this.gateway);
    const isManifest = target.includes('multipart-manifest=get');
    expect(normalise(b, this.gateway, isManifest), `${method} ${target}`).toEqual(
      normalise(a, this.direct, isManifest),
    );
    return b;
  }
}

/** Where Swift refuses a request and closes with its body unread, the reset may overtake the answer. It is the gateway's to do better. */
async function answerOfSwift(ask: () => Promise<RawAnswer>): Promise<RawAnswer> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await ask();
    } catch (error) {
      if (attempts === MAX_ATTEMPTS || !(error instanceof NoAnswer)) throw error;
    }
  }
}

/** Sends to one side. */
export function sendTo(
  side: Side,
  request: TwinRequest,
  onBody?: (piece: Buffer) => void,
): Promise<RawAnswer> {
  return exchange(side.port, request.method, wireParts(side, request), onBody);
}

function wireParts(side: Side, request: TwinRequest): Part[] {
  const {
    method,
    body = Buffer.alloc(0),
    framing = body.length === 0 ? { kind: 'none' } : { kind: 'length' },
  } = request;
  const fill = (text: string) =>
    text.replaceAll('{account}', side.user.account).replaceAll('{token}', side.token);
  const fields: (readonly [string, string])[] = [['Host', 'storage.example'], ...(request.headers ?? [])];
  if (request.isAnonymous !== true) fields.push(['X-Auth-Token', '{token}']);
  if (framing.kind === 'chunked') fields.push(['Transfer-Encoding', 'chunked']);
  if (framing.kind === 'length') fields.push(['Content-Length', String(body.length)]);
  if (request.isExpecting === true) fields.push(['Expect', '100-continue']);
  const lines = fields.map(([name, value]) => `${fill(name)}: ${fill(value)}\r\n`);
  const head = Buffer.from(`${method} ${fill(request.target)} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
  const wire = framing.kind === 'chunked' ? chunked(body, framing.sizes) : body;
  if (request.isExpecting === true) return [head, 'wait-for-100', wire];
  return wire.length > 65_536 ? [head, wire] : [Buffer.concat([head, wire])];
}

function chunked(body: Buffer, sizes: readonly number[]): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0, turn = 0; at < body.length; turn += 1) {
    const piece = body.subarray(at, at + Math.max(1, sizes[turn % sizes.length] ?? 1));
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
    at += piece.length;
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
}

/** What has to be equal: status, the headers in their order, the body. */
function normalise(answer: RawAnswer, side: Side, isManifest: boolean): object {
  const boundary = answer.headers
    .find(([name]) => name.toLowerCase() === 'content-type')?.[1]
    .match(/boundary=(\w+)/)?.[1];
  const plain = (text: string): string => {
    const own = text.replaceAll(side.user.account, 'AUTH_twin').replaceAll(side.user.user, 'twin');
    const undated = own
      .replaceAll(TIMES, 'TIME')
      .replaceAll(TRANSACTION, 'TRANSACTION')
      .replaceAll(PARTITION, '/sdb1/N/');
    return boundary === undefined ? undated : undated.replaceAll(boundary, 'BOUNDARY');
  };
  const headers = answer.headers
    .filter(([name]) => !BY_NATURE.test(name) && !(isManifest && /^etag$/i.test(name)))
    .map(([name, value]) => `${name}: ${plain(value)}`);
  const { status, reason, informational, isWhole } = answer;
  return { status, reason, informational, isWhole, headers, body: plain(answer.body.toString('latin1')) };
}
