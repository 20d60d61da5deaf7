// `autosync copier CONF`: the process that copies objects to peers at once. The gateway starts it, and it ends with the gateway.
import { hostname } from 'node:os';
import { objectiveOf } from '../config/rules.js';
import { Command } from 'commander';
import { Copier } from '../copy/copier.js';
import { LagLog } from '../copy/lag-report.js';
import { LagReporter } from '../copy/lag-reporter.js';
import { AutosyncError } from '../lib/errors.js';
import { answer } from './questions.js';
import type { CopierAnswer, FromCopier, ToCopier } from './copier-process.js';
import { openLog, openSite, readConfig } from './running.js';

/** How long a peer, or the local Swift, may be silent in the middle of an object. */
const SILENCE_MS = 60_000;
/** How long it may take to say last what is left undone. */
const END_MS = 3_000;

export const copierCommand = new Command('copier')
  .description('copy objects to peers; started by the gateway, not by hand')
  .argument('<conf>', 'configuration file')
  .action(async (file: string) => {
    if (process.send === undefined)
      throw new AutosyncError('CONFIG_INVALID', 'The gateway starts this. Run: autosync gateway');
    const config = readConfig(file);
    const { autosync } = config;
    if (autosync === undefined) throw new AutosyncError('CONFIG_INVALID', 'The pipeline has no autosync.');
    const logger = openLog(config);
    const open = openSite(
      { ...config, autosync: { ...autosync, peerTimeoutMs: Math.max(autosync.peerTimeoutMs, SILENCE_MS) } },
      logger,
    );
    const copier = new Copier(open.site, {
      concurrency: autosync.copyConcurrency,
      queueLength: autosync.copyQueueLength,
      canaryIntervalMs: autosync.canaryIntervalMs,
      objectiveFor: objectiveOf(config.placement, autosync.replicationObjective),
      bandwidth: autosync.copyBandwidth,
    });
    const { mine } = open.site.clusters;
    const name = `${hostname()}-${config.server.bindPort}`;
    const startReporter = (isSpokenFor: boolean): LagReporter =>
      new LagReporter({
        ...{ log: new LagLog(open.records, mine, name), copier, now: open.site.now, logger, isSpokenFor },
        onSettled: (taken) => tell({ kind: 'settled', taken }),
      });
    let reporter: LagReporter | undefined;
    process.on('message', (message: ToCopier) => {
      switch (message.kind) {
        case 'start':
          if (message.lost !== undefined) copier.lost(message.lost);
          reporter ??= startReporter(message.lost !== undefined);
          return;
        case 'jobs':
          for (const job of message.jobs) copier.add(job);
          return;
        case 'lost':
          copier.lost(message.lost);
          return;
        case 'ask-copy':
          void answer(message.id, () => copier.copy(message.job), tell);
          return;
        case 'ask-status':
          void answer(
            message.id,
            async (): Promise<CopierAnswer> => ({ peers: copier.status(), lags: await copier.lags.text() }),
            tell,
          );
      }
    });
    await new Promise((resolve) => {
      process.once('disconnect', resolve);
      process.once('SIGTERM', resolve);
      // From a terminal it comes to all; the gateway says when.
      process.on('SIGINT', () => undefined);
    });
    copier.close();
    setTimeout(() => process.exit(0), END_MS).unref();
    await reporter?.end();
    open.close();
    process.exit(0);
  });

/** Where the gateway is gone, there is nobody to be told; without a callback Node would make an error of that. */
function tell(message: FromCopier): void {
  process.send?.(message, undefined, undefined, () => undefined);
}
