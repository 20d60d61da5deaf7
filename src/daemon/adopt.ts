// Takes an account's containers from before our time over: from then on every audit, on every cluster, does so.
import { AutosyncError } from '../lib/errors.js';
import { DESIRED } from '../records/record.js';
import { newestVersion, register, type Register } from '../records/register.js';
import type { Keeper } from '../records/keeper.js';
import type { BaseSite } from '../site/site.js';
import { audit } from './audit.js';
import type { PassReport } from './report.js';

/** Where clusters hold containers of one name, the settings of the one with the newest Last-Modified win. @throws AutosyncError */
export async function adoptAccount(
  site: BaseSite,
  records: Keeper,
  account: string,
  isDryRun: boolean,
): Promise<PassReport> {
  if (!site.options.isAccountOurs(account))
    throw new AutosyncError('CONFIG_INVALID', `${account} is not among [filter:autosync] accounts.`);
  if (!isDryRun) await noteAdopted(records, account);
  return audit(site, records, { isDryRun, lookEvery: 1, turn: 0, account, isAdopting: true });
}

async function noteAdopted(records: Keeper, account: string): Promise<void> {
  const clock = await records.clock();
  await records.change({ account }, (current) => {
    const version = clock.next(newestVersion(current.desired, current.seen));
    const desired = new Map<string, Register>();
    if (current.desired.get(DESIRED.adopted)?.value !== 'all')
      desired.set(DESIRED.adopted, register('all', version));
    if (!current.desired.has(DESIRED.life)) desired.set(DESIRED.life, register('present', version));
    return { desired };
  });
}
