// [filter:autosync]: who this cluster is, and the rules between its options. Knows no other section but [service].
import { join } from 'node:path';
import type { AutosyncConfig, ClusterIdentity } from './config.js';
import { readSection } from './section.js';
import type { Context, Reading } from './section.js';
import type { Parsed } from './option.js';
import { AUTOSYNC_OPTIONS } from './sync-options.js';
import type { IniSection } from '../lib/ini.js';

export type AutosyncReading = Reading<typeof AUTOSYNC_OPTIONS> & {
  readonly identity: ClusterIdentity | undefined;
};

/** `//REALM/CLUSTER`, as in Swift's own `[filter:container_sync] current`. Names stay as they are written. */
export function parseMyCluster(text: string): Parsed<ClusterIdentity & { kind: 'realm' }> {
  const [, realm, cluster] = /^\/\/([^\s/]+)\/([^\s/=:]+)\/?$/.exec(text) ?? [];
  if (realm !== undefined && cluster !== undefined) return { value: { kind: 'realm', realm, cluster } };
  return {
    wrong: `is not //REALM/CLUSTER: "${text}"`,
    fix: 'Write the section and the NAME of cluster_NAME from container-sync-realms.conf, such as //realm/primary.',
  };
}

/**
 * Reads [filter:autosync] and reports what is wrong with it.
 *
 * @param hasService whether there is a [service] section
 */
export function readAutosync(context: Context, section: IniSection, hasService: boolean): AutosyncReading {
  const reading = readSection(context, section, AUTOSYNC_OPTIONS, (name) => name === 'use');
  checkAccounts(context, reading);
  checkPeerAuth(context, reading, hasService);
  checkObjectAck(context, reading);
  return { ...reading, identity: readIdentity(context, reading) };
}

function readIdentity(
  { problems }: Context,
  reading: Reading<typeof AUTOSYNC_OPTIONS>,
): ClusterIdentity | undefined {
  const { values, isGiven, placeOf } = reading;
  const isUrlNamed = isGiven('autosync_my_cluster') || isGiven('autosync_placement');
  if (isGiven('my_cluster') && isUrlNamed) {
    const other = isGiven('autosync_my_cluster') ? 'autosync_my_cluster' : 'autosync_placement';
    const fix =
      'Keep my_cluster where clusters have a realm, else autosync_my_cluster and autosync_placement.';
    problems.report(placeOf(other), `"${other}" and "my_cluster" exclude each other.`, fix);
  }
  if (isGiven('my_cluster')) {
    const parsed = parseMyCluster(values.myCluster ?? '');
    if ('value' in parsed) return parsed.value;
    problems.report(placeOf('my_cluster'), `"my_cluster" ${parsed.wrong}.`, parsed.fix);
    return undefined;
  }
  if (!isUrlNamed) {
    const fix = 'Add "my_cluster = //REALM/CLUSTER", with the names of container-sync-realms.conf.';
    problems.report(
      placeOf('my_cluster'),
      '"my_cluster" is missing: nothing says which cluster this is.',
      fix,
    );
    return undefined;
  }
  return readUrlIdentity({ problems }, reading);
}

function readUrlIdentity(
  { problems }: Pick<Context, 'problems'>,
  { values, isGiven, placeOf }: Reading<typeof AUTOSYNC_OPTIONS>,
): ClusterIdentity | undefined {
  const pair = ['autosync_my_cluster', 'autosync_placement'] as const;
  for (const name of pair.filter((option) => !isGiven(option))) {
    const [other] = pair.filter((option) => option !== name);
    const fix = `Add "${name} = ${AUTOSYNC_OPTIONS[name].example ?? ''}".`;
    problems.report(placeOf(other ?? name), `"${name}" is missing: it goes with "${other ?? ''}".`, fix);
  }
  const { autosyncMyCluster: url, autosyncPlacement: clusters } = values;
  if (url === undefined || clusters === undefined) return undefined;
  if (!clusters.includes(url)) {
    const fix = `Add ${url} to autosync_placement; it lists all clusters, this one included.`;
    problems.report(placeOf('autosync_placement'), `"autosync_placement" lacks this cluster, ${url}.`, fix);
  }
  return { kind: 'url', url, clusters };
}

