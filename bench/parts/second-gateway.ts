// Another gateway before a cluster, whose configuration differs from its own one's in a few options.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setInText } from '../../src/local/ini-text.js';
import { AUTOSYNC } from '../../src/local/launch.js';
import { LocalError } from '../../src/local/local-error.js';
import { findFreePort, isAnswering, poll } from '../../src/local/ports.js';
import type { LocalRealm } from '../../src/local/realm.js';
import { ServerProcess } from '../../src/local/server-process.js';

const FIRST_PORT = 28_500;
const START_MS = 30_000;

export interface SecondGateway {
  readonly server: ServerProcess;
  /** No slash at the end. */
  readonly url: string;
}

/** @param options section, key, value @throws LocalError where it does not come up */
export async function startSecondGateway(
  realm: LocalRealm,
  cluster: string,
  options: readonly (readonly [string, string, string])[],
): Promise<SecondGateway> {
  const { swiftDir, plan } = realm.cluster(cluster);
  const taken = new Set<number>();
  const port = await findFreePort(FIRST_PORT, taken);
  const adminPort = await findFreePort(port + 1, taken);
  let text = readFileSync(join(swiftDir, 'autosync.conf'), 'utf8');
  for (const [section, option, value] of [
    ['DEFAULT', 'bind_port', String(port)],
    ['admin', 'bind_port', String(adminPort)],
    ...options,
  ] as const)
    text = setInText(text, section, option, value);
  const conf = join(swiftDir, `second-gateway-${port}.conf`);
  writeFileSync(conf, text, { mode: 0o600 });
  const server = new ServerProcess({
    title: 'second gateway',
    command: process.execPath,
    args: [AUTOSYNC, 'gateway', conf],
    logFile: join(plan.folder, 'log', `second-gateway-${port}.log`),
  });
  server.start();
  const isUp = await poll(
    () => isAnswering(port, '/healthcheck'),
    START_MS,
    () => !server.isRunning,
  );
  if (isUp) return { server, url: `http://127.0.0.1:${port}` };
  await server.stop();
  throw new LocalError('The second gateway does not answer.');
}
