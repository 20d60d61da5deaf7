// One real Keystone for all clusters of a realm: its files, its process. What it holds is in keystone-admin.ts.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { renderIni } from './ini-text.js';
import { KeystoneAdmin, RESELLER_ROLE } from './keystone-admin.js';
import { LocalError } from './local-error.js';
import { LOOPBACK, type KeystoneAccess } from './plan.js';
import { findFreePort, isAnswering, isPortFree, poll } from './ports.js';
import { findProgram } from './requirements.js';
import { SYSTEM_PYTHON } from './rings.js';
import { ServerProcess } from './server-process.js';
import type { LocalUser } from './users.js';

const runFile = promisify(execFile);
const START_MS = 120_000;
const FIRST_PORT = 17_500;
/** The project of users that are programs. */
const SERVICE_PROJECT = 'service';

interface Remembered {
  readonly port: number;
  readonly adminPassword: string;
  readonly swiftPassword: string;
  readonly servicePassword: string;
}

/** A running Keystone. It answers one request at a time, in HTTP/1.0. */
export class LocalKeystone {
  /** Ends in `/v3`. */
  readonly url: string;
  private readonly remembered: Remembered;
  private readonly server: ServerProcess;

  private constructor(remembered: Remembered, server: ServerProcess) {
    this.url = `http://${LOOPBACK}:${remembered.port}/v3`;
    this.remembered = remembered;
    this.server = server;
  }

  /** Starts Keystone in the folder, with these users; about ten seconds, the first time twice that. */
  static async start(folder: string, users: readonly LocalUser[]): Promise<LocalKeystone> {
    if (findProgram('keystone-manage') === undefined) {
      const packages = 'keystone python3-keystonemiddleware';
      throw new LocalError(
        'Keystone is not installed.',
        `apt-get install --no-install-recommends ${packages}`,
      );
    }
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const remembered = await remember(folder);
    const isNew = !existsSync(join(folder, 'bootstrapped'));
    writeConf(folder);
    if (isNew) await bootstrap(folder, remembered);
    const keystone = new LocalKeystone(remembered, serverOf(folder, remembered.port));
    await keystone.startServer();
    if (isNew) await keystone.addFirstUsers(users);
    writeFileSync(join(folder, 'bootstrapped'), '');
    return keystone;
  }

  /** What the clusters' configuration needs. */
  get access(): KeystoneAccess {
    const { swiftPassword, servicePassword } = this.remembered;
    return { url: this.url, swiftPassword, servicePassword };
  }

  async admin(): Promise<KeystoneAdmin> {
    return KeystoneAdmin.login(this.url, this.remembered.adminPassword);
  }

  /** Starts it and waits until it answers; does nothing when it runs. */
  async startServer(): Promise<void> {
    this.server.start();
    const isUp = () => isAnswering(this.remembered.port, '/v3');
    if (await poll(isUp, START_MS, () => !this.server.isRunning)) return;
    throw new LocalError('Keystone does not answer.', this.server.tail());
  }

  async stop(): Promise<void> {
    await this.server.stop();
  }

  async kill(): Promise<void> {
    await this.server.kill();
  }

  private async addFirstUsers(users: readonly LocalUser[]): Promise<void> {
    const admin = await this.admin();
    const program = { account: SERVICE_PROJECT, groups: ['admin', 'service'] };
    await admin.addUser({ ...program, user: 'swift', key: this.remembered.swiftPassword });
    const groups = [RESELLER_ROLE];
    await admin.addUser({ ...program, user: 'autosync', key: this.remembered.servicePassword, groups });
    for (const user of users) await admin.addUser(user);
  }
}

/** Passwords and port, the same at every start; another port where somebody took it. */
async function remember(folder: string): Promise<Remembered> {
  const file = join(folder, 'keystone.json');
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Remembered) : undefined;
  const password = () => randomBytes(18).toString('hex');
  const remembered: Remembered = {
    adminPassword: password(),
    swiftPassword: password(),
    servicePassword: password(),
    ...known,
    port: known && (await isPortFree(known.port)) ? known.port : await findFreePort(FIRST_PORT, new Set()),
  };
  writeFileSync(file, JSON.stringify(remembered), { mode: 0o600 });
  return remembered;
}

function writeConf(folder: string): void {
  const sections = {
    DEFAULT: { use_stderr: true },
    database: { connection: `sqlite:///${join(folder, 'keystone.db')}` },
    token: { provider: 'fernet' },
    fernet_tokens: { key_repository: join(folder, 'fernet-keys') },
    fernet_receipts: { key_repository: join(folder, 'fernet-keys') },
    credential: { key_repository: join(folder, 'credential-keys') },
    cache: { enabled: true, backend: 'dogpile.cache.memory' },
    identity: { password_hash_rounds: 4 },
  };
  writeFileSync(join(folder, 'keystone.conf'), renderIni(sections), { mode: 0o600 });
}

async function bootstrap(folder: string, { adminPassword, port }: Remembered): Promise<void> {
  const group = (await runFile('id', ['-gn'])).stdout.trim();
  const owner = ['--keystone-user', userInfo().username, '--keystone-group', group];
  const url = `http://${LOOPBACK}:${port}/v3`;
  const steps = [
    ['db_sync'],
    ['fernet_setup', ...owner],
    ['credential_setup', ...owner],
    [
      'bootstrap',
      '--bootstrap-password',
      adminPassword,
      '--bootstrap-public-url',
      url,
      '--bootstrap-internal-url',
      url,
    ],
  ];
  const manage = findProgram('keystone-manage') as string;
  for (const step of steps) await runFile(manage, ['--config-file', join(folder, 'keystone.conf'), ...step]);
  // Keystone leaves reads open, and in SQLite's default mode a reader keeps every writer out.
  const script = 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("PRAGMA journal_mode=WAL")';
  await runFile(SYSTEM_PYTHON, ['-c', script, join(folder, 'keystone.db')]);
}

function serverOf(folder: string, port: number): ServerProcess {
  return new ServerProcess({
    title: 'keystone',
    command: SYSTEM_PYTHON,
    args: [findProgram('keystone-wsgi-public') as string, '--host', LOOPBACK, '--port', String(port)],
    logFile: join(folder, 'keystone.log'),
    env: { OS_KEYSTONE_CONFIG_DIR: folder, PYTHONWARNINGS: 'ignore' },
  });
}