function checkAccounts({ problems }: Context, { isGiven, placeOf }: Reading<typeof AUTOSYNC_OPTIONS>): void {
  if (isGiven('accounts') || isGiven('autosync_my_cluster') || isGiven('autosync_placement')) return;
  const fix = 'Add "accounts = AUTH_*" for all of them, or name those to begin with.';
  problems.report(
    placeOf('accounts'),
    '"accounts" is missing: nothing says whose containers to look after.',
    fix,
  );
}

function checkPeerAuth(
  { problems }: Context,
  { values, isGiven, placeOf }: Reading<typeof AUTOSYNC_OPTIONS>,
  hasService: boolean,
): void {
  const isOverride = values.overrideAuth === true;
  if (isOverride && values.peerAuth === 'token') {
    const fix = 'Take "override_auth" out, or write "peer_auth = service".';
    problems.report(
      placeOf('override_auth'),
      '"override_auth = true" means peer_auth = service, not token.',
      fix,
    );
  }
  if (hasService || (!isOverride && values.peerAuth !== 'service')) return;
  const name = isGiven('peer_auth') ? 'peer_auth' : 'override_auth';
  const fix =
    'Add a [service] section with auth_version, auth_url and credentials, or write "peer_auth = token".';
  problems.report(placeOf(name), `"${name}" wants a service user, and there is no [service] section.`, fix);
}

function checkObjectAck({ problems }: Context, { values, placeOf }: Reading<typeof AUTOSYNC_OPTIONS>): void {
  if (values.objectAck !== 'all' || values.copyJobs !== false) return;
  const wrong = '"object_ack = all" wants copies, and "copy_jobs = false" makes none.';
  problems.report(placeOf('object_ack'), wrong, 'Take "copy_jobs" out, or write "object_ack = local".');
}

/** The finished configuration; only where nothing was reported. */
export function autosyncConfig(
  reading: AutosyncReading,
  { swiftDir, hasService }: { readonly swiftDir: string; readonly hasService: boolean },
): AutosyncConfig | undefined {
  const { identity } = reading;
  if (identity === undefined) return undefined;
  const { whole } = reading;
  const isService = whole.overrideAuth || hasService;
  return {
    identity,
    accounts: whole.accounts ?? ['*'],
    consistency: whole.consistency,
    peerAuth: whole.peerAuth ?? (isService ? 'service' : 'token'),
    secretFile: whole.secretFile ?? join(swiftDir, 'autosync-secrets'),
    userSync: whole.userSync,
    peerTimeoutMs: whole.peerTimeoutMs,
    peerProbeIntervalMs: whole.peerProbeIntervalMs,
    maxClockSkewMs: whole.maxClockSkewMs,
    accountDeleteDelayMs: whole.accountDeleteDelayMs,
    deleteProbeLimit: whole.deleteProbeLimit,
    objectAck: whole.objectAck,
    copyJobs: whole.copyJobs,
    copyConcurrency: whole.copyConcurrency,
    copyBandwidth: whole.copyBandwidth,
    copyQueueLength: whole.copyQueueLength,
    namespace: whole.namespace,
    readOrder: whole.readOrder ?? [],
    hedgeDelayMs: whole.hedgeDelayMs,
    fallbackTimeoutMs: whole.fallbackTimeoutMs,
    negativeTtlMs: whole.negativeTtlMs,
    failover: whole.failover,
    canaryIntervalMs: whole.canaryIntervalMs,
    replicationObjective: whole.replicationObjective,
    policyMap: whole.policyMap ?? new Map(),
  };
}
