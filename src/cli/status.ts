// `autosync status`: whether all clusters agree, as far as this one was told, and when it last looked.
import { Command } from 'commander';
import { readStatus } from '../daemon/status.js';
import { DEFAULT_CONF, openSite, quietLog, readConfig } from './running.js';
import { renderStatus } from './status-text.js';
import { watchStatus } from './watch.js';

const EXIT_FOUND = 1;

interface StatusCommandOptions {
  readonly conf: string;
  readonly json?: true;
  readonly watch?: true;
}

/** Exit 0 all agree, 1 something does not, or was not looked at lately, 3 could not be asked. */
export const statusCommand = new Command('status')
  .description('say whether all clusters agree: peers, what is pending, and what the last audit found')
  .option('--conf <file>', 'configuration file', DEFAULT_CONF)
  .option('--json', 'print one JSON document')
  .option('--watch', 'look again every two seconds, until it is stopped')
  .action(async ({ conf, json, watch }: StatusCommandOptions) => {
    const config = readConfig(conf);
    const open = openSite(config, quietLog());
    try {
      if (watch === true) {
        await watchStatus(() => readStatus(open.site, open.records, config.daemon), json === true);
        return;
      }
      const status = await readStatus(open.site, open.records, config.daemon);
      console.log(json === true ? JSON.stringify(status, null, 2) : renderStatus(status));
      if (!status.isOk) process.exitCode = EXIT_FOUND;
    } finally {
      open.close();
    }
  });
