// `autosync status --watch`: the status again and again. A terminal shows the newest; elsewhere each change is one line with its time.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Status } from '../daemon/status.js';
import { AutosyncError } from '../lib/errors.js';
import { stopSignal } from './running.js';
import { renderStatus } from './status-text.js';

const INTERVAL_MS = 2_000;
/** Home, and away with all below. */
const CLEAR = '\x1b[H\x1b[J';

/** Until the process is asked to end. What cannot be read is said, and tried again. */
export async function watchStatus(read: () => Promise<Status>, isJson: boolean): Promise<void> {
  const stopped = stopSignal();
  const isTerminal = process.stdout.isTTY && !isJson;
  let last = '';
  for (let isGoing = true; isGoing;) {
    const status = await read().catch((error: unknown) => {
      if (error instanceof AutosyncError) return error;
      throw error;
    });
    const now = new Date().toISOString();
    if (isTerminal) {
      const text = status instanceof AutosyncError ? status.message : renderStatus(status);
      process.stdout.write(`${CLEAR}${now}\n${text}\n`);
    } else if (isJson) {
      console.log(JSON.stringify(status instanceof AutosyncError ? { error: status.message } : status));
    } else {
      const line = status instanceof AutosyncError ? status.message : lineOf(status);
      if (line !== last) console.log(`${now} ${line}`);
      last = line;
    }
    isGoing = await Promise.race([sleep(INTERVAL_MS, true), stopped.then(() => false)]);
  }
}

function lineOf({ cluster, isOk, peers }: Status): string {
  const each = peers.map(({ name, isUp, pending, copies }) => {
    const state = isUp ? 'up' : 'down';
    if (copies === undefined) return `${name} ${state}, ${pending} pending`;
    const { objects, bytes, lagSeconds } = copies;
    return `${name} ${state}, ${pending} pending, ${objects} objects (${bytes} B) behind, lag ${Math.round(lagSeconds)} s`;
  });
  return [`${cluster} ${isOk ? 'agrees' : 'does not agree'}`, ...each].join('; ');
}
