// The text of a local cluster's autosync.conf. Pure; knows the file's form, not what the gateway makes of it.
import { mergeSections, renderIni, type Sections } from './ini-text.js';
import {
  foldersOf,
  LOOPBACK,
  REALM_NAME,
  type ClusterPlan,
  type ClusterSettings,
  type KeystoneAccess,
} from './plan.js';

/** The secrets shared by the clusters of a realm, in every cluster's swift_dir. */
export const SECRETS_FILE = 'autosync-secrets';

/** autosync.conf of a cluster whose containers are placed on all clusters named. */
export function renderGatewayConf(
  plan: ClusterPlan,
  settings: ClusterSettings,
  clusters: readonly string[],
): string {
  const text = renderIni(mergeSections(gatewaySections(plan, settings, clusters), settings.gatewayConf));
  return settings.rewriteGatewayConf?.(text, plan) ?? text;
}

function gatewaySections(
  plan: ClusterPlan,
  settings: ClusterSettings,
  clusters: readonly string[],
): Sections {
  const { swiftDir } = foldersOf(plan);
  const proxyUrl = `http://${LOOPBACK}:${plan.ports.proxy}`;
  return {
    'DEFAULT': {
      bind_ip: settings.gatewayBindIp,
      bind_port: plan.ports.gateway,
      workers: 1,
      swift_dir: swiftDir,
      log_level: settings.logLevel,
    },
    'pipeline:main': { pipeline: 'catch_errors healthcheck placement autosync proxy' },
    'app:proxy': { use: 'egg:autosync#proxy', upstream: proxyUrl },
    'filter:placement': { use: 'egg:autosync#placement', default: clusters.join(', ') },
    'filter:autosync': {
      use: 'egg:autosync#autosync',
      my_cluster: `//${REALM_NAME}/${plan.name}`,
      accounts: settings.accounts,
      secret_file: `${swiftDir}/${SECRETS_FILE}`,
    },
    'service': settings.keystone ? keystoneService(settings.keystone) : tempauthService(plan, proxyUrl),
    'admin': { bind_ip: settings.gatewayBindIp, bind_port: plan.ports.admin },
  };
}

function tempauthService(plan: ClusterPlan, proxyUrl: string): Sections[string] {
  return {
    auth_version: 1,
    auth_url: `${proxyUrl}/auth/v1.0`,
    user: 'autosync:service',
    key: plan.serviceKey,
  };
}

function keystoneService({ url, servicePassword }: KeystoneAccess): Sections[string] {
  return {
    auth_version: 3,
    auth_url: url,
    username: 'autosync',
    password: servicePassword,
    project_name: 'service',
  };
}
