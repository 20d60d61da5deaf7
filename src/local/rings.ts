// Builds the rings of all clusters with Swift's own RingBuilder, in one Python process. Knows nothing of clusters.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { LocalError } from './local-error.js';

/** One ring: one device of one server, one replica. */
export interface RingSpec {
  /** Where the `.ring.gz` goes. */
  readonly path: string;
  readonly port: number;
  readonly device: string;
}

/** Debian's own: a `python3` earlier in PATH may be one without Swift. */
export const SYSTEM_PYTHON = '/usr/bin/python3';

/** Few partitions: Swift's updaters fork a process for each at every pass. */
const PART_POWER = 2;

const SCRIPT = `
import json, sys
from swift.common.ring import RingBuilder
for spec in json.load(sys.stdin):
    builder = RingBuilder(${PART_POWER}, 1, 0)
    builder.add_dev({'id': 0, 'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'port': spec['port'],
                     'replication_ip': '127.0.0.1', 'replication_port': spec['port'],
                     'device': spec['device'], 'weight': 1.0, 'meta': ''})
    builder.rebalance()
    builder.get_ring().save(spec['path'])
`;

/**
 * Builds all rings, unless they are there as wanted; about a second, most of it Python's start.
 *
 * @param stampFile remembers what was built
 */
export async function buildRings(rings: readonly RingSpec[], stampFile: string): Promise<void> {
  const wanted = JSON.stringify(rings);
  if (rings.every(({ path }) => existsSync(path)) && existsSync(stampFile)) {
    if (readFileSync(stampFile, 'utf8') === wanted) return;
  }
  rmSync(stampFile, { force: true });
  await runBuilder(wanted);
  writeFileSync(stampFile, wanted);
}

async function runBuilder(rings: string): Promise<void> {
  const child = spawn(SYSTEM_PYTHON, ['-W', 'ignore', '-c', SCRIPT], { stdio: ['pipe', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdin.on('error', () => undefined).end(rings);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new LocalError('The rings could not be built.', errors.trim());
}
