// `autosync status`: whether all clusters agree, as far as this one was told, and when it last looked.
import { Command } from 'commander';
import type { DaemonOptions } from '../daemon/daemon.js';
import { statusOf } from '../daemon/status-of.js';
import { readStatus } from '../daemon/status.js';
import type { Keeper } from '../records/keeper.js';
import type { RecordName } from '../records/record.js';
import type { BaseSite } from '../site/site.js';
import { parseAccountOrContainer } from './arguments.js';
import { DEFAULT_CONF, openSite, quietLog, readConfig } from './running.js';
import { renderLine, renderStatus, renderStatusOf } from './status-text.js';
import { watchStatus, type Looked } from './watch.js';

const EXIT_FOUND = 1;

interface StatusCommandOptions {
  readonly conf: string;
  readonly json?: true;
  readonly watch?: true;
}

/** Exit 0 all agree, 1 something does not, or was not looked at lately, 3 could not be asked. */
export const statusCommand = new Command('status')
  .description('say whether all clusters agree: peers, what is pending, and what the last audit found')
  .argument('[account/container]', 'only that account or container, looked at now', parseAccountOrContainer)
  .option('--conf <file>', 'configuration file', DEFAULT_CONF)
  .option('--json', 'print one JSON document')
  .option('--watch', 'look again every two seconds, until it is stopped')
  .action(async (name: RecordName | undefined, { conf, json, watch }: StatusCommandOptions) => {
    const config = readConfig(conf);
    const open = openSite(config, quietLog());
    try {
      const { site, records } = open;
      const look = (): Promise<Looked> => ask(site, records, name, config.daemon);
      if (watch === true) {
        await watchStatus(look, json === true);
        return;
      }
      const { isOk, text, status } = await look();
      console.log(json === true ? JSON.stringify(status, null, 2) : text);
      if (!isOk) process.exitCode = EXIT_FOUND;
    } finally {
      open.close();
    }
  });

async function ask(
  site: BaseSite,
  records: Keeper,
  name: RecordName | undefined,
  options: DaemonOptions,
): Promise<Looked> {
  if (name === undefined) {
    const status = await readStatus(site, records, options);
    return { isOk: status.isOk, text: renderStatus(status), line: renderLine(status), status };
  }
  const status = await statusOf(site, records, name, options);
  const text = renderStatusOf(status);
  return { isOk: status.isOk, text, line: text.split('\n', 1).join(''), status };
}
