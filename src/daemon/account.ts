// One account's turn in the audit: its settings made as recorded here.
import { convergeAccount } from '../converge/account.js';
import { reasonOfAnswer } from '../converge/reasons.js';
import { refusalOf } from '../converge/tell-peer.js';
import type { Registers } from '../records/register.js';
import type { BaseSite } from '../site/site.js';
import { isSuccess } from '../swift/swift-client.js';
import type { Finding } from './report.js';

/**
 * @param incoming what all records say
 * @throws AutosyncError what Swift's client and the keeper throw; a retry helps
 */
export async function settleAccount(
  site: BaseSite,
  account: string,
  incoming: Registers,
  isDryRun: boolean,
): Promise<Finding[]> {
  const options = { rights: { kind: 'service' }, incoming, isDryRun } as const;
  const { actions, answer } = await convergeAccount(site, account, options);
  const where = { account, cluster: site.clusters.mine };
  if (answer === undefined || isSuccess(answer.status))
    return actions.map((detail) => ({ ...where, code: 'SETTINGS_DRIFT', detail, outcome: 'mended' }));
  const code = reasonOfAnswer(answer);
  return [{ ...where, code, detail: `${actions.join(', ')}: ${refusalOf(answer)}`, outcome: 'unmended' }];
}
