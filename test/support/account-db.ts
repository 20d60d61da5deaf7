// Takes an account's database away, as Swift's replicator does when a deleted account is past its reclaim_age.
import { execFileSync } from 'node:child_process';
import { foldersOf } from '../../src/local/plan.js';
import type { TestCluster } from './clusters.js';

const REMOVE = `
import glob, os, shutil, sqlite3, sys
folder, account = sys.argv[1:]
for file in glob.glob(folder + '/accounts/*/*/*/*.db'):
    db = sqlite3.connect('file:' + file + '?mode=ro', uri=True)
    if db.execute('SELECT account FROM account_stat').fetchone()[0] == account:
        shutil.rmtree(os.path.dirname(file))
        break
else:
    sys.exit('no such account')
`;

export function reclaimAccount({ plan }: TestCluster, account: string): void {
  execFileSync('python3', ['-c', REMOVE, foldersOf(plan).device, account]);
}
