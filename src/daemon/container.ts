// One container's turn in the audit: made as recorded here, and peers told whose records say less than ours.
import { isAccountHere } from '../converge/account.js';
import { convergeContainer, type Converged } from '../converge/container.js';
import { setLife, settleDeletion } from '../converge/deletion.js';
import { reasonOfPeer, reasonOfAnswer } from '../converge/reasons.js';
import { refusalOf, tellPeer } from '../converge/tell-peer.js';
import type { ReasonCode } from '../lib/reasons.js';
import type { Peer } from '../peers/peer.js';
import type { Keeper } from '../records/keeper.js';
import { clusterLabel } from '../records/names.js';
import { DESIRED, lifeOf, markOf, recordedPlacement, type Record } from '../records/record.js';
import type { Registers } from '../records/register.js';
import { versionMs } from '../records/version.js';
import { audienceFor, type BaseSite, type ContainerName } from '../site/site.js';
import { readContainerState } from '../swift/container-state.js';
import { swiftTarget } from '../swift/path.js';
import { isSuccess } from '../swift/swift-client.js';
import type { Finding, Outcome } from './report.js';
import { belongsAt, isPlacedAt } from '../site/placement.js';

const SERVICE = { kind: 'service' } as const;
/** A DELETE that was meant this long ago is over, one way or the other. */
const INTENT_MS = 120_000;

export interface Context {
  readonly site: BaseSite;
  readonly records: Keeper;
  readonly isDryRun: boolean;
  readonly adoptSinceMs: number;
  /** See TakeInOptions. */
  readonly seenSinceMs: number;
}

/** A peer whose record was not the same as ours. */
export interface Differing {
  readonly peer: Peer;
  /** Of its record. */
  readonly mark: string;
}

/**
 * @param incoming what the peers' records say
 * @throws AutosyncError what Swift's client and the keeper throw; a retry helps
 */
export async function settleContainer(
  context: Context,
  name: ContainerName,
  incoming: Registers,
  differing: readonly Differing[],
): Promise<Finding[]> {
  const { site, isDryRun, adoptSinceMs, seenSinceMs } = context;
  const options = { rights: SERVICE, incoming, isDryRun, adoptSinceMs, seenSinceMs };
  const converged = await convergeContainer(site, name, options);
  const findings = findingsOf(site, name, converged, isDryRun);
  if (converged.ownersKey !== undefined)
    findings.push(...(await otherKeys(site, name, converged.record, converged.ownersKey)));
  if (isDryRun) return findings;
  if (converged.life === 'delete' && converged.answer?.status === 409)
    await askToSettle(site, name, converged.record);
  const record = await settleLife(context, name, converged);
  if (lifeOf(record) === undefined) return findings;
  const mark = markOf(record);
  // What was changed past the gateways none of them knows yet, and their own next audits may be far.
  const unaware = converged.adopted.length === 0 ? [] : audienceFor(site, site.clusters.all()).peers;
  const behind = new Set([
    ...differing.flatMap((each) => (each.mark === mark ? [] : [each.peer])),
    ...unaware,
  ]);
  for (const peer of [...behind].filter((each) => belongsAt(site, record, each.name))) {
    const { result, isDone } = await tellPeer(peer, name, record, SERVICE);
    if (isDone) {
      findings.push({
        ...name,
        cluster: peer.name,
        code: 'PEER_BEHIND',
        detail: 'told again',
        outcome: 'mended',
      });
      continue;
    }
    const detail = result.kind === 'unreachable' ? result.detail : refusalOf(result.answer);
    const isBlocked =
      result.kind === 'answer' && result.answer.status === 409 && lifeOf(record) === 'deleted';
    const settled = isBlocked ? await settleDeletion(site, context.records, name, record) : undefined;
    const isMended = settled !== undefined && !settled.behind.includes(peer.name);
    const outcome = isMended ? 'mended' : 'unmended';
    findings.push({ ...name, cluster: peer.name, code: reasonOfPeer(result), detail, outcome });
  }
  return findings;
}

