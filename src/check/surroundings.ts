// What the checks share: the configuration, the files it names as they are now, and the clusters they make known.
import { clusterKey } from '../config/types.js';
import type { AutosyncConfig, Config } from '../config/config.js';
import { Deadlines } from '../http/deadline.js';
import { AutosyncError } from '../lib/errors.js';
import { Clusters, type Naming } from '../peers/clusters.js';
import { RealmsFile } from '../sync/realms.js';
import { readSecrets, type Secrets } from '../sync/secrets.js';

/** Where there is no [filter:autosync], nothing but Swift is looked at. */
export interface Surroundings {
  readonly config: Config;
  readonly autosync: AutosyncConfig;
  /** Undefined where clusters are named by URL. */
  readonly realmsFile: RealmsFile | undefined;
  /** Or why they cannot be read. */
  readonly secrets: Secrets | AutosyncError;
  readonly clusters: Clusters;
  /** The most that one question may take. */
  readonly timeoutMs: number;
  close(): void;
}

/** The time limit of one question where there is no [filter:autosync] peer_timeout. */
export const DEFAULT_TIMEOUT_MS = 5_000;

export function surroundingsOf(config: Config, autosync: AutosyncConfig): Surroundings {
  const { identity } = autosync;
  const deadlines = new Deadlines();
  const realmsFile = identity.kind === 'realm' ? new RealmsFile(config.realmsFile) : undefined;
  realmsFile?.get();
  const naming: Naming =
    identity.kind === 'url' || realmsFile === undefined
      ? { kind: 'url', clusters: identity.kind === 'url' ? identity.clusters : [] }
      : { kind: 'realm', realm: identity.realm, realms: realmsFile };
  const secrets = attemptSecrets(autosync.secretFile);
  const clusters = new Clusters({
    naming,
    mine: identity.kind === 'url' ? identity.url : identity.cluster,
    gateways: new Map([...config.clusters.values()].map(({ name, gateway }) => [name, gateway])),
    secrets: {
      get: () => {
        if (secrets instanceof AutosyncError) throw secrets;
        return secrets;
      },
    },
    peerTimeoutMs: autosync.peerTimeoutMs,
    probeIntervalMs: autosync.peerProbeIntervalMs,
    deadlines,
    onPeerChange: () => undefined,
  });
  const close = (): void => {
    clusters.close();
    deadlines.close();
  };
  return { config, autosync, realmsFile, secrets, clusters, timeoutMs: autosync.peerTimeoutMs, close };
}

/** Every peer that is named anywhere, once. */
export function peerNames({ clusters, config }: Surroundings): readonly string[] {
  const named = [
    ...clusters.all(),
    ...(config.placement.default ?? []),
    ...config.placement.rules.flatMap((rule) => rule.clusters),
  ];
  const byKey = new Map(named.map((name) => [clusterKey(name), name]));
  return [...byKey.values()].filter((name) => !clusters.isMine(name));
}

function attemptSecrets(file: string): Secrets | AutosyncError {
  try {
    return readSecrets(file);
  } catch (error) {
    if (error instanceof AutosyncError) return error;
    throw error;
  }
}
