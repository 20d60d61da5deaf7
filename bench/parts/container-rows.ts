// Puts many objects into a container as its listing has them: rows of the container's database, by Swift's own code, with no bytes behind
// them. A listing reads nothing else.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { LocalCluster } from '../../src/local/cluster.js';
import { foldersOf } from '../../src/local/plan.js';
import { SYSTEM_PYTHON } from '../../src/local/rings.js';

const PUT = `
import glob, sys, time
from swift.container.backend import ContainerBroker
from swift.common.utils import Timestamp
folder, account, container, count = sys.argv[1:]
now = Timestamp(time.time()).internal
for file in glob.glob(folder + '/containers/*/*/*/*.db'):
    broker = ContainerBroker(file)
    info = broker.get_info()
    if (info['account'], info['container']) != (account, container):
        continue
    rows = [{'name': 'object-%06d' % i, 'created_at': now, 'size': 1000, 'content_type': 'text/plain', 'etag': '0' * 32,
             'deleted': 0, 'storage_policy_index': info['storage_policy_index']} for i in range(int(count))]
    broker.merge_items(rows)
    sys.exit()
sys.exit('no such container')
`;

/** @param container one that is there */
export async function putObjectRows(
  { plan }: Pick<LocalCluster, 'plan'>,
  account: string,
  container: string,
  count: number,
): Promise<void> {
  const args = ['-c', PUT, foldersOf(plan).device, account, container, String(count)];
  await promisify(execFile)(SYSTEM_PYTHON, args);
}
