// A second realm of gateways before the clusters of the run, with options of their own: they are each other's peers.
import { cluster, clusters } from './clusters.js';
import { planPort, startGateway, type ExtraGateway, type ExtraGatewayOptions } from './extra-gateway.js';
import { SwiftSession, type User } from './swift-client.js';

type Conf = NonNullable<ExtraGatewayOptions['conf']>;

/** By cluster name. Container sync's own requests keep going through the run's gateways. */
export type ExtraGateways = Readonly<Record<string, ExtraGateway>>;

/** Starts one before each of the clusters named (all); they end with the test file, if not before. */
export async function startGateways(
  conf: Conf | ((name: string) => Conf) = [],
  names: readonly string[] = clusters().map((each) => each.name),
): Promise<ExtraGateways> {
  const planned: (readonly [string, number])[] = [];
  for (const name of names) planned.push([name, await planPort()]);
  const peers: Conf = planned.map(
    ([name, port]) => [`cluster:${name}`, 'gateway', `http://127.0.0.1:${port}`] as const,
  );
  const started = planned.map(async ([name, port]) => {
    const own = typeof conf === 'function' ? conf(name) : conf;
    return [name, await startGateway(cluster(name), { port, conf: [...peers, ...own] })] as const;
  });
  return Object.fromEntries(await Promise.all(started));
}

/** The user's sessions at these gateways, by cluster name. */
export async function loginAt(
  gateways: ExtraGateways,
  user: User,
): Promise<Readonly<Record<string, SwiftSession>>> {
  const sessions = Object.entries(gateways).map(
    async ([name, { url }]) => [name, await SwiftSession.login(url, user)] as const,
  );
  return Object.fromEntries(await Promise.all(sessions));
}
