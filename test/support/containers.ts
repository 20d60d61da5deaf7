// A container as the clusters hold it: asked of every Swift directly, compared header by header.
import { expect } from 'vitest';
import { REALM_NAME } from '../../src/local/plan.js';
import { canonicalPath, signContainerSync } from '../../src/sync/container-sync-auth.js';
import { formatTimestamp } from '../../src/swift/timestamp.js';
import { loginEverywhere, realm, send, type Answer, type SwiftSession, type User } from './clusters.js';

/** Sessions of one user: through every gateway, and past them. */
export interface Sessions {
  readonly user: User;
  /** By cluster name, through the gateways. */
  readonly via: Readonly<Record<string, SwiftSession>>;
  /** By cluster name, past them. */
  readonly direct: Readonly<Record<string, SwiftSession>>;
}

export async function sessionsOf(user: User): Promise<Sessions> {
  const [via, direct] = await Promise.all([loginEverywhere(user), loginEverywhere(user, 'proxy')]);
  return { user, via, direct };
}

/** To one cluster's Swift, past its gateway. */
export type RequestAt = [
  name: string,
  method: string,
  path: string,
  headers?: Readonly<Record<string, string>>,
  body?: string,
];

/** A request past the gateways, which must succeed. */
export async function doneAt(
  { direct }: Pick<Sessions, 'direct'>,
  ...[name, method, path, headers = {}, body]: RequestAt
): Promise<Answer> {
  const answer = await direct[name]!.request(method, path, headers, body);
  expect([method, path, answer.status < 300]).toEqual([method, path, true]);
  return answer;
}

/** HEAD of a path at every Swift, by cluster name. */
export async function headEverywhere(
  { direct }: Pick<Sessions, 'direct'>,
  path: string,
): Promise<Record<string, Answer>> {
  const answers = Object.entries(direct).map(
    async ([name, session]) => [name, await session.request('HEAD', path)] as const,
  );
  return Object.fromEntries(await Promise.all(answers));
}

/** The statuses of a HEAD, by cluster name. */
export async function statusEverywhere(sessions: Sessions, path: string): Promise<Record<string, number>> {
  const answers = Object.entries(await headEverywhere(sessions, path));
  return Object.fromEntries(answers.map(([name, { status }]) => [name, status]));
}

/** Expects each header to have that value at every Swift; `undefined`: not to be there. Sync-to and key are set, the key the same. */
export async function expectEverywhere(
  sessions: Sessions,
  path: string,
  headers: Readonly<Record<string, string | undefined>> = {},
): Promise<void> {
  const answers = Object.entries(await headEverywhere(sessions, path));
  for (const [name, answer] of answers) {
    expect(answer.status, `${path} at ${name}`).toBe(204);
    for (const [header, value] of Object.entries(headers)) {
      expect(utf8(answer.headers[header.toLowerCase()]), `${header} of ${path} at ${name}`).toBe(value);
    }
  }
  if (!/^\/[^/]+$/.test(path)) return;
  const keys = answers.map(([, answer]) => answer.headers['x-container-sync-key']);
  expect(new Set(keys).size, `sync keys of ${path}: ${keys.join(', ')}`).toBe(1);
  expect(keys[0], `sync key of ${path}`).toBeTruthy();
  for (const [name, answer] of answers) {
    expect(answer.headers['x-container-sync-to'], `sync-to of ${path} at ${name}`).toBeTruthy();
  }
}

/** Expects that status of a HEAD at every Swift. */
export async function expectStatusEverywhere(
  sessions: Sessions,
  path: string,
  status: number,
): Promise<void> {
  const found = await statusEverywhere(sessions, path);
  expect(found, path).toEqual(Object.fromEntries(Object.keys(found).map((name) => [name, status])));
}

/** An object's change at one Swift, past its gateway, dated as wished, as container sync would send it. @param path `/c/o`, percent-encoded */
export async function sendDated(
  session: SwiftSession,
  method: 'PUT' | 'POST' | 'DELETE',
  path: string,
  ticks: bigint,
  { headers = {}, body }: { readonly headers?: Record<string, string>; readonly body?: string } = {},
): Promise<Answer> {
  const [, container = ''] = path.split('/');
  const head = await session.request('HEAD', `/${container}`);
  const target = `/v1/${session.user.account}${path}`;
  const timestamp = formatTimestamp(ticks);
  const proof = signContainerSync({
    ...{ method, path: canonicalPath(target), timestamp, realm: REALM_NAME, realmKey: realm().realmKey },
    containerKey: head.headers['x-container-sync-key']!,
  });
  const signed = { ...headers, 'X-Container-Sync-Auth': proof, 'X-Timestamp': timestamp };
  return send(session.baseUrl, method, target, signed, body);
}

/** The very same object at every Swift, dated alike, as container sync leaves it; with no daemon needed. */
export async function putSame(
  { direct }: { readonly direct: Sessions['direct'] },
  container: string,
  object: string,
  body: string,
  ticks = BigInt(Date.now()) * 100n,
): Promise<void> {
  const path = `${container}/${encodeURIComponent(object)}`;
  await Promise.all(
    Object.entries(direct).map(async ([name, session]) => {
      const answer = await sendDated(session, 'PUT', path, ticks, { body });
      expect(answer.status, `${path} at ${name}: ${answer.text}`).toBe(201);
    }),
  );
}

/** Node reads header values as latin1; Swift's are UTF-8. */
function utf8(value: string | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value, 'latin1').toString('utf8');
}
