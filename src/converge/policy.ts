// Containers are made with the storage policy that their record names, as `policy_map` has it here; it cannot be changed later.
import { HeaderList } from '../http/headers.js';
import type { ClientAnswer } from '../http/request-sender.js';
import { clusterLabel } from '../records/names.js';
import { DESIRED, type Record } from '../records/record.js';
import { isPlacedAt } from '../site/placement.js';
import type { BaseSite, ContainerName } from '../site/site.js';
import { swiftTarget } from '../swift/path.js';
import { isSamePolicy, policiesHere, type PolicyMap } from '../swift/policies.js';
import type { Rights } from '../swift/swift-client.js';
import { reasonOfAnswer } from './reasons.js';

const NO_MAP: PolicyMap = new Map();

/** A name that this cluster recorded is its own: nothing stands for it. */
function mapFor(site: BaseSite, record: Record): PolicyMap {
  const writer = record.desired.get(DESIRED.policy)?.version.split('.')[2];
  return writer === clusterLabel(site.clusters.mine) ? NO_MAP : site.options.policyMap;
}

/**
 * PUTs the container. With no policy of that name here, and nothing in `policy_map` for it, Swift refuses: where its objects belong, it is
 * never made with another one.
 *
 * @throws what Swift's client throws; a retry helps
 */
export async function makeContainer(
  site: BaseSite,
  rights: Rights,
  name: ContainerName,
  record: Record,
  settings: readonly (readonly [string, string])[],
): Promise<ClientAnswer> {
  const recorded = record.desired.get(DESIRED.policy)?.value;
  const policies = recorded === undefined ? [] : policiesHere(mapFor(site, record), recorded);
  const target = swiftTarget(name.account, name.container);
  const put = (policy: string | undefined): Promise<ClientAnswer> => {
    const headers = HeaderList.from([...settings]);
    if (policy !== undefined) headers.add('X-Storage-Policy', policy);
    return site.swift.request(rights, { method: 'PUT', target, headers });
  };
  const [first, ...others] = policies;
  let answer = await put(first);
  for (const policy of others) if (reasonOfAnswer(answer) === 'POLICY_MISSING') answer = await put(policy);
  if (reasonOfAnswer(answer) === 'POLICY_MISSING' && !isPlacedAt(record, site.clusters.mine))
    answer = await put(undefined);
  return answer;
}

/** Where the container here has another policy than `policy_map` has for the recorded one: both, in words. */
export function policyConflict(site: BaseSite, record: Record, here: string | undefined): string | undefined {
  const recorded = record.desired.get(DESIRED.policy)?.value;
  if (recorded === undefined || here === undefined || !isPlacedAt(record, site.clusters.mine))
    return undefined;
  if (isSamePolicy(mapFor(site, record), recorded, here)) return undefined;
  return `made with ${recorded}, here it has ${here}`;
}
