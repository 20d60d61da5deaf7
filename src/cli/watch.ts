// `autosync status --watch`: the status again and again. A terminal shows the newest; elsewhere each change is one line with its time.
import { setTimeout as sleep } from 'node:timers/promises';
import { AutosyncError } from '../lib/errors.js';
import { stopSignal } from './running.js';

const INTERVAL_MS = 2_000;
/** Home, and away with all below. */
const CLEAR = '\x1b[H\x1b[J';

/** A look at it: as text, as one line, and as it is. */
export interface Looked {
  readonly isOk: boolean;
  readonly text: string;
  readonly line: string;
  readonly status: object;
}

/** Until the process is asked to end. What cannot be read is said, and tried again. */
export async function watchStatus(look: () => Promise<Looked>, isJson: boolean): Promise<void> {
  const stopped = stopSignal();
  const isTerminal = process.stdout.isTTY && !isJson;
  let last = '';
  for (let isGoing = true; isGoing;) {
    const looked = await look().catch((error: unknown) => {
      if (error instanceof AutosyncError) return error;
      throw error;
    });
    const now = new Date().toISOString();
    if (isTerminal) {
      const text = looked instanceof AutosyncError ? looked.message : looked.text;
      process.stdout.write(`${CLEAR}${now}\n${text}\n`);
    } else if (isJson) {
      console.log(
        JSON.stringify(looked instanceof AutosyncError ? { error: looked.message } : looked.status),
      );
    } else {
      const line = looked instanceof AutosyncError ? looked.message : looked.line;
      if (line !== last) console.log(`${now} ${line}`);
      last = line;
    }
    isGoing = await Promise.race([sleep(INTERVAL_MS, true), stopped.then(() => false)]);
  }
}
