// `autosync copier CONF`: the process that copies objects to peers at once. The gateway starts it, and it ends with the gateway.
import { Command } from 'commander';
import { Copier } from '../copy/copier.js';
import { AutosyncError } from '../lib/errors.js';
import type { CopierMessage } from './copier-process.js';
import { answer } from './questions.js';
import { openLog, openSite, readConfig } from './running.js';

/** How long a peer, or the local Swift, may be silent in the middle of an object. */
const SILENCE_MS = 60_000;

export const copierCommand = new Command('copier')
  .description('copy objects to peers; started by the gateway, not by hand')
  .argument('<conf>', 'configuration file')
  .action(async (file: string) => {
    if (process.send === undefined)
      throw new AutosyncError('CONFIG_INVALID', 'The gateway starts this. Run: autosync gateway');
    const config = readConfig(file);
    const { autosync } = config;
    if (autosync === undefined) throw new AutosyncError('CONFIG_INVALID', 'The pipeline has no autosync.');
    const open = openSite(
      { ...config, autosync: { ...autosync, peerTimeoutMs: Math.max(autosync.peerTimeoutMs, SILENCE_MS) } },
      openLog(config),
    );
    const copier = new Copier(open.site, {
      concurrency: autosync.copyConcurrency,
      queueLength: autosync.copyQueueLength,
    });
    process.on('message', (message: CopierMessage) => {
      if (message.kind === 'jobs') for (const job of message.jobs) copier.add(job);
      if (message.kind === 'ask-copy') void answer(message.id, () => copier.copy(message.job), tellGateway);
      if (message.kind === 'ask-status') void answer(message.id, () => copier.status(), tellGateway);
    });
    await new Promise((resolve) => {
      process.once('disconnect', resolve);
      process.once('SIGTERM', resolve);
      // From a terminal it comes to all; the gateway says when.
      process.on('SIGINT', () => undefined);
    });
    copier.close();
    open.close();
    process.exit(0);
  });

function tellGateway(message: CopierMessage): void {
  process.send?.(message);
}
