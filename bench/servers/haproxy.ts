// HAProxy with one thread as a plain reverse proxy: what the gateway is compared with.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, programPath, Server } from './server.js';

export interface ProxySpec {
  readonly folder: string;
  readonly upstreamPort: number;
  readonly cores?: string | undefined;
}

export async function startHaproxy(spec: ProxySpec): Promise<Server> {
  const port = await freePort();
  const conf = join(spec.folder, `haproxy-${port}.cfg`);
  writeFileSync(conf, haproxyConf(port, spec.upstreamPort));
  const command = [programPath('haproxy'), '-db', '-f', conf];
  return Server.start({ title: `HAProxy ${port}`, folder: spec.folder, port, command, cores: spec.cores });
}

function haproxyConf(port: number, upstreamPort: number): string {
  return `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  option forwardfor
  http-reuse always
frontend clients
  bind 127.0.0.1:${port}
  default_backend servers
backend servers
  server one 127.0.0.1:${upstreamPort}
`;
}
