// Which way every cluster reaches every other: its gateway, its proxy, or a link of its own. Knows ports, no HTTP.
import type { LocalCluster } from './cluster.js';
import { Link } from './link.js';
import { LOOPBACK, type RealmView } from './plan.js';
import { findFreePort } from './ports.js';

/** Whether requests between clusters go to the gateways, or without them to the Swift proxies. */
export type EndpointRole = 'gateway' | 'proxy';

/** Opens a link for every two clusters, each way. */
export async function openLinks(clusters: readonly LocalCluster[], role: EndpointRole): Promise<Link[]> {
  const taken = new Set(clusters.flatMap(({ plan }) => Object.values(plan.ports)));
  const links: Link[] = [];
  for (const from of clusters) {
    for (const to of clusters) {
      if (from === to) continue;
      const link = new Link(from.name, to.name, to.plan.ports[role]);
      await link.open(await findFreePort(from.plan.ports.memcached + 50, taken));
      links.push(link);
    }
  }
  return links;
}

/** The realm as the viewer's container-sync-realms.conf has it. */
export function realmAsSeenBy(
  viewer: LocalCluster,
  clusters: readonly LocalCluster[],
  links: readonly Link[],
  realm: { readonly key: string; readonly role: EndpointRole },
): RealmView {
  const endpoints = clusters.map((cluster) => {
    const link = links.find(({ from, to }) => from === viewer.name && to === cluster.name);
    const port = link?.port ?? cluster.plan.ports[realm.role];
    return [cluster.name, `http://${LOOPBACK}:${port}/v1/`] as const;
  });
  return { key: realm.key, endpoints: Object.fromEntries(endpoints) };
}
