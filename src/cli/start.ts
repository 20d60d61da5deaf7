// `autosync start`: real Swift clusters with gateways on this machine, the main job shown on them. Starts no server itself.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { PAIR, runDemo, type DemoStep } from '../local/demo.js';
import { LocalError } from '../local/local-error.js';
import { LocalRealm } from '../local/realm.js';
import { renderReady, renderStep, toJson, type DemoOutcome } from './start-screen.js';
import { wholeNumber } from './arguments.js';

interface StartOptions {
  readonly clusters: number;
  readonly folder: string;
  readonly fresh?: true;
  readonly demo: boolean;
  readonly once?: true;
  readonly json?: true;
  readonly syncInterval: number;
  readonly port: number;
  readonly bindIp: string;
}

const DEFAULT_FOLDER = join(fileURLToPath(new URL('../../', import.meta.url)), '.local');
/** The admin ports lie this far above the gateways'. */
const ADMIN_OFFSET = 10;
/** As `ps` shows it, and whom to tell that what has ended is to be started again. */
const TITLE = 'autosync start';
const AGAIN = 'SIGUSR2';
const EXIT_FOUND = 1;
const EXIT_COULD_NOT = 3;
const EXIT_INTERRUPTED = 130;

/** `autosync start`; exit 0, with `--once` 1 when the demonstration failed, 3 when the clusters cannot run here. */
export const startCommand = new Command('start')
  .description('try it: real Swift clusters with gateways on this machine')
  .option('--clusters <n>', 'how many clusters', wholeNumber, 2)
  .option('--folder <folder>', 'where all data, files and logs are kept', DEFAULT_FOLDER)
  .option('--fresh', 'throw away what the folder has')
  .option('--no-demo', 'do not show the main job after the start')
  .option('--once', 'start, show, stop; exit 1 when it did not work')
  .option('--json', 'print one JSON document instead of text')
  .option('--sync-interval <seconds>', 'container sync works every so many seconds', wholeNumber, 1)
  .option('--port <port>', "the first gateway's port; the next cluster's is one above", wholeNumber, 8081)
  .option('--bind-ip <address>', 'where the gateways listen', '127.0.0.1')
  .action(start);

async function start(options: StartOptions): Promise<void> {
  const say = options.json === true ? () => undefined : (line: string) => console.log(line);
  const stopSignal = new StopSignal();
  try {
    const realm = await startRealm(options, say);
    watchExits(realm, say);
    process.title = TITLE;
    process.on(AGAIN, () => void startAgain(realm, say));
    const outcome = options.demo ? await demonstrate(realm, say) : undefined;
    if (options.json === true) console.log(toJson(realm, outcome));
    else console.log(renderReady(realm, outcome));
    if (options.once !== true) {
      await stopSignal.received();
      say('\nStopping …');
    }
    await realm.stop();
    if (options.once === true && outcome?.failure !== undefined) process.exitCode = EXIT_FOUND;
  } catch (error) {
    if (!(error instanceof LocalError)) throw error;
    console.error(`autosync: ${error.message}`);
    process.exitCode = EXIT_COULD_NOT;
  } finally {
    stopSignal.forget();
  }
}

async function startRealm(options: StartOptions, say: (line: string) => void): Promise<LocalRealm> {
  return LocalRealm.start({
    clusters: options.clusters,
    folder: options.folder,
    fresh: options.fresh === true,
    syncInterval: options.syncInterval,
    updaterInterval: 30,
    daemons: ['container-sync', 'container-updater', 'autosync-daemon'],
    gatewayConf: {
      daemon: { audit_interval: '10' },
      ...(options.clusters > 2 && { 'filter:placement': { rule_pair: `*/${PAIR} -> one, two` } }),
    },
    gatewayPort: options.port,
    adminPort: options.port + ADMIN_OFFSET,
    gatewayBindIp: options.bindIp,
    onProgress: (message) => say(`${message} …`),
  });
}

async function demonstrate(realm: LocalRealm, say: (line: string) => void): Promise<DemoOutcome> {
  const container = `demo-${new Date().toISOString().slice(0, 19).replaceAll(/\D/g, '')}`;
  const steps: DemoStep[] = [];
  say('');
  try {
    for await (const step of runDemo(realm.clusters, container)) {
      steps.push(step);
      say(renderStep(step));
    }
    return { container, steps };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    say(`  ✘ ${failure}`);
    return { container, steps, failure };
  }
}

function watchExits(realm: LocalRealm, say: (line: string) => void): void {
  for (const cluster of realm.clusters) {
    cluster.onUnexpectedExit = (role) => {
      const isFirst = realm.clusters.reduce((sum, { ended }) => sum + ended.length, 0) === 1;
      say(`${cluster.name}: ${role} ended unexpectedly; its log is ${cluster.logFile(role)}`);
      if (isFirst) say(`  Start again what has ended: pkill -${AGAIN.slice(3)} -fx '${TITLE}'`);
    };
  }
}

/** Whatever has ended, on all clusters. */
async function startAgain(realm: LocalRealm, say: (line: string) => void): Promise<void> {
  const clusters = realm.clusters.filter(({ ended }) => ended.length > 0);
  if (clusters.length === 0) say('Nothing has ended.');
  for (const cluster of clusters) {
    try {
      await cluster.start();
      say(`${cluster.name}: runs again`);
    } catch (error) {
      if (!(error instanceof LocalError)) throw error;
      say(`${cluster.name}: ${error.message}`);
    }
  }
}

/**
 * Ctrl-C, a closed terminal or SIGTERM. Before anybody waits for it, and the second time, it ends the process at
 * once: the kernel takes the servers along.
 */
class StopSignal {
  private static readonly NAMES = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  private resolve: (() => void) | undefined;
  private readonly listener = () => {
    if (this.resolve === undefined) process.exit(EXIT_INTERRUPTED);
    this.resolve();
    this.resolve = undefined;
  };

  constructor() {
    for (const name of StopSignal.NAMES) process.on(name, this.listener);
  }

  async received(): Promise<void> {
    await new Promise<void>((resolve) => (this.resolve = resolve));
  }

  forget(): void {
    for (const name of StopSignal.NAMES) process.off(name, this.listener);
  }
}
