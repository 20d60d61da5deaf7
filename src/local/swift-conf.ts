// The configuration files of one real Swift cluster, as text. Pure: what goes where is decided in plan.ts.
import { OPERATOR_ROLE, RESELLER_ROLE } from './keystone-admin.js';
import { mergeSections, renderIni, type Sections } from './ini-text.js';
import {
  foldersOf,
  LOOPBACK,
  REALM_NAME,
  type ClusterPlan,
  type ClusterSettings,
  type KeystoneAccess,
  type Policy,
  type RealmView,
} from './plan.js';
import { serviceUser, tempauthOptions } from './users.js';

/** Everything Swift offers its users by default, and the middleware clients meet most. */
export const SWIFT_PIPELINE =
  'catch_errors gatekeeper healthcheck proxy-logging cache listing_formats container_sync bulk tempurl formpost ' +
  'tempauth staticweb copy container-quotas account-quotas slo dlo versioned_writes symlink proxy-logging';

/** Filters that need no options; those of the pipeline only are loaded. */
const PLAIN_FILTERS = [
  ...[
    'catch_errors',
    'gatekeeper',
    'healthcheck',
    'listing_formats',
    'bulk',
    'tempurl',
    'formpost',
    'staticweb',
  ],
  ...['copy', 'container-quotas', 'account-quotas', 'slo', 'dlo', 'symlink', 'proxy-logging', 'name_check'],
  ...['crossdomain', 'etag-quoter', 'ratelimit', 'domain_remap', 'cname_lookup', 'list-endpoints', 's3token'],
  'read_only',
];

/** Every file of a cluster's swift_dir except the rings and the gateway's own, by name. */
export function renderSwiftFiles(
  plan: ClusterPlan,
  settings: ClusterSettings,
  realm: RealmView,
): Record<string, string> {
  const { swiftConf, proxyConf, accountConf, containerConf, objectConf } = settings;
  const text = (base: Sections, overrides?: ClusterSettings['swiftConf']) =>
    renderIni(mergeSections(base, overrides));
  return {
    'swift.conf': text(swiftSections(plan, settings.policies), swiftConf),
    'container-sync-realms.conf': renderIni(realmsSections(realm)),
    'proxy-server.conf': text(proxySections(plan, settings), proxyConf),
    'account-server.conf': text(accountSections(plan, settings), accountConf),
    'container-server.conf': text(containerSections(plan, settings), containerConf),
    'object-server.conf': text(objectSections(plan, settings), objectConf),
    'memcache.conf': renderIni(memcacheSections(plan)),
    'internal-client.conf': text(internalClientSections(plan, settings)),
  };
}

/** `container-sync-realms.conf`; re-read every second, so that tests can change it. */
export function realmsSections(realm: RealmView): Sections {
  const endpoints = Object.entries(realm.endpoints).map(([name, url]) => [`cluster_${name}`, url] as const);
  return {
    DEFAULT: { mtime_check_interval: 1 },
    [REALM_NAME]: { key: realm.key, ...Object.fromEntries(endpoints) },
  };
}

function swiftSections(plan: ClusterPlan, policies: readonly Policy[]): Sections {
  const policySections = policies.map((policy, index) => {
    const flags = {
      ...(index === 0 && { default: 'yes' }),
      ...(policy.isDeprecated && { deprecated: 'yes' }),
    };
    return [`storage-policy:${index}`, { name: policy.name, ...flags }] as const;
  });
  return {
    'swift-hash': { swift_hash_path_suffix: plan.hashSuffix },
    ...Object.fromEntries(policySections),
  };
}

function commonOptions(plan: ClusterPlan, settings: ClusterSettings): Sections[string] {
  return {
    swift_dir: foldersOf(plan).swiftDir,
    user: settings.user,
    bind_ip: LOOPBACK,
    log_level: settings.logLevel,
    // With -v everything also goes to stderr, which is a file here. This keeps it out of the machine's own syslog.
    log_udp_host: LOOPBACK,
    log_udp_port: 9,
  };
}

function serverOptions(
  plan: ClusterPlan,
  settings: ClusterSettings,
  role: 'account' | 'container' | 'object',
): Sections[string] {
  return {
    ...commonOptions(plan, settings),
    bind_port: plan.ports[role],
    workers: 0,
    devices: foldersOf(plan).devices,
    mount_check: false,
    disable_fallocate: true,
    fallocate_reserve: 0,
    recon_cache_path: foldersOf(plan).cache,
  };
}

