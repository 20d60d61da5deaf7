// `autosync secrets`: makes and rotates the realm's secret file. Never prints a secret.
import { Command } from 'commander';
import { newSecrets, rotateSecrets, type Secrets } from '../sync/secrets.js';

interface SecretsOptions {
  readonly file: string;
  readonly json?: true;
}

/** `autosync secrets new|rotate --file FILE [--json]`; exit 0, 2 (usage) or 3 (could not). */
export const secretsCommand = new Command('secrets').description(
  'make or rotate the secret file that all clusters of a realm share',
);

secretsCommand
  .command('new')
  .description('make the file, once for the whole realm; never overwrites')
  .requiredOption('--file <file>', 'the file to make, e.g. /etc/swift/autosync-secrets')
  .option('--json', 'print the result as JSON')
  .action((options: SecretsOptions) => report(options, newSecrets(options.file)));

secretsCommand
  .command('rotate')
  .description('add a generation, keep the one before, drop older ones')
  .requiredOption('--file <file>', 'the file to rotate')
  .option('--json', 'print the result as JSON')
  .action((options: SecretsOptions) => report(options, rotateSecrets(options.file)));

function report({ file, json }: SecretsOptions, { current, previous }: Secrets): void {
  if (json === true) {
    console.log(JSON.stringify({ file, generation: current.number, previous: previous?.number ?? null }));
    return;
  }
  const kept = previous === undefined ? '' : `; generation ${previous.number} is still accepted`;
  console.log(`${file}: generation ${current.number}${kept}.`);
  console.log(
    "Copy the file unchanged to every cluster of the realm; it must belong to the gateway's user, mode 0600.",
  );
  if (previous !== undefined)
    console.log('Do so before you rotate again. Running gateways read it by themselves.');
}
