// `autosync pause` and `autosync resume`: the daemons of this cluster leave everything as it is, and go on again.
import { hostname, userInfo } from 'node:os';
import { Command } from 'commander';
import { clearPause, pauseText, readPause, writePause, type Pause } from '../daemon/pause.js';
import type { Keeper } from '../records/keeper.js';
import { DEFAULT_CONF, openSite, quietLog, readConfig } from './running.js';

interface Options {
  readonly conf: string;
  readonly json?: true;
}

/** Exit 0 paused, also where it was already (then the first note stands); 3 could not. */
export const pauseCommand = new Command('pause')
  .description("stop this cluster's daemons from changing anything, on all hosts, until `autosync resume`")
  .option('--conf <file>', 'configuration file', DEFAULT_CONF)
  .option('--reason <text>', 'why, for those who look at the status', '')
  .option('--json', 'print one JSON document')
  .action(async ({ conf, reason, json }: Options & { readonly reason: string }) => {
    await withRecords(conf, async (records) => {
      const before = await readPause(records);
      const pause: Pause = before ?? { since: new Date().toISOString(), by: whoIsIt(), reason };
      if (before === undefined) await writePause(records, pause);
      print({ paused: pause, wasPaused: before !== undefined }, json, () =>
        before === undefined
          ? 'Paused: the daemons of this cluster stop within seconds. Gateways go on; what peers do not take is pending.'
          : `It was paused before. ${pauseText(before)}`,
      );
    });
  });

/** Exit 0 the daemons work, also where they were not paused; 3 could not. */
export const resumeCommand = new Command('resume')
  .description("let this cluster's daemons go on: what is pending, then an audit, at once")
  .option('--conf <file>', 'configuration file', DEFAULT_CONF)
  .option('--json', 'print one JSON document')
  .action(async ({ conf, json }: Options) => {
    await withRecords(conf, async (records) => {
      const before = await readPause(records);
      await clearPause(records);
      print({ wasPaused: before !== undefined, before }, json, () =>
        before === undefined
          ? 'It was not paused.'
          : `The daemons go on within seconds. ${pauseText(before)}`,
      );
    });
  });

async function withRecords(conf: string, work: (records: Keeper) => Promise<void>): Promise<void> {
  const open = openSite(readConfig(conf), quietLog());
  try {
    await work(open.records);
  } finally {
    open.close();
  }
}

function print(document: object, json: true | undefined, text: () => string): void {
  console.log(json === true ? JSON.stringify(document, null, 2) : text());
}

function whoIsIt(): string {
  try {
    return `${process.env['SUDO_USER'] ?? userInfo().username}@${hostname()}`;
  } catch {
    // A user without a name, as in OS containers.
    return `${process.getuid?.() ?? 'somebody'}@${hostname()}`;
  }
}
