// Puts a Site together from the configuration: files, identity service, peers.
import { createTokenSource, type ServiceOptions, type TokenSource } from '../auth/token-source.js';
import type { AutosyncConfig, Config, ServiceConfig } from '../config/config.js';
import { isAmong } from '../config/glob.js';
import { ruleFor } from '../config/rules.js';
import type { Deadlines } from '../http/deadline.js';
import { HttpClient, type Transport } from '../http/http-client.js';
import { OriginPool } from '../http/origin-pool.js';
import { AT_ONCE, type Throttle } from '../http/request-sender.js';
import { Clusters, type Naming } from '../peers/clusters.js';
import { Keeper, type RecordWriter } from '../records/keeper.js';
import { Store } from '../records/store.js';
import { SwiftClient } from '../swift/swift-client.js';
import { RealmsFile } from '../sync/realms.js';
import { SecretsFile } from '../sync/secrets.js';
import type { Logger } from '../lib/logger.js';
import { ContainerKeys } from './container-keys.js';
import { Fence } from './fence.js';
import type { BaseSite, SiteOptions } from './site.js';

export interface SiteParts {
  readonly transport: Transport;
  readonly deadlines: Deadlines;
  /** Only where clusters are named by URL: who may send X-Container-Sync-Key and X-Timestamp. */
  readonly isSyncHost: (address: string) => boolean;
  readonly log: Logger;
  /** Who writes records in place of this process. */
  readonly recordWriter?: RecordWriter | undefined;
  /** One for each cluster that is asked, this one's Swift included. */
  readonly throttle?: () => Throttle;
}

const IDENTITY_ORIGIN = { connectTimeoutMs: 2_000, silenceMs: 30_000, idleMs: 5_000, maxIdle: 4 };

/** @throws AutosyncError SECRETS_… when the secret file cannot be used */
export function buildSite(config: Config, autosync: AutosyncConfig, parts: SiteParts): BaseSite {
  const { log, throttle = () => AT_ONCE } = parts;
  const secrets = new SecretsFile(autosync.secretFile);
  const clusters = new Clusters({
    naming: namingOf(config, autosync),
    mine: autosync.identity.kind === 'url' ? autosync.identity.url : autosync.identity.cluster,
    gateways: new Map([...config.clusters.values()].map(({ name, gateway }) => [name, gateway])),
    secrets,
    peerTimeoutMs: autosync.peerTimeoutMs,
    probeIntervalMs: autosync.peerProbeIntervalMs,
    deadlines: parts.deadlines,
    throttle,
    onPeerChange: (cluster, isUp, detail) =>
      isUp ? log.info({ cluster }, 'peer is back') : log.warn({ cluster }, `peer is down: ${detail}`),
  });
  const identityPools: OriginPool[] = [];
  const tokens = tokenSource(config.service, parts.deadlines, identityPools);
  const sender = new HttpClient(parts.transport);
  const inTurn = throttle();
  const swift = new SwiftClient(
    { request: (request) => inTurn(() => sender.request(request)) },
    tokens,
    config.proxy.responseTimeoutMs,
  );
  const ownAccount = (): Promise<string | undefined> =>
    tokens?.account().catch(() => undefined) ?? Promise.resolve(undefined);
  const records =
    tokens === undefined
      ? undefined
      : new Keeper({
          store: new Store(swift, ownAccount),
          cluster: clusters.mine,
          maxAheadMs: autosync.maxClockSkewMs,
          above: parts.recordWriter,
          log,
        });
  return {
    options: siteOptions(config, autosync, clusters, parts),
    clusters,
    swift,
    transport: parts.transport,
    secrets,
    containerKeys: new ContainerKeys(swift, clusters),
    serviceToken: tokens === undefined ? undefined : () => tokens.token(),
    dropServiceToken: (token) => tokens?.invalidate(token),
    ownAccount,
    records,
    fence: new Fence(records, config.daemon.reclaimAgeMs, log),
    now: Date.now,
    log,
    close() {
      clusters.close();
      for (const pool of identityPools) pool.close();
    },
  };
}

function siteOptions(
  config: Config,
  autosync: AutosyncConfig,
  clusters: Clusters,
  { isSyncHost }: SiteParts,
): SiteOptions {
  return {
    isAccountOurs: (account) => isAmong(autosync.accounts, account),
    accounts: autosync.accounts,
    consistency: autosync.consistency,
    peerAuth: autosync.peerAuth,
    userSync: autosync.userSync,
    peerTimeoutMs: autosync.peerTimeoutMs,
    maxClockSkewMs: autosync.maxClockSkewMs,
    deleteProbeLimit: autosync.deleteProbeLimit,
    policyMap: autosync.policyMap,
    accountDeleteDelayMs: autosync.accountDeleteDelayMs,
    objectAck: (name) => ruleFor(config.placement, name)?.objectAck ?? autosync.objectAck,
    namespace: autosync.namespace,
    reads: {
      order: autosync.readOrder,
      hedgeDelayMs: autosync.hedgeDelayMs,
      timeoutMs: autosync.fallbackTimeoutMs,
      negativeTtlMs: autosync.negativeTtlMs,
    },
    failover: autosync.failover,
    isSyncHost,
    defaultPlacement: (name) =>
      (name === undefined ? undefined : ruleFor(config.placement, name)?.clusters) ??
      config.placement.default ??
      clusters.all(),
  };
}

function namingOf(config: Config, { identity }: AutosyncConfig): Naming {
  if (identity.kind === 'url') return { kind: 'url', clusters: identity.clusters };
  return { kind: 'realm', realm: identity.realm, realms: new RealmsFile(config.realmsFile) };
}

function tokenSource(
  service: ServiceConfig | undefined,
  deadlines: Deadlines,
  pools: OriginPool[],
): TokenSource | undefined {
  if (service === undefined) return undefined;
  const createSender = (origin: string): HttpClient => {
    const pool = new OriginPool(origin, IDENTITY_ORIGIN, deadlines);
    pools.push(pool);
    return new HttpClient(pool);
  };
  return createTokenSource(serviceOptions(service), createSender, Date.now);
}

/** [service] as the token source wants it: flat. */
export function serviceOptions(service: ServiceConfig): ServiceOptions {
  const { authUrl, timeoutMs, resellerPrefix } = service;
  const base = { authUrl, timeoutMs, resellerPrefix };
  if (service.authVersion === 1) return { ...base, authVersion: 1, user: service.user, key: service.key };
  const region = service.regionName === undefined ? {} : { regionName: service.regionName };
  const { credentials } = service;
  if (credentials.kind === 'application_credential') {
    const { id, secret } = credentials;
    return {
      ...base,
      ...region,
      authVersion: 3,
      applicationCredentialId: id,
      applicationCredentialSecret: secret,
    };
  }
  const { kind: _, ...password } = credentials;
  return { ...base, ...region, authVersion: 3, ...password };
}
