// `autosync explain ACCOUNT/CONTAINER`: what a container is to be, why, and what it is on each cluster.
import { Command } from 'commander';
import { explainContainer, type Explanation } from '../daemon/explain.js';
import type { ContainerName } from '../site/site.js';
import { parseContainer } from './arguments.js';
import { renderCluster } from './status-text.js';
import { DEFAULT_CONF, openSite, quietLog, readConfig } from './running.js';

const EXIT_FOUND = 1;

/** Exit 0 it is so everywhere, 1 it is not, 3 could not be asked. */
export const explainCommand = new Command('explain')
  .description('say what a container is to be, who decided it and when, and what each cluster holds')
  .argument('<account/container>', 'the name as it is, not percent-encoded', parseContainer)
  .option('--conf <file>', 'configuration file', DEFAULT_CONF)
  .option('--json', 'print one JSON document')
  .action(async (name: ContainerName, { conf, json }: { readonly conf: string; readonly json?: true }) => {
    const open = openSite(readConfig(conf), quietLog());
    try {
      const explanation = await explainContainer(open.site, open.records, name);
      console.log(json === true ? JSON.stringify(explanation, null, 2) : render(explanation));
      if (explanation.clusters.some(({ findings }) => findings.length > 0)) process.exitCode = EXIT_FOUND;
    } finally {
      open.close();
    }
  });

function render({ account, container, desired, clusters }: Explanation): string {
  const lines = [`${account}/${container}`];
  if (desired.length === 0) lines.push('  in no record');
  for (const { name, value, at, by } of desired)
    lines.push(`  ${name}: ${value || '(none)'}  since ${at}, by ${by}`);
  return [...lines, ...clusters.flatMap(renderCluster)].join('\n');
}
