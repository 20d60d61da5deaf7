// `autosync status`: whether all clusters agree, as far as this one was told, and when it last looked.
import { Command } from 'commander';
import { readStatus } from '../daemon/status.js';
import { DEFAULT_CONF, openSite, quietLog, readConfig } from './running.js';
import { renderStatus } from './status-text.js';

const EXIT_FOUND = 1;

/** Exit 0 all agree, 1 something does not, or was not looked at lately, 3 could not be asked. */
export const statusCommand = new Command('status')
  .description('say whether all clusters agree: peers, what is pending, and what the last audit found')
  .option('--conf <file>', 'configuration file', DEFAULT_CONF)
  .option('--json', 'print one JSON document')
  .action(async ({ conf, json }: { readonly conf: string; readonly json?: true }) => {
    const config = readConfig(conf);
    const open = openSite(config, quietLog());
    try {
      const status = await readStatus(open.site, open.records, config.daemon);
      console.log(json === true ? JSON.stringify(status, null, 2) : renderStatus(status));
      if (!status.isOk) process.exitCode = EXIT_FOUND;
    } finally {
      open.close();
    }
  });
