// Looks into a container's own database, for what no request tells: when a header was written, how far container sync got.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { foldersOf } from '../../src/local/plan.js';
import type { TestCluster } from './clusters.js';

export interface ContainerRecord {
  /** Every metadata header as [value, timestamp of its writing]. */
  readonly metadata: Readonly<Record<string, readonly [string, string]>>;
  /** Both of container sync's; -1: every row is to be checked again. */
  readonly syncPoints: readonly [number, number];
  readonly file: string;
}

const READ = `
import glob, json, sqlite3, sys
folder, *name = sys.argv[1:]
for file in glob.glob(folder + '/containers/*/*/*/*.db'):
    db = sqlite3.connect('file:' + file + '?mode=ro', uri=True)
    row = db.execute('SELECT account, container, metadata, x_container_sync_point1, x_container_sync_point2 '
                     'FROM container_info').fetchone()
    if list(row[:2]) == name:
        print(json.dumps({'metadata': json.loads(row[2] or '{}'), 'syncPoints': row[3:], 'file': file}))
        break
`;

/** @param container its decoded name */
export function readContainerDb({ plan }: TestCluster, account: string, container: string): ContainerRecord {
  const args = ['-c', READ, foldersOf(plan).device, account, container];
  return JSON.parse(execFileSync('python3', args, { encoding: 'utf8' })) as ContainerRecord;
}

const SHARDER_ROUNDS = 10;

/** Shards it for good, as an operator does: Swift's own tool says where to cut, Swift's own daemon does it. @param container its decoded name */
export async function shardContainer(
  cluster: TestCluster,
  account: string,
  container: string,
  rowsPerShard: number,
): Promise<void> {
  const { file } = readContainerDb(cluster, account, container);
  const cut = ['find_and_replace', String(rowsPerShard), '--enable', '--force'];
  execFileSync('swift-manage-shard-ranges', [file, ...cut], { stdio: 'pipe' });
  for (let round = 0; round < SHARDER_ROUNDS; round += 1) {
    await cluster.control.runOnce('container-sharder');
    if (isSharded(file)) return;
  }
  throw new Error(`${container} is not sharded after ${SHARDER_ROUNDS} rounds`);
}

/** The database from before is gone, only that with an epoch in its name is left. */
function isSharded(file: string): boolean {
  const all = readdirSync(dirname(file)).filter((name) => name.endsWith('.db'));
  return all.length === 1 && all[0] !== basename(file);
}
