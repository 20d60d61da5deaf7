// What tests need of the realm that runs for them: clusters, links, accounts of their own, waiting, comparing.
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import type { LocalCluster } from '../../src/local/cluster.js';
import type { Link } from '../../src/local/link.js';
import { remote, type Remote } from './control.js';
import type { RealmDescription } from './global-setup.js';
import { leaseRealm } from './realm-lease.js';
import { send, SwiftSession, type User } from './swift-client.js';

export { send, SwiftSession, type Answer, type Headers, type User } from './swift-client.js';

/** A cluster of the run: where it is, and `control` to stop, kill, pause, configure its servers. */
export type TestCluster = RealmDescription['clusters'][number] & { readonly control: Remote<LocalCluster> };

interface RunControl {
  restoreLinks(): Promise<void>;
  nextAccount(): number;
  connections(from: string, to: string): number;
}

/** Of those that run: no other file has it meanwhile. */
export const realmNumber = await leaseRealm(inject('leasePort'));

/** The realm of this file, as `global-setup.ts` describes it. */
export function realm(): RealmDescription {
  return inject('realms')[realmNumber]!;
}

/** All clusters of the realm, in order. */
export function clusters(): TestCluster[] {
  const { controlUrl, clusters: all } = realm();
  return all.map((cluster) => ({
    ...cluster,
    control: remote<LocalCluster>(controlUrl, `cluster:${cluster.name}`),
  }));
}

export function cluster(name: string): TestCluster {
  const found = clusters().find((each) => each.name === name);
  if (found === undefined) throw new Error(`no cluster ${name}`);
  return found;
}

/** The way of requests that `from` sends to `to`: `await link('one', 'two').cut()`. */
export function link(from: string, to: string): Remote<Link> {
  return remote<Link>(realm().controlUrl, `link:${from}:${to}`);
}

/** How many connections `from` has opened to `to` since the start. */
export async function connectionsOver(from: string, to: string): Promise<number> {
  return remote<RunControl>(realm().controlUrl, 'run').connections(from, to);
}

/** All links work again. */
export async function restoreLinks(): Promise<void> {
  await remote<RunControl>(realm().controlUrl, 'run').restoreLinks();
}

/** All links work again, and every gateway has noticed. */
export async function healLinks(): Promise<void> {
  await restoreLinks();
  await waitFor('no gateway takes a peer to be down', async () => {
    const states = await Promise.all(clusters().map(({ adminUrl }) => send(adminUrl, 'GET', '/status')));
    return states.every(({ text }) => !text.includes('"isUp": false'));
  });
}

/** The owner of an account nobody has used in this run. */
export async function freshUser(): Promise<User> {
  const n = await remote<RunControl>(realm().controlUrl, 'run').nextAccount();
  return { account: `AUTH_t${n}`, user: `t${n}:u`, key: `k${n}` };
}

/** Logs in at every cluster, through the gateways or past them. */
export async function loginEverywhere(
  user: User,
  via: 'gateway' | 'proxy' = 'gateway',
): Promise<Record<string, SwiftSession>> {
  const sessions = await Promise.all(
    clusters().map(async (each) => {
      const url = via === 'gateway' ? each.gatewayUrl : each.proxyUrl;
      return [each.name, await SwiftSession.login(url, user)] as const;
    }),
  );
  return Object.fromEntries(sessions);
}

/** The cluster's own service user, a reseller admin, as a user of the account. */
export function serviceUserOf(each: TestCluster, account: string): User {
  return { account, user: 'autosync:service', key: each.plan.serviceKey };
}

/**
 * Waits until the condition holds; returns what it returned. An exception counts as not yet.
 *
 * @param what names the condition in the message of a failure
 */
export async function waitFor<T>(
  what: string,
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last = '';
  do {
    try {
      const value = await condition();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      last = `; last: ${String(error)}`;
    }
    await sleep(50);
  } while (Date.now() < deadline);
  throw new Error(`not within ${timeoutMs} ms: ${what}${last}`);
}
