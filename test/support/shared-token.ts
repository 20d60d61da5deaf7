// A token that all clusters know, as where they share one identity service: TempAuth keeps tokens in memcached, and there it is copied.
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import type { TestCluster } from './clusters.js';

type Known = Pick<TestCluster, 'name' | 'plan'>;

const TIMEOUT_MS = 10_000;
/** As Swift marks what it keeps as JSON (common/memcached.py). */
const JSON_FLAG = 2;

/** Makes the other clusters know a token of one of them. */
export async function shareToken(token: string, from: Known, to: readonly Known[]): Promise<void> {
  const key = createHash('md5').update(`AUTH_/token/${token}`).digest('hex');
  const kept = await ask(from.plan.ports.memcached, `get ${key}\r\n`, 'END\r\n');
  const value = kept.split('\r\n')[1];
  if (value === undefined || value === '') throw new Error(`${from.name} does not know the token`);
  const length = Buffer.byteLength(value);
  const command = `set ${key} ${JSON_FLAG} 0 ${length}\r\n${value}\r\n`;
  await Promise.all(to.map(({ plan }) => ask(plan.ports.memcached, command, 'STORED\r\n')));
}

/** What memcached answers, up to its last line. */
function ask(port: number, command: string, end: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let text = '';
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`memcached: no answer, ${text}`)));
    socket.once('error', reject);
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text += piece;
      if (!text.endsWith(end)) return;
      socket.destroy();
      resolve(text);
    });
    socket.write(command, 'latin1');
  });
}
