// A gateway of the first cluster that places containers as a test file wants, and what its tests work with.
import { expect } from 'vitest';
import { expectAsAlone } from './as-alone.js';
import { clusters, freshUser } from './clusters.js';
import { sessionsOf, type Sessions } from './containers.js';
import { startGateway, type Conf, type ExtraGateway } from './extra-gateways.js';
import { SwiftSession, type Answer } from './swift-client.js';

/** @param rules of `[filter:placement]`; a peer that is back it notices soon. @param more options besides */
export function startPlacing(
  rules: Readonly<Record<string, string>>,
  more: Conf = [],
): Promise<ExtraGateway> {
  return startGateway(clusters()[0]!, {
    conf: [
      ...Object.entries(rules).map(([key, value]) => ['filter:placement', key, value] as const),
      ['filter:autosync', 'peer_probe_interval', '0.2'],
      // Who answers is to be told beforehand, on a busy machine as well.
      ['filter:autosync', 'hedge_delay', '2'],
      ...more,
    ],
  });
}

export interface BesideAlone {
  readonly sessions: Sessions;
  /** Through the gateway. */
  readonly here: SwiftSession;
  /** One Swift that has everything, in containers of the same names. */
  readonly alone: SwiftSession;
  /** The same request gives the same at both; returns what the gateway said. */
  readonly expectAsAlone: (
    method: string,
    path: string,
    headers?: Record<string, string>,
    body?: string,
  ) => Promise<Answer>;
}

/** A user of its own at the gateway and one at a single Swift, each with these containers. */
export async function besideAlone(
  gateway: ExtraGateway,
  containers: readonly string[],
): Promise<BesideAlone> {
  const [user, other] = [await freshUser(), await freshUser()];
  const [sessions, here, alone] = await Promise.all([
    sessionsOf(user),
    SwiftSession.login(gateway.url, user),
    SwiftSession.login(clusters()[1]!.proxyUrl, other),
  ]);
  await Promise.all(
    [here, alone].flatMap((session) =>
      containers.map(async (container) => {
        expect((await session.request('PUT', `/${container}`)).status).toBe(201);
      }),
    ),
  );
  return { sessions, here, alone, expectAsAlone: (...request) => expectAsAlone(here, alone, ...request) };
}
