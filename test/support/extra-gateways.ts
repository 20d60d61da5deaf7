// Further gateway processes for single tests, before the clusters of the run: each has a conf and a port of its own.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { setInText } from '../../src/local/ini-text.js';
import { AUTOSYNC } from '../../src/local/launch.js';
import { findFreePort, isAnswering, poll } from '../../src/local/ports.js';
import { ServerProcess } from '../../src/local/server-process.js';
import { cluster as clusterOf, clusters, realmNumber, type TestCluster } from './clusters.js';
import { SwiftSession, type User } from './swift-client.js';

export interface ExtraGateway {
  /** No slash at the end. */
  readonly url: string;
  /** Its admin port; no slash at the end. */
  readonly adminUrl: string;
  /** Its configuration, for commands. */
  readonly confFile: string;
  /** All that it logged. */
  logs(): string;
  stop(): Promise<void>;
  /** SIGKILL, at once. */
  kill(): Promise<void>;
}

/** Section, key, value; `null` takes the option out. */
export type Conf = readonly (readonly [section: string, key: string, value: string | null])[];

export interface ExtraGatewayOptions {
  /** Options that differ from the cluster's own gateway. */
  readonly conf?: Conf;
  /** The file to start from, in place of the cluster's own; the new one is written beside it. */
  readonly from?: string;
  /** Goes before the command, as `faketime -f +5m`. */
  readonly prefix?: readonly string[];
  /** Where it listens; any free port otherwise. */
  readonly port?: number;
}

const START_MS = 60_000;
const running = new Set<ServerProcess>();
const ports = new Set<number>();
let count = 0;

afterAll(async () => {
  await Promise.all([...running].map((server) => server.stop()));
  running.clear();
});

/** A free port that no other gateway of this file gets, nor one of a file that runs at the same time. */
export function planPort(): Promise<number> {
  return findFreePort(20_000 + 2_000 * realmNumber + ((37 * process.pid) % 1_500), ports);
}

/** A configuration like `from`, beside it, with these options; returns its path. */
export function writeConfLike(from: string, name: string, conf: Conf): string {
  let text = readFileSync(from, 'utf8');
  for (const [section, key, value] of conf) text = setInText(text, section, key, value);
  const file = join(dirname(from), `${name}.conf`);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

/** Starts one and waits until it answers. It ends with the test file, if not before. */
export async function startGateway(
  cluster: Pick<TestCluster, 'swiftDir' | 'plan'>,
  {
    conf = [],
    from = join(cluster.swiftDir, 'autosync.conf'),
    prefix = [],
    port: wished,
  }: ExtraGatewayOptions = {},
): Promise<ExtraGateway> {
  const port = wished ?? (await planPort());
  const adminPort = await findFreePort(port + 1, ports);
  const name = `extra-${process.pid}-${(count += 1)}`;
  const confFile = writeConfLike(from, name, [
    ['DEFAULT', 'bind_port', String(port)],
    ['admin', 'bind_port', String(adminPort)],
    ...conf,
  ]);
  const command = [...prefix, process.execPath, AUTOSYNC, 'gateway', confFile];
  const server = new ServerProcess({
    title: name,
    command: command[0]!,
    args: command.slice(1),
    logFile: join(cluster.plan.folder, 'log', `${name}.log`),
  });
  server.start();
  running.add(server);
  const isUp = await poll(
    () => isAnswering(port, '/healthcheck'),
    START_MS,
    () => !server.isRunning,
  );
  if (!isUp) throw new Error(`${name} does not answer:\n${server.tail()}`);
  return {
    url: `http://127.0.0.1:${port}`,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    confFile,
    logs: () => readFileSync(server.spec.logFile, 'utf8'),
    stop: async () => {
      running.delete(server);
      await server.stop();
    },
    kill: async () => {
      running.delete(server);
      await server.kill();
    },
  };
}

/** A second realm of gateways, by cluster name: they are each other's peers. Container sync's own requests keep going through the run's. */
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
    return [name, await startGateway(clusterOf(name), { port, conf: [...peers, ...own] })] as const;
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
