// One account's turn in the audit: its settings made as recorded here, its deletion carried out or taken back.
import { convergeAccount } from '../converge/account.js';
import { reasonOfAnswer } from '../converge/reasons.js';
import { refusalOf } from '../converge/tell-peer.js';
import { deletionOf, isGoneAt, recordGone, recordRestored } from '../records/account-life.js';
import { lifeOf, type Record } from '../records/record.js';
import type { Registers } from '../records/register.js';
import { isSuccess } from '../swift/swift-client.js';
import { changeAccount, settleAccountDeletion, type AccountContext } from './account-deletion.js';
import type { Finding } from './report.js';

export interface SettledAccount {
  readonly findings: Finding[];
  /** As it stands now. */
  readonly record: Record;
}

/**
 * @param incoming what all records say
 * @throws AutosyncError what Swift's client and the keeper throw; a retry helps
 */
export async function settleAccount(
  context: AccountContext,
  account: string,
  incoming: Registers,
): Promise<SettledAccount> {
  const { site, isDryRun } = context;
  const options = { rights: { kind: 'service' }, incoming, isDryRun } as const;
  const converged = await convergeAccount(site, account, options);
  const { record, isGone, actions, answer } = converged;
  const where = { account, cluster: site.clusters.mine };
  const { mine } = site.clusters;
  if (isGone) {
    const isMeant = deletionOf(record) !== undefined || lifeOf(record) === undefined;
    const detail = 'deleted past the gateways, or too late taken back: Swift does not make it again yet';
    const findings: Finding[] = isMeant
      ? []
      : [{ ...where, code: 'ACCOUNT_GONE', detail, outcome: 'unmended' }];
    const gone = await changeAccount(context, account, record, (current, clock) =>
      recordGone(current, { cluster: mine, isMeant: false }, clock),
    );
    return { findings, record: gone };
  }
  if (deletionOf(record) !== undefined) return settleAccountDeletion(context, account, record);
  const whole = isGoneAt(record, mine)
    ? await changeAccount(context, account, record, (current, clock) => recordRestored(current, mine, clock))
    : record;
  if (answer === undefined || isSuccess(answer.status)) {
    const findings = actions.map((detail): Finding => ({
      ...where,
      code: 'SETTINGS_DRIFT',
      detail,
      outcome: 'mended',
    }));
    return { findings, record: whole };
  }
  const code = reasonOfAnswer(answer);
  const detail = `${actions.join(', ')}: ${refusalOf(answer)}`;
  return { findings: [{ ...where, code, detail, outcome: 'unmended' }], record: whole };
}