function proxySections(plan: ClusterPlan, settings: ClusterSettings): Sections {
  const users = [...settings.users, serviceUser(plan.serviceKey)];
  const plain = PLAIN_FILTERS.map(
    (name) => [`filter:${name}`, { use: `egg:swift#${name.replaceAll('-', '_')}` }] as const,
  );
  return {
    'DEFAULT': { ...commonOptions(plan, settings), bind_port: plan.ports.proxy, workers: 0 },
    'pipeline:main': { pipeline: `${pipelineOf(settings)} proxy-server` },
    'app:proxy-server': {
      use: 'egg:swift#proxy',
      account_autocreate: true,
      allow_account_management: true,
      ...patience,
      // One replica: a server that was down, or had no room for one object, must be asked again at once.
      error_suppression_interval: 0,
    },
    ...Object.fromEntries(plain),
    'filter:cache': { use: 'egg:swift#memcache' },
    'filter:container_sync': { use: 'egg:swift#container_sync', current: `//${REALM_NAME}/${plan.name}` },
    'filter:tempauth': {
      use: 'egg:swift#tempauth',
      reseller_prefix: 'AUTH, SERVICE',
      SERVICE_require_group: 'service',
      ...tempauthOptions(users),
    },
    ...keystoneFilters(settings.keystone),
    'filter:versioned_writes': {
      use: 'egg:swift#versioned_writes',
      allow_versioned_writes: true,
      allow_object_versioning: true,
    },
    'filter:s3api': { use: 'egg:swift#s3api', s3_acl: false, allow_multipart_uploads: true },
  };
}

function pipelineOf({ pipeline, keystone }: ClusterSettings): string {
  return keystone === undefined ? pipeline : pipeline.replace('tempauth', 'authtoken keystoneauth');
}

function keystoneFilters(access: KeystoneAccess | undefined): Sections {
  if (access === undefined) return {};
  return {
    'filter:authtoken': {
      'paste.filter_factory': 'keystonemiddleware.auth_token:filter_factory',
      'www_authenticate_uri': access.url,
      'auth_url': access.url,
      'auth_type': 'password',
      'project_domain_name': 'Default',
      'user_domain_name': 'Default',
      'project_name': 'service',
      'username': 'swift',
      'password': access.swiftPassword,
      'delay_auth_decision': true,
      'cache': 'swift.cache',
      'include_service_catalog': false,
    },
    'filter:keystoneauth': {
      use: 'egg:swift#keystoneauth',
      reseller_prefix: 'AUTH',
      operator_roles: `admin, ${OPERATOR_ROLE}`,
      reseller_admin_role: RESELLER_ROLE,
    },
  };
}

/** Time limits for a machine that runs several clusters at once. */
const patience = { conn_timeout: 5, node_timeout: 30 } as const;

function memcacheSections(plan: ClusterPlan): Sections {
  // Here and not in the filter: only from this file does Swift read that a memcached that was away is asked again.
  return {
    memcache: { memcache_servers: `${LOOPBACK}:${plan.ports.memcached}`, error_suppression_interval: 0 },
  };
}

function storageApp(role: 'account' | 'container' | 'object'): Sections {
  return {
    'pipeline:main': { pipeline: `healthcheck recon ${role}-server` },
    [`app:${role}-server`]: { use: `egg:swift#${role}` },
    'filter:healthcheck': { use: 'egg:swift#healthcheck' },
    'filter:recon': { use: 'egg:swift#recon' },
  };
}

function accountSections(plan: ClusterPlan, settings: ClusterSettings): Sections {
  return {
    'DEFAULT': serverOptions(plan, settings, 'account'),
    ...storageApp('account'),
    'account-replicator': {},
    'account-reaper': { interval: 5, concurrency: 1, ...patience },
  };
}

function containerSections(plan: ClusterPlan, settings: ClusterSettings): Sections {
  const internalClientConf = `${foldersOf(plan).swiftDir}/internal-client.conf`;
  return {
    'DEFAULT': { ...serverOptions(plan, settings, 'container'), allowed_sync_hosts: LOOPBACK },
    ...storageApp('container'),
    'container-replicator': {},
    'container-updater': {
      interval: settings.updaterInterval,
      concurrency: 1,
      containers_per_second: 10_000,
      ...patience,
    },
    'container-sharder': {
      interval: settings.updaterInterval,
      auto_shard: false,
      internal_client_conf_path: internalClientConf,
    },
    'container-sync': { interval: settings.syncInterval, internal_client_conf_path: internalClientConf },
  };
}

function objectSections(plan: ClusterPlan, settings: ClusterSettings): Sections {
  return {
    'DEFAULT': serverOptions(plan, settings, 'object'),
    ...storageApp('object'),
    'object-replicator': {},
    'object-updater': {
      interval: settings.updaterInterval,
      concurrency: 1,
      objects_per_second: 10_000,
      ...patience,
    },
  };
}

function internalClientSections(plan: ClusterPlan, settings: ClusterSettings): Sections {
  return {
    'DEFAULT': commonOptions(plan, settings),
    'pipeline:main': { pipeline: 'catch_errors proxy-logging cache symlink proxy-server' },
    'app:proxy-server': { use: 'egg:swift#proxy', account_autocreate: true, ...patience },
    'filter:symlink': { use: 'egg:swift#symlink' },
    'filter:cache': { use: 'egg:swift#memcache' },
    'filter:proxy-logging': { use: 'egg:swift#proxy_logging' },
    'filter:catch_errors': { use: 'egg:swift#catch_errors' },
  };
}
