// Which writer this process is: a name that no other one has, made of the host's and a number that is its own for as long as it
// lives.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { hostname, platform } from 'node:os';
import { clusterLabel } from './names.js';

const MAX_SLOTS = 1_000;

/**
 * Claims a writer's name for this process: `CLUSTER.HOST.NUMBER`. It is free again when the process has ended, however it did.
 *
 * @param role in front of the number: processes of another one have numbers of their own
 */
export async function claimWriter(cluster: string, role = ''): Promise<string> {
  const base = `${clusterLabel(cluster)}.${hostLabel()}.${role}`;
  // Linux's abstract sockets vanish with the process; elsewhere a name is never used again.
  if (platform() !== 'linux') return `${base}${randomBytes(6).toString('hex')}`;
  for (let slot = 0; slot < MAX_SLOTS; slot += 1) {
    if (await claim(`${base}${slot}`)) return `${base}${slot}`;
  }
  return `${base}${randomBytes(6).toString('hex')}`;
}

/** Whether nobody else has that name: then it is ours from now on. */
function claim(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer((socket) => socket.destroy());
    server.once('error', () => resolve(false));
    server.listen({ path: `\0autosync-writer/${name}`, exclusive: true }, () => resolve(true));
    server.unref();
  });
}

/** Differs between hosts, also where machines were cloned or host names repeat. */
function hostLabel(): string {
  return createHash('sha256').update(`${machineId()}\n${hostname()}`).digest('hex').slice(0, 10);
}

function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim();
  } catch {
    return '';
  }
}
