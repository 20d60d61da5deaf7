// Puts many containers into an account as its listing has them: rows of the account's database, by Swift's own code, with no container behind
// them. A listing reads nothing else, and ten thousand real ones take minutes.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { LocalCluster } from '../../src/local/cluster.js';
import { foldersOf } from '../../src/local/plan.js';
import { SYSTEM_PYTHON } from '../../src/local/rings.js';

const PUT = `
import glob, sys, time
from swift.account.backend import AccountBroker
from swift.common.utils import Timestamp
folder, account, count, objects = sys.argv[1:]
now = Timestamp(time.time()).internal
for file in glob.glob(folder + '/accounts/*/*/*/*.db'):
    broker = AccountBroker(file)
    if broker.get_info()['account'] != account:
        continue
    rows = [{'name': 'container-%06d' % i, 'put_timestamp': now, 'delete_timestamp': '0', 'object_count': int(objects),
             'bytes_used': 1000 * int(objects), 'deleted': 0, 'storage_policy_index': 0} for i in range(int(count))]
    broker.merge_items(rows)
    sys.exit()
sys.exit('no such account')
`;

/** @param account one that is there @param objects of each container */
export async function putRows(
  { plan }: Pick<LocalCluster, 'plan'>,
  account: string,
  { count, objects }: { readonly count: number; readonly objects: number },
): Promise<void> {
  const args = ['-c', PUT, foldersOf(plan).device, account, String(count), String(objects)];
  await promisify(execFile)(SYSTEM_PYTHON, args);
}
