// What [DEFAULT], [admin] and [app:proxy] say about addresses, and whether that fits together. Knows no other section.
import type { ClusterIdentity } from './config.js';
import type { DEFAULT_OPTIONS, PROXY_OPTIONS } from './gateway-options.js';
import type { Context, Reading } from './section.js';
import type { ADMIN_OPTIONS, AUTOSYNC_OPTIONS } from './sync-options.js';
import { hostOf, portOf } from './urls.js';

const ANY = ['0.0.0.0', '::'];
const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

interface Readings {
  readonly server: Reading<typeof DEFAULT_OPTIONS>;
  readonly admin: Reading<typeof ADMIN_OPTIONS>;
  readonly proxy: Reading<typeof PROXY_OPTIONS> | undefined;
}

/** Reports half a TLS setting, two listeners at one place, and a gateway that would be its own upstream. */
export function checkListeners({ problems, isFile }: Context, { server, admin, proxy }: Readings): void {
  const { bindIp, bindPort } = server.values;
  const pair = ['cert_file', 'key_file'] as const;
  for (const name of pair) {
    const other = name === 'cert_file' ? 'key_file' : 'cert_file';
    if (server.isGiven(name) && !server.isGiven(other)) {
      const fix = `Add "${other} = FILE", or take "${name}" out.`;
      problems.report(server.placeOf(name), `"${name}" is given without "${other}".`, fix);
    }
    const path = name === 'cert_file' ? server.values.certFile : server.values.keyFile;
    if (path !== undefined && !isFile(path)) {
      problems.report(
        server.placeOf(name),
        `"${name}" names ${path}, which is no file.`,
        'Put it there, or mend the path.',
      );
    }
  }
  if (bindIp === undefined || bindPort === undefined || bindPort === 0) return;
  const { bindIp: adminIp, bindPort: adminPort } = admin.values;
  if (adminIp !== undefined && adminPort === bindPort && meet(bindIp, adminIp)) {
    const message = `[admin] would listen at ${adminIp} port ${adminPort}, which the gateway has.`;
    problems.report(admin.placeOf('bind_port'), message, 'Give [admin] a bind_port of its own.');
  }
  for (const url of proxy?.values.upstream ?? []) {
    if (proxy === undefined || portOf(url) !== bindPort || !isSelf(bindIp, hostOf(url))) continue;
    const fix = 'Name the Swift proxy server, and give it or the gateway (bind_port) another port.';
    problems.report(proxy.placeOf('upstream'), `"upstream" names the gateway itself: ${url}.`, fix);
  }
}

function meet(one: string, other: string): boolean {
  return one === other || ANY.includes(one) || ANY.includes(other);
}

function isSelf(bindIp: string, host: string): boolean {
  return host === bindIp || ((ANY.includes(bindIp) || LOOPBACK.includes(bindIp)) && LOOPBACK.includes(host));
}

/** Reports peers named by URL whose host container sync may not talk to. */
export function checkSyncHosts(
  { problems }: Context,
  identity: ClusterIdentity,
  server: Reading<typeof DEFAULT_OPTIONS>,
  autosync: Reading<typeof AUTOSYNC_OPTIONS>,
): void {
  const { allowedSyncHosts } = server.values;
  if (identity.kind !== 'url' || allowedSyncHosts === undefined) return;
  const hosts = identity.clusters.filter((url) => url !== identity.url).map(hostOf);
  const missing = [...new Set(hosts)].filter((host) => !allowedSyncHosts.includes(host));
  if (missing.length === 0) return;
  const isGiven = server.isGiven('allowed_sync_hosts');
  const place = isGiven ? server.placeOf('allowed_sync_hosts') : autosync.placeOf('autosync_placement');
  const all = [...new Set([...(isGiven ? allowedSyncHosts : []), ...missing])].join(', ');
  const message = `"allowed_sync_hosts" lacks ${missing.join(', ')}: container sync with that cluster would be refused.`;
  problems.report(
    place,
    message,
    `Write "allowed_sync_hosts = ${all}" in [DEFAULT], and in Swift's container-server.conf.`,
  );
}
