// Looks into a container's own database, for what no request tells: when a header was written, how far container sync got.
import { execFileSync } from 'node:child_process';
import { foldersOf } from '../../src/local/plan.js';
import type { TestCluster } from './clusters.js';

export interface ContainerRecord {
  /** Every metadata header as [value, timestamp of its writing]. */
  readonly metadata: Readonly<Record<string, readonly [string, string]>>;
  /** Both of container sync's; -1: every row is to be checked again. */
  readonly syncPoints: readonly [number, number];
}

const READ = `
import glob, json, sqlite3, sys
folder, *name = sys.argv[1:]
for file in glob.glob(folder + '/containers/*/*/*/*.db'):
    db = sqlite3.connect('file:' + file + '?mode=ro', uri=True)
    row = db.execute('SELECT account, container, metadata, x_container_sync_point1, x_container_sync_point2 '
                     'FROM container_info').fetchone()
    if list(row[:2]) == name:
        print(json.dumps({'metadata': json.loads(row[2] or '{}'), 'syncPoints': row[3:]}))
        break
`;

/** @param container its decoded name */
export function readContainerDb({ plan }: TestCluster, account: string, container: string): ContainerRecord {
  const args = ['-c', READ, foldersOf(plan).device, account, container];
  return JSON.parse(execFileSync('python3', args, { encoding: 'utf8' })) as ContainerRecord;
}