/** Peers that have another key than the owner chose here. Which of the two is right, nobody recorded. */
async function otherKeys(
  site: BaseSite,
  name: ContainerName,
  record: Record,
  ownersKey: string,
): Promise<Finding[]> {
  const peers = audienceFor(site, site.clusters.all()).peers.filter((peer) => isPlacedAt(record, peer.name));
  const found = peers.map(async (peer): Promise<Finding[]> => {
    const result = await peer.send({ method: 'HEAD', target: swiftTarget(name.account, name.container) });
    if (result.kind === 'unreachable' || !isSuccess(result.answer.status)) return [];
    if (readContainerState(result.answer.headers).syncKey === ownersKey) return [];
    const detail = 'another key than the one that its owner chose here';
    return [{ ...name, cluster: peer.name, code: 'KEY_MISMATCH', detail, outcome: 'unmended' }];
  });
  return (await Promise.all(found)).flat();
}

/** Objects are left here, and whether they were deleted only a cluster can say that has them no more: the first that answers. */
async function askToSettle(site: BaseSite, name: ContainerName, record: Record): Promise<void> {
  const placement = recordedPlacement(record) ?? site.clusters.all();
  for (const peer of audienceFor(site, placement).peers) {
    const { isDone } = await tellPeer(peer, name, record, SERVICE, { isBlocked: true });
    if (isDone) return;
  }
}

/** Deletions that somebody made past the gateways, or began and did not finish. */
async function settleLife(
  { site, records }: Context,
  name: ContainerName,
  { life, record }: Converged,
): Promise<Record> {
  if (life === 'deleted-here') {
    if (!(await isAccountHere(site, name.account))) return record;
    await settleDeletion(site, records, name, record);
    return records.read(name);
  }
  if (life !== 'intended') return record;
  const intent = record.desired.get(DESIRED.life);
  const isOurs = intent?.version.split('.')[2] === clusterLabel(site.clusters.mine);
  if (intent === undefined || !isOurs || site.now() - versionMs(intent.version) < INTENT_MS) return record;
  const { state } = await site.swift.readContainer(SERVICE, name.account, name.container);
  return setLife(records, name, state === undefined ? 'deleted' : 'present');
}

function findingsOf(site: BaseSite, name: ContainerName, converged: Converged, isDryRun: boolean): Finding[] {
  const { life, behind, adopted, syncFault, apart, answer } = converged;
  const isRefused =
    answer !== undefined && !isSuccess(answer.status) && !(life === 'delete' && answer.status === 404);
  // Objects are left in it: that is all there is to say.
  const isBlocked = life === 'delete' && answer?.status === 409;
  const findings: Finding[] = [];
  const add = (
    code: ReasonCode,
    detail: string,
    outcome: Outcome = isRefused ? 'unmended' : 'mended',
  ): void => {
    findings.push({ ...name, cluster: site.clusters.mine, code, detail, outcome });
  };
  if (life === 'create' && converged.actions.length > 0)
    add('CONTAINER_MISSING', isRefused ? 'not made' : 'made again');
  if (life === 'delete')
    add('DELETE_BLOCKED', isRefused ? 'deleted elsewhere, not here' : 'deleted elsewhere; deleted here');
  if (life === 'deleted-here') add('DELETED_HERE', 'deleted past the gateways');
  if (life === 'unknown' && adopted.length > 0)
    add(
      isAdopted(converged) ? 'CHANGED_HERE' : 'NOT_ADOPTED',
      'in no record',
      isAdopted(converged) ? 'mended' : 'unmended',
    );
  else if (adopted.length > 0) add('CHANGED_HERE', `changed past the gateways: ${adopted.join(', ')}`);
  if (behind.length > 0) add('SETTINGS_DRIFT', behind.join(', '));
  if (syncFault !== undefined) add(syncFault.code, syncFault.detail);
  for (const { code, detail } of apart) add(code, detail, 'apart');
  if (isRefused && !isBlocked && !isDryRun) add(reasonOfAnswer(answer), refusalOf(answer), 'unmended');
  return findings;
}

function isAdopted({ record }: Converged): boolean {
  return lifeOf(record) !== undefined;
}
