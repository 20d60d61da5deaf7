// nginx in one process: as the static backend of benchmarks, and as a plain reverse proxy to compare with.
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProxySpec } from './haproxy.js';
import { freePort, programPath, Server } from './server.js';

const MIB = 1024 * 1024;

/** What the static backend has below `STATIC_PATH`, by name. */
export const STATIC_PATH = '/v1/AUTH_bench/c/';
const SIZES = { '100m': 100 * MIB, '1g': 1024 * MIB } as const;

/** Serves `1k` from memory, `100m` and `1g` from sparse files. */
export async function startStaticBackend(folder: string, cores?: string): Promise<Server> {
  const files = join(folder, 'static');
  mkdirSync(files, { recursive: true });
  for (const [name, size] of Object.entries(SIZES)) {
    const file = openSync(join(files, name), 'w');
    ftruncateSync(file, size);
    closeSync(file);
  }
  return startNginx('static backend', folder, cores, (port) => [
    `server {`,
    `  listen 127.0.0.1:${port} backlog=4096;`,
    `  default_type application/octet-stream;`,
    `  location = ${STATIC_PATH}1k { return 200 "${'x'.repeat(1024)}"; }`,
    `  location ${STATIC_PATH} { alias ${files}/; }`,
    `}`,
  ]);
}

/** Bodies stream through, as they do through the gateway; by default nginx would store them first. */
export async function startNginxProxy(spec: ProxySpec): Promise<Server> {
  return startNginx('nginx', spec.folder, spec.cores, (port) => [
    `upstream servers { server 127.0.0.1:${spec.upstreamPort}; keepalive 128; keepalive_requests 1000000000; }`,
    `server {`,
    `  listen 127.0.0.1:${port} backlog=4096;`,
    `  client_max_body_size 0;`,
    `  location / {`,
    `    proxy_pass http://servers;`,
    `    proxy_http_version 1.1;`,
    `    proxy_set_header Connection "";`,
    `    proxy_set_header Host $http_host;`,
    `    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`,
    `    proxy_request_buffering off;`,
    `    proxy_max_temp_file_size 0;`,
    `    proxy_read_timeout 600s;`,
    `  }`,
    `}`,
  ]);
}

async function startNginx(
  role: string,
  folder: string,
  cores: string | undefined,
  body: (port: number) => string[],
): Promise<Server> {
  const port = await freePort();
  const title = `${role} ${port}`;
  const conf = join(folder, `nginx-${port}.conf`);
  writeFileSync(
    conf,
    [...mainLines(folder, port), ...body(port).map((line) => `  ${line}`), '}', ''].join('\n'),
  );
  const command = [programPath('nginx'), '-e', 'stderr', '-p', folder, '-c', conf];
  return Server.start({ title, folder, port, command, cores });
}

/** One process and no master: when that is killed, a worker would live on. */
function mainLines(folder: string, port: number): string[] {
  return [
    `daemon off;`,
    `master_process off;`,
    `pid ${folder}/nginx-${port}.pid;`,
    `worker_rlimit_nofile 10000;`,
    `events { worker_connections 5000; }`,
    `http {`,
    `  access_log off;`,
    `  sendfile on;`,
    `  keepalive_requests 1000000000;`,
    `  keepalive_timeout 600s;`,
    `  send_timeout 600s;`,
    ...['client_body', 'proxy', 'fastcgi', 'scgi', 'uwsgi'].map(
      (name) => `  ${name}_temp_path ${folder}/nginx-temp;`,
    ),
  ];
}
