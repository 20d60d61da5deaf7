// What a container is to be, and what every cluster holds of it. Changes nothing.
import { compare } from '../converge/compare.js';
import { whatKeepsApart } from '../converge/faults.js';
import { observedOf } from '../converge/observe.js';
import type { ReasonCode } from '../lib/reasons.js';
import type { Keeper } from '../records/keeper.js';
import { EMPTY, isSecretSetting, type Record } from '../records/record.js';
import { versionMs, type Version } from '../records/version.js';
import { audienceFor, type BaseSite, type ContainerName } from '../site/site.js';
import { readContainerState } from '../swift/container-state.js';
import { swiftTarget } from '../swift/path.js';
import { isSuccess } from '../swift/swift-client.js';

export interface Explanation extends ContainerName {
  readonly desired: readonly {
    readonly name: string;
    readonly value: string;
    /** ISO 8601. */
    readonly at: string;
    /** The writer: cluster, host, number. */
    readonly by: string;
  }[];
  readonly clusters: readonly {
    readonly cluster: string;
    /** Undefined where it could not be asked. */
    readonly isHere: boolean | undefined;
    readonly detail: string;
    readonly findings: readonly { readonly code: ReasonCode; readonly detail: string }[];
  }[];
}

const SERVICE = { kind: 'service' } as const;

/** @throws AutosyncError RECORDS_UNAVAILABLE and what Swift's client throws; a retry may help */
export async function explainContainer(
  site: BaseSite,
  records: Keeper,
  name: ContainerName,
): Promise<Explanation> {
  const record = await records.read(name);
  const here = observedOf(await site.swift.readContainer(SERVICE, name.account, name.container));
  const described = describe(
    site.clusters.mine,
    record,
    here.observed,
    here.observed === undefined ? 404 : 204,
  );
  const mine = {
    ...described,
    findings: [...described.findings, ...whatKeepsApart(site, record, here.state)],
  };
  const { peers } = audienceFor(site, site.clusters.all());
  const others = await Promise.all(
    peers.map(async (peer) => {
      const target = swiftTarget(name.account, name.container);
      const result = await peer.send({ method: 'HEAD', target });
      if (result.kind === 'unreachable')
        return {
          cluster: peer.name,
          isHere: undefined,
          detail: result.detail,
          findings: [{ code: 'PEER_DOWN' as const, detail: '' }],
        };
      const { status, headers } = result.answer;
      // Which policy stands for which there, only its own policy_map says.
      const state = isSuccess(status) ? { ...readContainerState(headers), policy: undefined } : undefined;
      const observed = state === undefined ? undefined : { ...state, dateMs: 0, createdMs: 0 };
      const described = describe(peer.name, { ...EMPTY, desired: record.desired }, observed, status);
      return { ...described, findings: [...described.findings, ...whatKeepsApart(site, record, state)] };
    }),
  );
  return {
    ...name,
    desired: [...record.desired].map(([header, { value, version }]) => ({
      name: header,
      value: isSecretSetting(header) ? '(hidden)' : value,
      at: new Date(versionMs(version)).toISOString(),
      by: version.slice(20),
    })),
    clusters: [mine, ...others],
  };
}

/** Of a peer `seen` is empty: what was seen there before is known to its own daemon. */
function describe(
  cluster: string,
  record: Record,
  observed: Parameters<typeof compare>[2],
  status: number,
  nowMs = Date.now(),
): Explanation['clusters'][number] {
  const moment = { nowMs, nextVersion: (after?: Version) => after ?? '', writer: '' };
  const found = compare('container', record, observed, moment);
  const changed = [...found.adopted.keys()].filter((each) => each.startsWith('x-'));
  const findings: { code: ReasonCode; detail: string }[] = [];
  if (found.life === 'create') findings.push({ code: 'CONTAINER_MISSING', detail: '' });
  if (found.life === 'delete')
    findings.push({ code: 'DELETE_BLOCKED', detail: 'deleted elsewhere, still here' });
  if (found.life === 'unknown') findings.push({ code: 'NOT_ADOPTED', detail: '' });
  else if (changed.length > 0) findings.push({ code: 'CHANGED_HERE', detail: changed.join(', ') });
  if (found.life === 'deleted-here') findings.push({ code: 'DELETED_HERE', detail: '' });
  if (found.behind.size > 0)
    findings.push({ code: 'SETTINGS_DRIFT', detail: [...found.behind.keys()].join(', ') });
  const detail = status === 404 || isSuccess(status) ? '' : `${status}`;
  return { cluster, isHere: detail === '' ? observed !== undefined : undefined, detail, findings };
}
