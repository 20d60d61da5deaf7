// One real Swift cluster and its gateway on this machine: its files, its processes. Knows nothing of other clusters.
import {
  copyFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { renderGatewayConf, SECRETS_FILE } from './gateway-conf.js';
import { setInText } from './ini-text.js';
import { logFileOf, specOf } from './launch.js';
import { LocalError } from './local-error.js';
import {
  confFileOf,
  DAEMONS,
  DEVICE,
  foldersOf,
  LISTENERS,
  LOOPBACK,
  type ClusterPlan,
  type ClusterSettings,
  type Daemon,
  type Listener,
  type RealmView,
  type Role,
} from './plan.js';
import { isAnswering, isPortOpen, poll } from './ports.js';
import type { RingSpec } from './rings.js';
import { ServerProcess } from './server-process.js';
import { renderSwiftFiles } from './swift-conf.js';
import { serviceUser, type LocalUser } from './users.js';

const START_MS = 120_000;
const ONCE_MS = 120_000;

/** A cluster that is planned and may run. Roles are Swift's servers and daemons, memcached, and the gateway. */
export class LocalCluster {
  readonly plan: ClusterPlan;
  readonly settings: ClusterSettings;
  private readonly processes = new Map<Role, ServerProcess>();
  /** Called with a role whose process ended without having been asked to. */
  onUnexpectedExit: ((role: Role) => void) | undefined;

  constructor(plan: ClusterPlan, settings: ClusterSettings) {
    this.plan = plan;
    this.settings = settings;
  }

  get name(): string {
    return this.plan.name;
  }
  get folder(): string {
    return this.plan.folder;
  }
  get swiftDir(): string {
    return foldersOf(this.plan).swiftDir;
  }
  /** The Swift proxy, past the gateway. No slash at the end. */
  get proxyUrl(): string {
    return `http://${LOOPBACK}:${this.plan.ports.proxy}`;
  }
  /** Where clients go. No slash at the end. */
  get gatewayUrl(): string {
    return `http://${LOOPBACK}:${this.plan.ports.gateway}`;
  }
  get adminUrl(): string {
    return `http://${LOOPBACK}:${this.plan.ports.admin}`;
  }
  /** All TempAuth users, the gateway's own last. */
  get users(): readonly LocalUser[] {
    return [...this.settings.users, serviceUser(this.plan.serviceKey)];
  }

  /** The rings this cluster needs. */
  rings(): RingSpec[] {
    const ring = (name: string, role: Listener): RingSpec => ({
      path: join(this.swiftDir, `${name}.ring.gz`),
      port: this.plan.ports[role],
      device: DEVICE,
    });
    const objects = this.settings.policies.map((_, index) =>
      ring(index === 0 ? 'object' : `object-${index}`, 'object'),
    );
    return [ring('account', 'account'), ring('container', 'container'), ...objects];
  }

  /** Makes the folders and writes every file but rings and secrets. Logs of the last start become `.1`. */
  writeFiles(realm: RealmView): void {
    const folders = foldersOf(this.plan);
    for (const folder of [folders.swiftDir, folders.device, folders.logs, folders.cache]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
    const files = {
      ...renderSwiftFiles(this.plan, this.settings, realm),
      'autosync.conf': renderGatewayConf(this.plan, this.settings, Object.keys(realm.endpoints)),
    };
    for (const [name, text] of Object.entries(files)) this.writeConf(name, text);
    for (const role of [...LISTENERS, ...DAEMONS]) {
      const log = this.logFile(role);
      if (existsSync(log)) renameSync(log, `${log}.1`);
    }
  }

  /** Puts the realm's secrets where the gateway reads them. */
  copySecrets(from: string): void {
    const file = join(this.swiftDir, SECRETS_FILE);
    copyFileSync(from, file);
    chmodSync(file, 0o600);
  }

  /** Starts all of them, at once, and waits until those that listen answer. */
  async startServers(roles: readonly Role[]): Promise<void> {
    await Promise.all(roles.map((role) => this.startServer(role)));
  }

  /** Starts a server and waits until it answers; daemons have nothing to wait for. */
  async startServer(role: Role): Promise<void> {
    const server = this.process(role);
    server.start();
    const isUp = await poll(
      () => this.isUp(role),
      START_MS,
      () => !server.isRunning,
    );
    if (isUp && server.isRunning) return;
    const problem = server.isRunning ? 'does not answer' : 'ended at once';
    throw new LocalError(
      `${server.spec.title} ${problem}.`,
      `Its log ${server.spec.logFile}:\n${server.tail()}`,
    );
  }

  /** SIGTERM, and SIGKILL after three seconds. */
  async stopServer(role: Role): Promise<void> {
    await this.processes.get(role)?.stop();
  }

  /** SIGKILL, for whatever it forked as well. */
  async killServer(role: Role): Promise<void> {
    await this.processes.get(role)?.kill();
  }

  async restartServer(role: Role): Promise<void> {
    await this.stopServer(role);
    await this.startServer(role);
  }

  /** SIGSTOP: accepts connections and answers nothing. */
  pauseServer(role: Role): void {
    this.processes.get(role)?.pause();
  }

  resumeServer(role: Role): void {
    this.processes.get(role)?.resume();
  }

  /** Starts whatever ran when the cluster was made. */
  async start(): Promise<void> {
    await this.startServers([...this.processes.keys()]);
  }

  /** Stops everything, the gateway and the proxy first. */
  async stop(): Promise<void> {
    await Promise.all([this.stopServer('gateway'), this.stopServer('proxy')]);
    await Promise.all([...this.processes.values()].map((server) => server.stop()));
  }

  /** SIGKILLs everything, as a power cut would. */
  async kill(): Promise<void> {
    await Promise.all([...this.processes.values()].map((server) => server.kill()));
  }

  /** What ran, and runs no more. */
  get ended(): readonly Role[] {
    return [...this.processes].flatMap(([role, { isRunning }]) => (isRunning ? [] : [role]));
  }

  isRunning(role: Role): boolean {
    return this.processes.get(role)?.isRunning ?? false;
  }

  pid(role: Role): number | undefined {
    return this.processes.get(role)?.pid;
  }

  /** One pass of a daemon, to its end. What it logs is in `logs(daemon)`. */
  async runOnce(daemon: Daemon): Promise<void> {
    const run = new ServerProcess(specOf(this.plan, this.settings, daemon, 'once'));
    run.start();
    const timer = setTimeout(() => void run.kill(), ONCE_MS);
    const code = await run.finished();
    clearTimeout(timer);
    if (code !== 0) throw new LocalError(`${run.spec.title} once failed (${String(code)}).`, run.tail());
  }

  async runContainerSyncOnce(): Promise<void> {
    await this.runOnce('container-sync');
  }

  /** Changes one option in a role's file; `null` removes it. Takes effect with the role's next start. */
  editConf(role: Exclude<Role, 'memcached'>, section: string, key: string, value: string | null): void {
    const name = confFileOf(role);
    const text = readFileSync(join(this.swiftDir, name), 'utf8');
    this.writeConf(name, setInText(text, section, key, value));
  }

  /** Replaces a file of the swift_dir. */
  writeConf(name: string, text: string): void {
    writeFileSync(join(this.swiftDir, name), text, { mode: 0o600 });
  }

  logFile(role: Role): string {
    return logFileOf(this.plan, role);
  }

  /** What a role logged since the cluster's start, or all roles together. */
  logs(role?: Role): string {
    const roles = role === undefined ? [...LISTENERS, ...DAEMONS] : [role];
    const files = roles.map((each) => this.logFile(each)).filter(existsSync);
    return files.map((file) => readFileSync(file, 'utf8')).join('');
  }

  private async isUp(role: Role): Promise<boolean> {
    const isListener = (LISTENERS as readonly string[]).includes(role);
    if (!isListener) return true;
    const port = this.plan.ports[role as Listener];
    return role === 'memcached' ? isPortOpen(port) : isAnswering(port, '/healthcheck');
  }

  private process(role: Role): ServerProcess {
    const known = this.processes.get(role);
    if (known !== undefined) return known;
    const server = new ServerProcess(specOf(this.plan, this.settings, role));
    server.onUnexpectedExit = () => this.onUnexpectedExit?.(role);
    this.processes.set(role, server);
    return server;
  }
}
