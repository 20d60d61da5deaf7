// A server that is measured, or measured against, as a child process that ends with this one. Knows ports, no HTTP.
import { join } from 'node:path';
import { LocalError } from '../../src/local/local-error.js';
import { findFreePort, isPortOpen, poll } from '../../src/local/ports.js';
import { findProgram } from '../../src/local/requirements.js';
import { ServerProcess } from '../../src/local/server-process.js';
import { pinned } from '../cores.js';

const FIRST_PORT = 24_000;
const START_MS = 60_000;
const taken = new Set<number>();

/** A port that no other server of this run has. */
export function freePort(): Promise<number> {
  return findFreePort(FIRST_PORT, taken);
}

/** The path of a program; servers are not always in PATH. @throws LocalError */
export function programPath(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw new LocalError(`The program ${name} is not installed.`);
  return path;
}

export interface ServerSpec {
  readonly title: string;
  /** Logs and whatever it needs go here. */
  readonly folder: string;
  readonly port: number;
  readonly command: readonly string[];
  /** The cores it is kept on; undefined: any. */
  readonly cores?: string | undefined;
}

export class Server {
  readonly title: string;
  readonly port: number;
  readonly #process: ServerProcess;

  private constructor(spec: ServerSpec) {
    const [command = '', ...args] = pinned(spec.cores, spec.command);
    this.title = spec.title;
    this.port = spec.port;
    const logFile = join(spec.folder, `${spec.title.replace(/\W+/g, '-')}.log`);
    this.#process = new ServerProcess({ title: spec.title, command, args, logFile });
  }

  /** Starts it and waits until it takes connections. @throws LocalError with the end of its log */
  static async start(spec: ServerSpec): Promise<Server> {
    const server = new Server(spec);
    const child = server.#process;
    child.start();
    const isUp = await poll(
      () => isPortOpen(spec.port),
      START_MS,
      () => !child.isRunning,
    );
    if (isUp && child.isRunning) return server;
    await child.kill();
    throw new LocalError(`${spec.title} does not start.`, child.tail());
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** @throws LocalError when it has ended */
  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new LocalError(`${this.title} has ended.`, this.#process.tail());
    return pid;
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }
}
