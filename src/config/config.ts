// The shape of a loaded configuration: what the rest of the program sees of the file.
import type { DEFAULT_OPTIONS, PLACEMENT_OPTIONS, PROXY_OPTIONS } from './gateway-options.js';
import type { Values } from './option.js';
import type { BuiltinName } from './sections.js';
import type { ADMIN_OPTIONS, AUTOSYNC_OPTIONS, DAEMON_OPTIONS, SERVICE_OPTIONS } from './sync-options.js';
import type { Place } from '../lib/ini.js';
import type { Objective } from './types.js';

type Replace<T, By> = Omit<T, keyof By> & By;

/** [DEFAULT]. */
export type ServerConfig = Replace<Values<typeof DEFAULT_OPTIONS>, { readonly swiftDir: string }>;

/** [app:proxy]. */
export type ProxyConfig = Values<typeof PROXY_OPTIONS>;

/** [admin]. */
export type AdminConfig = Values<typeof ADMIN_OPTIONS>;

/** [daemon]. */
export type DaemonConfig = Values<typeof DAEMON_OPTIONS>;

/** One `rule_NAME` of [filter:placement]. The first that fits is taken; see glob.ts. */
export interface PlacementRule extends Place {
  readonly name: string;
  /** Patterns for the names as they are, not percent-encoded. */
  readonly account: string;
  readonly container: string;
  readonly clusters: readonly string[];
  /** In place of object_ack in [filter:autosync]. */
  readonly objectAck?: 'local' | 'all';
  /** In place of replication_objective in [filter:autosync]; counted for itself. */
  readonly replicationObjective?: Objective;
}

/** [filter:placement]; its defaults where the pipeline has none. No `default` means every cluster there is. */
export type PlacementConfig = Values<typeof PLACEMENT_OPTIONS> & { readonly rules: readonly PlacementRule[] };

/** Who this cluster is, and how all clusters are named. Names are as written: compare them by `clusterKey`. */
export type ClusterIdentity =
  | { readonly kind: 'realm'; readonly realm: string; readonly cluster: string }
  /** The original's way: all clusters by normalised URL, this one among them. */
  | { readonly kind: 'url'; readonly url: string; readonly clusters: readonly string[] };

type AutosyncValues = Omit<
  Values<typeof AUTOSYNC_OPTIONS>,
  'myCluster' | 'autosyncMyCluster' | 'autosyncPlacement' | 'overrideAuth'
>;

/** [filter:autosync]. */
export type AutosyncConfig = Replace<
  AutosyncValues,
  {
    readonly identity: ClusterIdentity;
    /** Patterns, see glob.ts; at least one. */
    readonly accounts: readonly string[];
    readonly peerAuth: 'service' | 'token';
    readonly secretFile: string;
    readonly readOrder: readonly string[];
    /** By the name elsewhere, in small letters; see swift/policies.ts. */
    readonly policyMap: ReadonlyMap<string, string>;
  }
>;

/** How the service user proves itself to Keystone. */
export type KeystoneCredentials =
  | {
      readonly kind: 'password';
      readonly username: string;
      readonly userDomainName: string;
      readonly password: string;
      readonly projectName: string;
      readonly projectDomainName: string;
    }
  | { readonly kind: 'application_credential'; readonly id: string; readonly secret: string };

type ServiceBase = Pick<Values<typeof SERVICE_OPTIONS>, 'authUrl' | 'timeoutMs' | 'resellerPrefix'>;

/** [service]. */
export type ServiceConfig =
  | (ServiceBase & { readonly authVersion: 1; readonly user: string; readonly key: string })
  | (ServiceBase & {
      readonly authVersion: 3;
      readonly credentials: KeystoneCredentials;
      readonly regionName: string | undefined;
    });

/** [cluster:NAME]. */
export interface ClusterConfig extends Place {
  readonly name: string;
  /** URL without a slash and without /v1 at its end. */
  readonly gateway: string;
}

type NoOptions = Readonly<Record<string, never>>;

interface StationOptions {
  readonly catch_errors: NoOptions;
  readonly healthcheck: NoOptions;
  readonly placement: PlacementConfig;
  readonly autosync: AutosyncConfig;
  readonly proxy: ProxyConfig;
}

/** A station of ours in the pipeline, under whatever name. */
export type BuiltinStation = {
  readonly [Use in BuiltinName]: Place & {
    readonly kind: 'builtin';
    readonly name: string;
    readonly use: Use;
    readonly options: StationOptions[Use];
  };
}[BuiltinName];

/** A station that is the user's own ES module. */
export interface ModuleStation extends Place {
  readonly kind: 'module';
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** Everything in its section but `use`, by the names as they are written there. */
  readonly options: Readonly<Record<string, string>>;
}

export type Station = BuiltinStation | ModuleStation;

/** A whole configuration. Frozen, and plain data all through. */
export interface Config {
  /** What was loaded: a file, or a conf.d folder. */
  readonly file: string;
  readonly server: ServerConfig;
  /** container-sync-realms.conf in swift_dir; nothing is said about whether it is there. */
  readonly realmsFile: string;
  /** The pipeline, outermost first; the last is the proxy. */
  readonly stations: readonly Station[];
  readonly proxy: ProxyConfig;
  readonly placement: PlacementConfig;
  /** Undefined where the pipeline has no autosync. */
  readonly autosync: AutosyncConfig | undefined;
  readonly service: ServiceConfig | undefined;
  /** By `clusterKey` of the name. */
  readonly clusters: ReadonlyMap<string, ClusterConfig>;
  readonly admin: AdminConfig;
  readonly daemon: DaemonConfig;
}
