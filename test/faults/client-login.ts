// How a client that goes on whatever happens gets its token, and a new one.
import { waitFor } from '../support/clusters.js';
import { SwiftSession, type User } from '../support/swift-client.js';

const LONGEST_MS = 240_000;

/** Tries until the cluster answers; undefined where the client is to end meanwhile. */
export async function loginWhenUp(
  url: string,
  user: User,
  isOver: () => boolean,
): Promise<SwiftSession | undefined> {
  const login = async (): Promise<{ session: SwiftSession | undefined }> => ({
    session: isOver() ? undefined : await SwiftSession.login(url, user),
  });
  return (await waitFor(`a login at ${url}`, login, LONGEST_MS)).session;
}

/** Whether it needs a new one: tokens are in the cluster's memcached, which may have died. */
export function isTokenLost(status: number | undefined): boolean {
  return status === undefined || status === 401;
}
