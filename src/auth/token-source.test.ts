import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HeaderList } from '../http/headers.js';
import type { ClientAnswer, ClientRequest, RequestSender } from '../http/request-sender.js';
import { AutosyncError } from '../lib/errors.js';
import { createTokenSource, type ServiceOptions } from './token-source.js';

interface Received {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

let server: Server;
let origin: string;
let received: Received[];
let respond: (response: ServerResponse, request: Received) => void;

beforeEach(async () => {
  received = [];
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
      received.push(one);
      respond(response, one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

/** A sender over node:http. */
const createSender = (to: string): RequestSender => ({
  request: ({ method, target, headers, body, timeoutMs }: ClientRequest) =>
    new Promise<ClientAnswer>((resolve, reject) => {
      const fail = (cause: Error) => reject(new AutosyncError('CONNECTION_FAILED', to, { cause }));
      const { hostname, port } = new URL(to);
      const options = {
        hostname,
        port,
        method,
        path: target,
        headers: [
          ...(headers?.raw ?? []),
          'Host',
          hostname,
          'Content-Length',
          String(Buffer.byteLength(body ?? '')),
        ],
        timeout: timeoutMs,
        agent: false,
      };
      const outgoing = httpRequest(options as object, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', fail);
        incoming.on('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            reason: '',
            headers: new HeaderList(incoming.rawHeaders),
            body: Buffer.concat(chunks),
          }),
        );
      });
      outgoing.on('error', fail).end(body);
    }),
});
const SECRET = 'the-very-secret';
const source = (options: Partial<ServiceOptions>, now = () => 0) =>
  createTokenSource(
    { authVersion: 1, authUrl: origin, timeoutMs: 5000, resellerPrefix: 'AUTH', ...options },
    createSender,
    now,
  );

describe('TempAuth', () => {
  const tempauth = () => source({ authUrl: `${origin}/auth/v1.0`, user: 'sérvice:user', key: SECRET });
  const good = {
    'X-Auth-Token': 'AUTH_tk1',
    'X-Auth-Token-Expires': '100',
    'X-Storage-Url': 'http://h:8080/v1/AUTH_s%C3%A9rvice',
  };

  it('is asked with user and key; the account is that of the storage URL', async () => {
    respond = (response) => response.writeHead(200, good).end();
    const tokens = tempauth();
    expect([await tokens.token(), await tokens.account()]).toEqual(['AUTH_tk1', 'AUTH_sérvice']);
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({
      method: 'GET',
      url: '/auth/v1.0',
      headers: { 'x-auth-key': SECRET },
    });
    expect(Buffer.from(received[0]!.headers['x-auth-user'] as string, 'latin1').toString('utf8')).toBe(
      'sérvice:user',
    );
  });

  it.each([
    ['401', 401, {}],
    ['a redirect', 302, good],
    ['no token', 200, { ...good, 'X-Auth-Token': '' }],
    ['no storage URL', 200, { 'X-Auth-Token': 'AUTH_tk1' }],
    ['a storage URL without an account', 200, { ...good, 'X-Storage-Url': 'http://h/v1/' }],
  ])('fails on %s, and the error tells neither key nor token', async (_, status, headers) => {
    respond = (response) => response.writeHead(status, headers).end('secret-body');
    const error: unknown = await tempauth()
      .token()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SERVICE_AUTH_FAILED' });
    expect(inspect(error, { depth: 9 })).not.toMatch(/the-very-secret|AUTH_tk1|secret-body/);
  });

  it('fails when nobody answers', async () => {
    respond = (response) => response.destroy();
    await expect(tempauth().token()).rejects.toThrow(/could not be reached/);
  });
});

describe('Keystone', () => {
  const password = { username: 'svc', password: SECRET, projectName: 'service' };
  const catalogue = (endpoints: unknown) => [
    { type: 'compute', endpoints: [] },
    { type: 'object-store', endpoints },
  ];
  const answerWith = (token: unknown) => {
    respond = (response) =>
      response.writeHead(201, { 'X-Subject-Token': 'tok' }).end(JSON.stringify({ token }));
  };
  const TOKEN = {
    issued_at: '2026-01-01T00:00:00.000000Z',
    expires_at: '2026-01-01T01:00:00.000000Z',
    project: { id: 'p1' },
    catalog: catalogue([
      { interface: 'admin', region: 'R1', url: 'http://h/v1' },
      { interface: 'public', region: 'R1', url: 'http://h/v1/AUTH_p1' },
      { interface: 'public', region: 'R2', url: 'http://h2/swift/v1/KEY_p1/' },
    ]),
  };
  const keystone = (options: Partial<ServiceOptions>, now?: () => number) =>
    source({ authVersion: 3, authUrl: `${origin}/v3`, ...options }, now);

  it('is asked with a password, scoped to the project; the account is that of the public endpoint', async () => {
    answerWith(TOKEN);
    const tokens = keystone(password);
    expect([await tokens.token(), await tokens.account()]).toEqual(['tok', 'AUTH_p1']);
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({ method: 'POST', url: '/v3/auth/tokens' });
    expect(JSON.parse(received[0]!.body)).toEqual({
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: 'svc', domain: { name: 'Default' }, password: SECRET } },
        },
        scope: { project: { name: 'service', domain: { name: 'Default' } } },
      },
    });
  });

  it('is asked with an application credential where there is one, unscoped', async () => {
    answerWith(TOKEN);
    await keystone({
      ...password,
      applicationCredentialId: 'id',
      applicationCredentialSecret: SECRET,
    }).token();
    expect(JSON.parse(received[0]!.body)).toEqual({
      auth: {
        identity: {
          methods: ['application_credential'],
          application_credential: { id: 'id', secret: SECRET },
        },
      },
    });
  });

  it.each(['', '/', '/v3', '/v3/', '/identity', '/identity/v3'])(
    'is found where auth_url ends with %j',
    async (path) => {
      answerWith(TOKEN);
      await keystone({ ...password, authUrl: origin + path }).token();
      expect(received[0]?.url).toBe(`${path.startsWith('/identity') ? '/identity' : ''}/v3/auth/tokens`);
    },
  );

  it('takes the account from the region given, else makes it of prefix and project', async () => {
    answerWith(TOKEN);
    expect(await keystone({ ...password, regionName: 'R2' }).account()).toBe('KEY_p1');
    expect(await keystone({ ...password, regionName: 'R3' }).account()).toBe('AUTH_p1');
    answerWith({ ...TOKEN, catalog: catalogue([{ interface: 'public', url: 'http://h/swift/v1' }]) });
    expect(await keystone({ ...password, resellerPrefix: 'X_' }).account()).toBe('X_p1');
    expect(await keystone({ ...password, resellerPrefix: '' }).account()).toBe('p1');
  });

  it("renews by the length of the token's life, however this host's clock is set", async () => {
    answerWith(TOKEN);
    let nowMs = 0;
    const tokens = keystone(password, () => nowMs);
    await tokens.token();
    nowMs = 2_879_999;
    await tokens.token();
    expect(received).toHaveLength(1);
    nowMs = 3_600_000;
    await tokens.token();
    expect(received).toHaveLength(2);
  });

  it.each([
    ['no JSON', 'secret-body'],
    ['no token', '{}'],
    ['no end', JSON.stringify({ token: { ...TOKEN, expires_at: 'x' } })],
    ['no project', JSON.stringify({ token: { ...TOKEN, project: null, catalog: null } })],
  ])('fails on an answer with %s, and the error tells nothing secret', async (_, body) => {
    respond = (response) => response.writeHead(201, { 'X-Subject-Token': 'secret-token' }).end(body);
    const error: unknown = await keystone(password)
      .token()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SERVICE_AUTH_FAILED' });
    expect(inspect(error, { depth: 9 })).not.toMatch(/the-very-secret|secret-token|secret-body/);
  });
});

describe('settings', () => {
  it.each([
    [{ authVersion: 1, user: 'a:b' }, 'key'],
    [{ authVersion: 1, key: 'k' }, 'user'],
    [{ authVersion: 3, password: 'p', projectName: 'x' }, 'username'],
    [{ authVersion: 3, username: 'u', password: 'p' }, 'project_name'],
    [{ authVersion: 3, applicationCredentialId: 'i' }, 'application_credential_secret'],
    [{ authVersion: 1, authUrl: 'http://u:the-pass@h/', user: 'a:b', key: 'k' }, 'auth_url'],
  ] as const)('%j are refused at once, naming what is wrong', (options, option) => {
    expect(() => source(options)).toThrow(option);
    expect(() => source(options)).not.toThrow(/the-pass/);
  });
});
