// What a container is to be, and what every cluster holds of it. Changes nothing.
import { compare, type Observed } from '../converge/compare.js';
import { whatKeepsApart, type Fault } from '../converge/faults.js';
import { observedOf } from '../converge/observe.js';
import { reasonOfAnswer, reasonOfPeer } from '../converge/reasons.js';
import type { ClientAnswer } from '../http/request-sender.js';
import { AutosyncError } from '../lib/errors.js';
import type { ReasonCode } from '../lib/reasons.js';
import { isSameCluster } from '../peers/clusters.js';
import type { Peer } from '../peers/peer.js';
import type { Keeper } from '../records/keeper.js';
import { EMPTY, isSecretSetting, type Record } from '../records/record.js';
import { versionMs, type Version } from '../records/version.js';
import { audienceFor, requireOurs, type BaseSite, type ContainerName } from '../site/site.js';
import { readContainerState, type ContainerState } from '../swift/container-state.js';
import { swiftTarget } from '../swift/path.js';
import { isSuccess } from '../swift/swift-client.js';
import { belongsAt, placementFor } from '../site/placement.js';

export interface Explanation extends ContainerName {
  readonly desired: readonly {
    readonly name: string;
    readonly value: string;
    /** ISO 8601. */
    readonly at: string;
    /** The writer: cluster, host, number. */
    readonly by: string;
  }[];
  readonly clusters: readonly ClusterState[];
}

export interface ClusterState {
  readonly cluster: string;
  /** Undefined where it could not be asked. */
  readonly isHere: boolean | undefined;
  /** It is to be there, as far as is known. */
  readonly isPlaced: boolean;
  readonly findings: readonly Fault[];
}

const SERVICE = { kind: 'service' } as const;

/** @throws AutosyncError CONFIG_INVALID for an account that is not ours; NOT_RECORDED where no cluster has it either; RECORDS_UNAVAILABLE and what Swift's client throws; a retry may help */
export async function explainContainer(
  site: BaseSite,
  records: Keeper,
  name: ContainerName,
): Promise<Explanation> {
  requireOurs(site, name.account);
  const [record, found] = await Promise.all([
    records.read(name),
    site.swift.readContainer(SERVICE, name.account, name.container),
  ]);
  const here = isSuccess(found.answer.status) ? observedOf(found) : undefined;
  const mine = describe(site, name, record, {
    cluster: site.clusters.mine,
    trouble: troubleOf(found.answer, reasonOfAnswer(found.answer)),
    state: here?.state,
    observed: here?.observed,
  });
  const { peers } = audienceFor(site, site.clusters.all());
  // What was seen at a peer before is known to its own daemon.
  const desired = { ...EMPTY, desired: record.desired };
  const others = peers.map(async (peer) => describe(site, name, desired, await headAt(peer, name)));
  const clusters = [mine, ...(await Promise.all(others))];
  if (record.desired.size === 0 && clusters.every(({ isHere }) => isHere === false))
    throw new AutosyncError('NOT_RECORDED', `${name.account}/${name.container}`);
  return {
    ...name,
    desired: [...record.desired].map(([header, { value, version }]) => ({
      name: header,
      value: isSecretSetting(header) ? '(hidden)' : value,
      at: new Date(versionMs(version)).toISOString(),
      by: version.slice(20),
    })),
    clusters,
  };
}

interface Head {
  readonly cluster: string;
  /** Why nothing is known of it there. */
  readonly trouble: Fault | undefined;
  readonly state: ContainerState | undefined;
  readonly observed: Observed | undefined;
}

async function headAt(peer: Peer, { account, container }: ContainerName): Promise<Head> {
  const result = await peer.send({ method: 'HEAD', target: swiftTarget(account, container) });
  const unknown = { cluster: peer.name, state: undefined, observed: undefined };
  if (result.kind === 'unreachable')
    return { ...unknown, trouble: { code: 'PEER_DOWN', detail: result.detail } };
  const trouble = troubleOf(result.answer, reasonOfPeer(result));
  if (result.answer.status === 404 || trouble !== undefined) return { ...unknown, trouble };
  // Which policy stands for which there, only its own policy_map says.
  const state = { ...readContainerState(result.answer.headers), policy: undefined };
  return { cluster: peer.name, trouble, state, observed: { ...state, dateMs: 0, createdMs: 0 } };
}

function troubleOf({ status, reason }: ClientAnswer, code: ReasonCode): Fault | undefined {
  return isSuccess(status) || status === 404 ? undefined : { code, detail: `${status} ${reason}` };
}

function describe(
  site: BaseSite,
  name: ContainerName,
  record: Record,
  { cluster, trouble, state, observed }: Head,
): ClusterState {
  if (trouble !== undefined) return { cluster, isHere: undefined, isPlaced: true, findings: [trouble] };
  const isPlaced = placementFor(site, name, record).some((each) => isSameCluster(each, cluster));
  const isHere = observed !== undefined;
  if (!belongsAt(site, record, cluster) && !isHere) return { cluster, isHere, isPlaced, findings: [] };
  const findings = [...differences(record, observed), ...whatKeepsApart(site, record, state)];
  return { cluster, isHere, isPlaced, findings };
}

function differences(record: Record, observed: Observed | undefined): Fault[] {
  const moment = { nowMs: Date.now(), nextVersion: (after?: Version) => after ?? '', writer: '' };
  const { life, adopted, behind } = compare('container', record, observed, moment);
  const changed = [...adopted.keys()].filter((each) => each.startsWith('x-'));
  const faults: Fault[] = [];
  if (life === 'create') faults.push({ code: 'CONTAINER_MISSING', detail: '' });
  if (life === 'delete') faults.push({ code: 'DELETE_BLOCKED', detail: 'deleted elsewhere, still here' });
  if (life === 'unknown') faults.push({ code: 'NOT_ADOPTED', detail: '' });
  else if (changed.length > 0) faults.push({ code: 'CHANGED_HERE', detail: changed.join(', ') });
  if (life === 'deleted-here') faults.push({ code: 'DELETED_HERE', detail: '' });
  if (behind.size > 0) faults.push({ code: 'SETTINGS_DRIFT', detail: [...behind.keys()].join(', ') });
  return faults;
}
